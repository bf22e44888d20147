import assert from "node:assert/strict";
import { query } from "../../../lib/store/database/query.ts";
import { emptyResults } from "../_fixtures.ts";

Deno.test("query() gathers less of long rows, whatever their number", async () => {
  using results = await emptyResults();
  const { path } = results;
  const recorder = results.open();
  recorder.recordFits("study", []);
  await recorder.flush();
  await recorder.close();
  const long = "SELECT repeat('x', 10000) AS text FROM range(50000)";
  for (const sql of [long, long.replace("text", "json").replace(/(repeat.*?\))/, "[$1]::JSON")]) {
    const before = Deno.memoryUsage().heapUsed;
    const { batches } = await query(path, sql);
    const megabytes = (Deno.memoryUsage().heapUsed - before) / 1e6;
    assert.ok(megabytes < 300, `${Math.round(megabytes)} MB of 500 MB are held`);
    let rows = 0;
    for await (const batch of batches) rows += batch.length;
    assert.equal(rows, 50_000);
  }
});
