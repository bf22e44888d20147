import assert from "node:assert/strict";
import { gridOf } from "../../lib/ui/grid_view.ts";
import type { WatchedTask } from "../../lib/ui/run_watch.ts";

/** A stage with a task at each value of an axis, as a run tells it. */
function tasksOf(count: number): ReadonlyMap<string, WatchedTask> {
  return new Map(Array.from({ length: count }, (_, n) => {
    const key = String(n), cells = [{ stage: "ner", axes: { n } }];
    const task = { key, kind: "ner", label: `ner{n=${n}}`, cells, state: "waiting" as const };
    const known = { artifact: key, faults: [], isCancelled: false, notes: [] };
    return [key, { ...known, task, state: "waiting" as const }];
  }));
}

Deno.test("gridOf() says how many tasks it leaves out of a stage, and leaves none out in silence", () => {
  const scores = { of: () => undefined };
  for (const [count, shown, more] of [[3, 3, 0], [2000, 2000, 0], [2007, 2000, 7]] as const) {
    const [grid] = gridOf({ tasks: tasksOf(count) }, scores);
    assert.deepEqual([grid!.heads.length, grid!.more], [shown, more]);
  }
});
