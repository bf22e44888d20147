import assert from "node:assert/strict";
import { Recorder } from "../../lib/store/database/recorder.ts";
import { ArtifactStore } from "../../lib/store/objects/artifacts.ts";
import { resultsFolder } from "../../lib/store/results_folder.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { finished, titrate } from "../_support/titrate.ts";

Deno.test("sql as a table ends soon, whatever its cells hold and however many rows there are", async () => {
  using dir = new TempDir();
  const folder = resultsFolder(dir.folder("results"));
  const recorder = Recorder.open(folder, { store: await ArtifactStore.open(folder.store) });
  recorder.recordFits("study", []);
  await recorder.flush();
  await recorder.close();
  const sql = async (query: string) => {
    const { code, stdout, stderr } = await finished(
      titrate(["sql", query], { cwd: dir.path }).spawn(),
    );
    assert.equal(code, 0, stderr);
    const lines = stdout.trimEnd().split("\n");
    for (const line of lines) assert.ok(line.length <= 200, line);
    return lines;
  };
  const [, long, note] = await sql(
    `SELECT repeat('a line of a spec' || chr(10), 300) AS text, '東京' AS "東"`,
  );
  assert.match(long!, /^a line of a spec\\na line.*… {2}東京$/);
  assert.match(note!, /^\(1 row; cells that end in … are cut: --format json prints them whole\)$/);

  const columns = Array.from({ length: 40 }, (_, i) => `repeat('${i} ', 500) AS c${i}`);
  const blocks = await sql(`SELECT ${columns.join(", ")}`);
  assert.equal(blocks.length, columns.length + 1);
  assert.match(blocks[7]!, /^c7 {3}7 7 7.*…$/);

  const rows = await sql("SELECT i, repeat('word' || chr(10), 400) AS t FROM range(1000000) r(i)");
  assert.equal(rows.length, 1002);
  assert.match(rows[1]!, /^ *0 {2}word\\nword\\n.*…$/);
  assert.match(rows.at(-1)!, /^\(the first 1000 rows; --format csv prints all; cells that end/);
});
