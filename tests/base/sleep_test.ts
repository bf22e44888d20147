import assert from "node:assert/strict";
import { sleep } from "../../lib/base/sleep.ts";

Deno.test("sleep() rejects with the signal's reason, also of one that is aborted already", async () => {
  await sleep(1);
  const stop = new AbortController();
  const sleeping = sleep(60_000, stop.signal);
  stop.abort(new Error("interrupted"));
  await assert.rejects(sleeping, /^Error: interrupted$/);
  await assert.rejects(sleep(60_000, stop.signal), /^Error: interrupted$/);
});
