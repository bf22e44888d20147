import assert from "node:assert/strict";
import { ExperimentError } from "../../../lib/base/errors.ts";
import { ProgressLines } from "../../../lib/cli/progress/lines.ts";
import { ProgressBlock } from "../../../lib/cli/progress/terminal.ts";
import type { PlannedTask } from "../../../lib/graph/plan.ts";
import type { Progress } from "../../../lib/run/events.ts";
import { Tracker } from "../../../lib/run/tracker.ts";
import { planOf } from "../../_support/plan.ts";

type Act = (tracker: Tracker, task: (key: string) => PlannedTask) => void;

const STATES = { there: "cached", long: "run", ner: "run", a: "run", b: "run" } as const;

/** Lets things happen, each at a time in milliseconds; returns what is printed and painted. */
function play(acts: [number, Act][], options: { terminal: boolean; endMs?: number }) {
  let now = 0;
  const plan = planOf(STATES);
  const tracker = new Tracker(plan, { now: () => now });
  const printed: string[] = [];
  let painted: readonly string[] = [];
  const print = (text: string) => void printed.push(text);
  const block = options.terminal
    ? new ProgressBlock(tracker, { print, paint: (lines) => void (painted = lines) })
    : undefined;
  const lines = options.terminal ? undefined : new ProgressLines(tracker, print);
  for (const [atMs, act] of acts) {
    now = atMs;
    act(tracker, (key) => plan.tasks.get(key)!);
  }
  now = options.endMs ?? now;
  block?.refresh();
  const shown = painted;
  (block ?? lines)!.end();
  return { printed, painted: shown };
}

const start = (key: string): Act => (tracker, task) => tracker.enter(task(key), "running");
const end = (key: string): Act => (tracker, task) => tracker.enter(task(key), "done");
const step = (done: number, more: Partial<Progress> = {}): Act => (tracker, task) =>
  tracker.hear(task("long"), {
    type: "progress",
    done,
    total: 400,
    unit: "steps",
    lossNats: 3.14159,
    tokensPerSecond: 51_234,
    ...more,
  });
const fail = (key: string): Act => (tracker, task) =>
  tracker.enter(task(key), "failed", {
    error: new ExperimentError("base/unit", "no", { at: { file: "a", line: 1 }, mend: "yes" }),
  });
const skip = (key: string, because: string): Act => (tracker, task) =>
  tracker.enter(task(key), "skipped", { because });

Deno.test("ProgressBlock shows step, loss, speed and time left", () => {
  const { printed, painted } = play([
    [0, start("long")],
    [1000, step(100)],
    [2000, step(200)],
  ], { terminal: true, endMs: 3000 });
  assert.deepEqual(printed, []);
  assert.deepEqual(painted, [
    "1/5 tasks: 0 done, 1 cached, 1 running, 3.0 s, over 4.0 s left",
    "  long  step 200/400, loss 3.142, 51.2k tokens/s, 4.0 s left",
  ]);
});

Deno.test("ProgressBlock shows the phase of a task, and whom it waits for", () => {
  const { painted, printed } = play([
    [0, start("long")],
    [1000, step(10, { phase: "scoring", unit: "sentences" })],
    [1000, start("ner")],
    [
      1500,
      (tracker, task) =>
        tracker.hear(task("ner"), { type: "waiting", holder: "another run (process 7)" }),
    ],
    [1500, start("a")],
  ], { terminal: true, endMs: 2000 });
  assert.deepEqual(painted.slice(1), [
    "  long  scoring 10/400 sentences, loss 3.142, 51.2k tokens/s",
    "  ner  waits for another run (process 7)",
    "  a  starting, 500 ms",
  ]);
  assert.deepEqual(printed, ["waiting  ner: another run (process 7) computes the same task"]);
});

Deno.test("a phase that is not counted is shown by its name and since when", () => {
  const loading = { phase: "loading", done: 0, total: 1, unit: "parts" };
  const { painted } = play([
    [0, start("ner")],
    [1000, (tracker, task) => tracker.hear(task("ner"), { type: "progress", ...loading })],
  ], { terminal: true, endMs: 8000 });
  assert.equal(painted[1], "  ner  loading, 7.0 s");
});

Deno.test("ProgressLines prints once a minute where the whole run stands", () => {
  const { printed } = play([
    [0, start("a")],
    [10_000, end("a")],
    [10_000, start("b")],
    [61_000, (tracker, task) => tracker.hear(task("b"), { type: "started", attempt: 1 })],
    [62_000, end("b")],
  ], { terminal: false });
  assert.deepEqual(printed.filter((line) => line.includes("tasks:")), [
    "2/5 tasks: 1 done, 1 cached, 1 running, 1 min 01 s, about 20.0 s left",
  ]);
});

Deno.test("ProgressLines prints progress at most every ten seconds", () => {
  const { printed } = play([
    [0, start("long")],
    [1000, step(10)],
    [10_500, step(110)],
    [11_000, step(120)],
    [12_000, end("long")],
    [12_000, start("ner")],
    [12_500, (tracker, task) => tracker.enter(task("ner"), "cached")],
  ], { terminal: false });
  assert.deepEqual(printed, [
    "running  long",
    "running  long  step 110/400, loss 3.142, 51.2k tokens/s, 27.6 s left",
    "done     long (12.0 s) [2/5]",
    "running  ner",
    "cached   ner (500 ms) [3/5]",
  ]);
});

Deno.test("failures, their mend, warnings and interrupts stay on the screen, in both displays", () => {
  for (const terminal of [true, false]) {
    const { printed, painted } = play([
      [0, start("long")],
      [
        1,
        (tracker, task) =>
          tracker.hear(task("long"), { type: "warning", message: "24 sentences twice" }),
      ],
      [2, fail("long")],
      [3, (tracker, task) => tracker.enter(task("b"), "interrupted")],
      [3, skip("ner", "long")],
    ], { terminal });
    assert.deepEqual(printed.filter((line) => !line.startsWith("running")), [
      "warning: long: 24 sentences twice",
      "failed   long\na:1: no [base/unit]\n  mend: yes",
      "interrupted b",
      "skipped  ner: long failed",
    ]);
    if (!terminal) continue;
    assert.deepEqual(painted, [
      "4/5 tasks: 0 done, 1 cached, 1 failed, 1 skipped, 0 running, 3 ms",
    ]);
  }
});

Deno.test("what was skipped is told at the end, a line for each task that failed", () => {
  const { printed } = play([
    [0, fail("long")],
    [0, fail("there")],
    ...["a", "b"].map((key): [number, Act] => [1, skip(key, "long")]),
    [1, skip("ner", "there")],
  ], { terminal: false });
  assert.deepEqual(printed.slice(2), ["skipped  ner: there failed", "skipped  a, b: long failed"]);
});
