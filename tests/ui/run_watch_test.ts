import assert from "node:assert/strict";
import { LiveWriter } from "../../lib/store/live/writer.ts";
import { RunWatch } from "../../lib/ui/run_watch.ts";
import { livePlan, RUN } from "../_support/live.ts";
import { TempDir } from "../_support/temp_dir.ts";

Deno.test("a task that got its key in the course of the run is known by the key of its artifact", async () => {
  using dir = new TempDir();
  const [late, usual, own] = ["a", "b", "c"].map((letter) => letter.repeat(64));
  const writer = await LiveWriter.open(dir.path, livePlan([late!, usual!]), {
    now: () => ({ atMs: 1, elapsedMs: 2, running: [] }),
    states: () => ["waiting", "waiting"],
    onRequest: () => {},
    onWarning: (message) => assert.fail(message),
  });
  writer!.tell({ type: "state", atMs: 3, key: late!, artifact: own!, state: "running" });
  writer!.tell({ type: "state", atMs: 4, key: late!, state: "done" });
  writer!.tell({ type: "state", atMs: 4, key: usual!, state: "done" });
  const counts = { total: 2, cached: 0, ran: 2, failed: 0 };
  await writer!.close({ status: "done", counts, elapsedMs: 9 });
  const watch = await RunWatch.open(dir.path, RUN);
  await watch!.refresh();
  const known = [...watch!.tasks.values()].map(({ artifact, state }) => [artifact, state]);
  assert.deepEqual(known, [[own, "done"], [usual, "done"]]);
});
