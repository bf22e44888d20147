import assert from "node:assert/strict";
import { ProgressDisplay } from "../../lib/cli/progress.ts";
import type { RunEvent } from "../../lib/run/events.ts";

/** Shows events, each at a time in milliseconds; returns what was printed and last painted. */
function play(events: [number, RunEvent][], options: { terminal: boolean; endMs?: number }) {
  let now = 0;
  const printed: string[] = [];
  let painted: readonly string[] = [];
  const paint = (lines: readonly string[]) => void (painted = lines);
  const display = new ProgressDisplay(
    { print: (text) => void printed.push(text), ...(options.terminal ? { paint } : {}) },
    { total: 5, now: () => now },
  );
  for (const [atMs, event] of events) {
    now = atMs;
    display.show(event);
  }
  now = options.endMs ?? now;
  display.refresh();
  return { printed, painted, display };
}

const task = { key: "k1", label: "pretrain{steps=400}" };
const progress = (step: number): RunEvent => ({
  ...task,
  type: "progress",
  done: step,
  total: 400,
  unit: "steps",
  lossNats: 3.14159,
  tokensPerSecond: 51_234,
});

Deno.test("ProgressDisplay shows step, loss, speed and time left on a terminal", () => {
  const { printed, painted, display } = play([
    [0, { ...task, key: "k0", type: "state", state: "cached" }],
    [0, { ...task, type: "state", state: "running" }],
    [1000, progress(100)],
    [2000, progress(200)],
  ], { terminal: true, endMs: 3000 });
  assert.deepEqual(printed, []);
  assert.deepEqual(painted, [
    "1/5 tasks: 0 done, 1 cached, 1 running, 3.0 s",
    "  pretrain{steps=400}  step 200/400, loss 3.142, 51.2k tokens/s, 4.0 s left",
  ]);
  display.end();
});

Deno.test("ProgressDisplay measures speed from where a resumed task went on", () => {
  const { painted } = play([
    [0, { ...task, type: "state", state: "running" }],
    [1000, progress(300)],
    [2000, progress(350)],
  ], { terminal: true });
  assert.match(painted[1]!, /step 350\/400, .*, 1\.0 s left$/);
});

Deno.test("ProgressDisplay prints plain lines, progress at most every ten seconds", () => {
  const { printed } = play([
    [0, { ...task, type: "state", state: "running" }],
    [1000, progress(10)],
    [10_500, progress(110)],
    [11_000, progress(120)],
    [12_000, { ...task, type: "state", state: "done", elapsedMs: 12_000 }],
  ], { terminal: false });
  assert.deepEqual(printed, [
    "running  pretrain{steps=400}",
    "running  pretrain{steps=400}  step 110/400, loss 3.142, 51.2k tokens/s, 27.6 s left",
    "done     pretrain{steps=400} (12.0 s) [1/5]",
  ]);
});

Deno.test("ProgressDisplay keeps failures, their mend, skips and warnings on the screen", () => {
  const { printed, painted } = play([
    [0, { ...task, type: "state", state: "running" }],
    [1, { type: "warning", label: "ner", message: "24 sentences twice" }],
    [2, {
      ...task,
      type: "state",
      state: "failed",
      faults: [{ code: "base/unit", message: "no", at: { file: "a", line: 1 }, mend: "yes" }],
    }],
    [3, { key: "k2", label: "ner", type: "state", state: "skipped", reason: "pretrain failed" }],
  ], { terminal: true });
  assert.deepEqual(printed, [
    "warning: ner: 24 sentences twice",
    "failed   pretrain{steps=400}\na:1: no [base/unit]\n  mend: yes",
  ]);
  assert.deepEqual(painted, [
    "2/5 tasks: 0 done, 0 cached, 1 failed, 1 skipped, 0 running, 3 ms",
  ]);
});

Deno.test("ProgressDisplay tells at the end what was skipped, a line for each reason", () => {
  const skip = (label: string, reason: string): [number, RunEvent] => [
    0,
    { key: label, label, type: "state", state: "skipped", reason },
  ];
  const { printed, display } = play([
    ...["a", "b", "c", "d", "e"].map((label) => skip(label, "vocab failed")),
    skip("f", "world failed"),
  ], { terminal: false });
  assert.deepEqual(printed, []);
  display.end();
  assert.deepEqual(printed, [
    "skipped  a, b, c and 2 more: vocab failed",
    "skipped  f: world failed",
  ]);
});
