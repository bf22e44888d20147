import assert from "node:assert/strict";
import { finished, titrate } from "../_support/titrate.ts";
import { TempDir } from "../_support/temp_dir.ts";

const CASE = new URL("../../../shared/cases/04-grid-merges-values/", import.meta.url);
const isThere = await Deno.stat(CASE).then(() => true, () => false);

Deno.test({
  name: "the printed grid averages over no two axis values that round to one label",
  ignore: !isThere,
  async fn() {
    using temp = new TempDir();
    const dir = temp.path;
    await Deno.copyFile(new URL("spec.yaml", CASE), `${dir}/spec.yaml`);
    const call = (...args: string[]) => finished(titrate(args, { cwd: dir }).spawn());
    const run = await call("run", "spec.yaml", "--quiet");
    assert.equal(run.code, 0, run.stderr);
    const query = `SELECT axes.steps AS steps, axes.version AS version, value FROM results
        WHERE metric = 'lossNats' ORDER BY ALL`;
    const { stdout } = await call("sql", query, "--format", "json");
    const rows: { value: number }[] = JSON.parse(stdout);
    assert.equal(rows.length, 4);
    const printed = run.stdout + run.stderr;
    const table = /pretrain: mlm validation lossNats\n([^]*?)\n\n/.exec(printed)?.[1];
    assert.ok(table !== undefined, printed);
    const [head, ...lines] = table.split("\n");
    assert.match(head!, /^steps +version 20240101 +20240201$/);
    // Marks and standard errors stand around the values.
    const plain = lines.map((line) => line.replaceAll(/\*|\([^)]*\)/g, "").trim());
    const values = plain.map((line) => line.split(/ +/).slice(1));
    assert.deepEqual(values.flat(), rows.map(({ value }) => value.toFixed(3)));
    assert.doesNotMatch(table, /±/);
  },
});
