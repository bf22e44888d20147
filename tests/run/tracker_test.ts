import assert from "node:assert/strict";
import fc from "fast-check";
import { ExperimentError } from "../../lib/base/errors.ts";
import { TASK_STATES, type TaskState } from "../../lib/base/task_state.ts";
import { NO_COST } from "../../lib/graph/cost.ts";
import { Forecast } from "../../lib/graph/forecast.ts";
import type { Progress, RunEvent } from "../../lib/run/events.ts";
import { recordEvents } from "../../lib/run/record_events.ts";
import { Tracker, type TrackerOptions } from "../../lib/run/tracker.ts";
import type { Recorder } from "../../lib/store/database/recorder.ts";
import { planOf } from "../_support/plan.ts";

/** A tracker whose clock is moved by hand. */
function track(states: Parameters<typeof planOf>[0], options: TrackerOptions = {}) {
  const clock = { ms: 0 };
  const plan = planOf(states);
  const tracker = new Tracker(plan, { now: () => clock.ms, ...options });
  const task = (key: string) => plan.tasks.get(key)!;
  return { clock, tracker, task };
}

const progress = (done: number, phase?: string): Progress => ({
  type: "progress",
  done,
  total: 400,
  unit: "steps",
  ...(phase === undefined ? {} : { phase }),
});

Deno.test("Tracker knows the states of a plan before anything happens", () => {
  const { tracker } = track({ a: "run", b: "cached", c: "unneeded" });
  const { total, finished, counts } = tracker.snapshot();
  assert.deepEqual({ total, finished }, { total: 3, finished: 2 });
  assert.deepEqual(
    Object.entries(counts).filter(([, count]) => count > 0),
    [["waiting", 1], ["cached", 1], ["unneeded", 1]],
  );
});

Deno.test("Tracker: after any changes the counts are those of the states", () => {
  const keys = ["a", "b", "c", "d"];
  const change = fc.tuple(fc.constantFrom(...keys), fc.constantFrom<TaskState>(...TASK_STATES));
  fc.assert(fc.property(fc.array(change), (changes) => {
    const { tracker, task } = track({ a: "run", b: "run", c: "cached", d: "unneeded" });
    for (const [key, state] of changes) tracker.enter(task(key), state);
    const states = [...tracker.tasks.values()].map(({ state }) => state);
    for (const state of TASK_STATES) {
      assert.equal(tracker.counts[state], states.filter((each) => each === state).length, state);
    }
    assert.equal(tracker.snapshot().running.length, tracker.counts.running);
  }));
});

Deno.test("Tracker takes times from start to end, and says what is left of a phase", () => {
  const { clock, tracker, task } = track({ a: "run" });
  clock.ms = 1000;
  tracker.enter(task("a"), "running");
  clock.ms = 2000;
  tracker.hear(task("a"), progress(300));
  assert.equal(tracker.snapshot().running[0]!.leftMs, undefined);
  clock.ms = 3000;
  tracker.hear(task("a"), progress(350));
  assert.equal(tracker.snapshot().running[0]!.leftMs, 1000);
  clock.ms = 4000;
  // Another phase goes at a speed of its own.
  tracker.hear(task("a"), progress(100, "scoring"));
  assert.equal(tracker.snapshot().running[0]!.leftMs, undefined);
  clock.ms = 5000;
  tracker.hear(task("a"), progress(200, "scoring"));
  assert.equal(tracker.snapshot().running[0]!.leftMs, 2000);
  clock.ms = 6000;
  tracker.enter(task("a"), "done");
  assert.equal(tracker.tasks.get("a")!.elapsedMs, 5000);
  assert.deepEqual(tracker.snapshot().running, []);
});

Deno.test("Tracker tells listeners what happened, after it has taken it in", () => {
  const { tracker, task } = track({ a: "run", b: "run" });
  const told: string[] = [];
  tracker.listen((event: RunEvent) => {
    const { task: of } = event;
    told.push([event.type, of?.label, of?.state, of?.attempt, of?.waitsFor].join(" ").trim());
  });
  tracker.enter(task("a"), "running");
  tracker.hear(task("a"), { type: "waiting", holder: "another run" });
  tracker.hear(task("a"), { type: "started", attempt: 2 });
  tracker.enter(task("a"), "failed", {
    error: new ExperimentError("base/unit", "no", { mend: "yes" }),
  });
  tracker.enter(task("b"), "skipped", { because: "a" });
  tracker.warn("odd");
  assert.deepEqual(told, [
    "state a running",
    "waiting a running  another run",
    "started a running 2",
    "state a failed 2",
    "state b skipped",
    "warning",
  ]);
  assert.deepEqual(tracker.tasks.get("a")!.faults, [
    { code: "base/unit", message: "no", mend: "yes" },
  ]);
  assert.equal(tracker.tasks.get("b")!.because, tracker.tasks.get("a"));
  assert.equal(tracker.isComplete, true);
});

Deno.test("Tracker shows a bug with its stack, as a fault to report", () => {
  const { tracker, task } = track({ a: "run" });
  const error = new Error("no such thing");
  tracker.enter(task("a"), "failed", { error });
  const [{ code, message, mend }] = tracker.tasks.get("a")!.faults as [never];
  assert.deepEqual({ code, message, mend }, {
    code: "run/bug",
    message: error.stack,
    mend: "this is a bug of Titrate: please report it",
  });
});

Deno.test("Tracker.isComplete is false where an interrupt left something", () => {
  for (const state of ["waiting", "ready", "running", "interrupted"] as const) {
    const { tracker, task } = track({ a: "run", b: "cached" });
    tracker.enter(task("a"), state);
    assert.equal(tracker.isComplete, false, state);
  }
});

Deno.test("Tracker tells how long the run will take, and learns from what is done", () => {
  const forecast = new Forecast([{ kind: "test", elapsedMs: 4000, cost: NO_COST }]);
  const { clock, tracker, task } = track(
    { a: "run", b: "run", c: "run", d: "cached" },
    { forecast, slots: 2 },
  );
  assert.deepEqual(tracker.timeLeft(), { ms: 6000, unknown: 0 });
  tracker.enter(task("a"), "running");
  clock.ms = 3000;
  assert.deepEqual(tracker.timeLeft(), { ms: 4500, unknown: 0 });
  tracker.hear(task("a"), progress(0));
  clock.ms = 4000;
  tracker.hear(task("a"), progress(40));
  // By its own speed it takes 9 s more, whatever others took.
  assert.deepEqual(tracker.timeLeft(), { ms: 9000, unknown: 0 });
  clock.ms = 10_000;
  tracker.enter(task("a"), "done");
  assert.deepEqual(tracker.timeLeft(), { ms: 7000, unknown: 0 });
  for (const key of ["b", "c"]) tracker.enter(task(key), "skipped", { because: "a" });
  assert.deepEqual(tracker.timeLeft(), { ms: 0, unknown: 0 });
  assert.deepEqual(track({ a: "run", b: "cached" }).tracker.timeLeft(), { ms: 0, unknown: 1 });
});

Deno.test("a skipped task is stored as skipped, not as waiting, an interrupted one as such", () => {
  const { tracker, task } = track({ a: "run", b: "run", c: "run", d: "run" });
  const stored = new Map<string, string[]>();
  const recorder = {
    recordTask: ({ key, state, attempt }: { key: string; state: string; attempt?: number }) => {
      const words = [state, attempt].join(" ").trim();
      stored.set(key, [...stored.get(key) ?? [], words]);
    },
  } as unknown as Recorder;
  tracker.listen(recordEvents(recorder, "now"));
  tracker.enter(task("a"), "ready");
  tracker.enter(task("b"), "waiting");
  tracker.enter(task("a"), "running");
  tracker.hear(task("a"), { type: "started", attempt: 1 });
  tracker.enter(task("a"), "failed", { error: new Error("no") });
  tracker.enter(task("b"), "skipped", { because: "a" });
  tracker.enter(task("c"), "running");
  tracker.hear(task("c"), { type: "started", attempt: 3 });
  tracker.enter(task("c"), "interrupted");
  tracker.enter(task("d"), "running");
  tracker.enter(task("d"), "cached");
  assert.deepEqual(Object.fromEntries(stored), {
    a: ["ready", "running 1", "failed 1"],
    b: ["waiting", "skipped"],
    c: ["running 3", "interrupted 3"],
  });
});

Deno.test("a failure that blames no file is blamed on the stage that asked, one that does stays", () => {
  const at = { file: "study.yaml", line: 7, column: 3 };
  const { tracker, task } = track({ a: "run", b: "run" }, {
    placeOf: (key) => key === "a" || key === "b" ? at : undefined,
  });
  const inFile = { file: "text.gz", line: 2 };
  tracker.enter(task("a"), "failed", { error: new ExperimentError("text/short-corpus", "short") });
  const error = new ExperimentError("text/bad-json", "no JSON", { at: inFile });
  tracker.enter(task("b"), "failed", { error });
  assert.deepEqual(tracker.tasks.get("a")!.faults!.map((each) => each.at), [at]);
  assert.deepEqual(tracker.tasks.get("b")!.faults!.map((each) => each.at), [inFile]);
});
