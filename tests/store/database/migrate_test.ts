/** Databases that earlier versions left: made by them, of one small study each. */
import assert from "node:assert/strict";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import { queryRows } from "../../../lib/store/database/query.ts";
import { readFailures, readLatestRuns } from "../../../lib/store/database/overview.ts";
import { readScores } from "../../../lib/store/database/results.ts";
import { readFits } from "../../../lib/store/database/study.ts";
import { rebuild } from "../../../lib/store/database/rebuild.ts";
import { writeDatabase } from "../../../lib/store/database/database.ts";
import { SCHEMA_VERSION } from "../../../lib/store/database/schema.ts";
import { Child, commit, emptyResults, keyOf, namesIn } from "../_fixtures.ts";

const VERSIONS = ["0.1.0", "0.2.0", "0.3.0"] as const;

/** A folder of results with the database of a version, and nothing else. */
async function left(version: string) {
  const results = await emptyResults();
  const packed = await Deno.open(new URL(`fixtures/${version}.duckdb.gz`, import.meta.url));
  const bytes = await new Response(
    packed.readable.pipeThrough(new DecompressionStream("gzip")),
  ).bytes();
  await Deno.writeFile(results.path, bytes);
  return results;
}

const nothing = { work: () => Promise.resolve() };

for (const version of VERSIONS) {
  Deno.test(`a database of ${version} is brought up to date with all that it holds, told once, and kept`, async () => {
    using results = await left(version);
    const { path, warnings } = results;
    await assert.rejects(queryRows(path, "FROM results"), (error: ExperimentError) => {
      assert.equal(error.code, "store/older-format");
      assert.match(
        error.faults[0].mend!,
        /^bring it up to date: deno task rebuild --results \S+; so does the next run$/,
      );
      return true;
    });
    await results.open().flush();
    const recorder = results.open();
    recorder.recordTask({ run: "r9", key: keyOf(9), kind: "ner", state: "waiting" });
    await recorder.close();
    assert.equal(warnings.length, 1, warnings.join("\n"));
    assert.match(
      warnings[0]!,
      new RegExp(
        `^the database is of version \\d, this version of Titrate needs ${SCHEMA_VERSION}; ` +
          "it is set aside as .*\\.aside-1 and brought up to date$",
      ),
    );
    assert.deepEqual(namesIn(results.folder.root).filter((name) => name.startsWith("titrate")), [
      "titrate.duckdb",
      "titrate.duckdb.aside-1",
      "titrate.duckdb.lock",
    ]);

    const scores = await readScores(path, "study");
    const f1 = scores.filter(({ metric, split }) => metric === "f1" && split === "test");
    assert.equal(f1.length, 4);
    // Percent in 0.1.0.
    assert.equal(Math.max(...f1.map(({ value }) => value)).toFixed(6), "0.153846");
    const loss = scores.filter(({ metric }) => metric === "lossNats");
    assert.ok(loss.length === 4 && loss.every(({ value }) => value > 5 && value < 6));
    assert.deepEqual(
      await queryRows(
        path,
        `SELECT axis_steps, count(*) AS n FROM results_of('study')
         WHERE metric = 'f1' AND split = 'test' GROUP BY ALL ORDER BY ALL`,
      ),
      [{ axis_steps: 2, n: 2 }, { axis_steps: 4, n: 2 }],
    );
    const [counts] = await queryRows(
      path,
      `SELECT (SELECT count(*) FROM cells) AS cells, (SELECT count(*) FROM history) AS history,
         (SELECT count(*) FROM fits) AS fits, (SELECT count(*) FROM curves) > 8 AS curves,
         (SELECT count(*) FROM tasks WHERE state = 'done') AS done,
         (SELECT count(*) FROM params WHERE name = 'steps' AND number = 4) AS params`,
    );
    const isLater = version === "0.3.0";
    assert.deepEqual(counts, {
      cells: isLater ? 14 : 13,
      history: isLater ? 14 : 13,
      fits: 1,
      curves: true,
      done: isLater ? 13 : 12,
      params: 2,
    });
    assert.deepEqual(
      await queryRows(path, "SELECT DISTINCT value FROM params WHERE name = 'schedule.kind'"),
      [
        { value: "constant" },
      ],
    );
    const [spec] = await queryRows(path, "SELECT text FROM specs");
    assert.match(String(spec!["text"]), /^about: a study for tests$/m);
    const [run] = await readLatestRuns(path);
    assert.deepEqual([run!.experiment, run!.status, run!.tasks!.failed], ["study", "failed", 1]);
    const [failure] = await readFailures(path);
    assert.deepEqual([failure!.stage, failure!.axes], ["broken", {}]);
    assert.match(failure!.message, /cannot read the tag/);
    await readFits(path, "study");
  });
}

Deno.test("a rebuild of an older database takes from it what no artifact tells", async () => {
  using results = await left("0.2.0");
  const { path, store, folder } = results;
  const [known] = await (async () => {
    const copy = await left("0.2.0");
    await writeDatabase(copy.path, nothing);
    const rows = await queryRows(
      copy.path,
      "SELECT key FROM cells WHERE stage = 'pretrain' ORDER BY place LIMIT 1",
    );
    copy[Symbol.dispose]();
    return rows;
  })();
  const key = String(known!["key"]);
  await commit(store, key, {
    files: { "measurements.jsonl": '{"step":7,"name":"lossNats","split":"train","value":1}\n' },
  });
  const { artifacts, former } = await rebuild(folder, { store });
  assert.deepEqual([artifacts, former], [1, `${path}.aside-1`]);
  // Of the artifact, what the artifact says; of the others, what was recorded.
  assert.deepEqual(
    await queryRows(path, "SELECT step, value FROM measurements WHERE key = $1", { values: [key] }),
    [{ step: 7, value: 1 }],
  );
  assert.deepEqual(
    await queryRows(path, "SELECT DISTINCT value FROM scores WHERE key = $1", { values: [key] }),
    [{ value: 5.25 }],
  );
  assert.equal((await queryRows(path, "SELECT DISTINCT key FROM measurements")).length > 4, true);
  assert.equal((await queryRows(path, "FROM runs")).length, 1);
});

Deno.test("whoever dies while a database is brought up to date leaves the old one or the new", async () => {
  for (const mode of ["die-in-migration", "die-before-rename"]) {
    using results = await left("0.1.0");
    const before = await Deno.readFile(results.path);
    const child = new Child(mode, results.path);
    assert.equal(await child.line(), "dies");
    await child.ended();
    assert.deepEqual(await Deno.readFile(results.path), before, mode);
    await writeDatabase(results.path, nothing);
    assert.equal((await readScores(results.path, "study")).length > 0, true, mode);
    assert.ok(!namesIn(results.folder.root).includes("titrate.duckdb.new"));
  }
});

Deno.test("an older database that cannot be read through is made anew, and kept", async () => {
  using results = await left("0.1.0");
  const bytes = await Deno.readFile(results.path);
  // The head is whole and so is the version; most of the rest is not.
  bytes.fill(0xa5, bytes.length / 2, bytes.length - 4096);
  await Deno.writeFile(results.path, bytes);
  const recorder = results.open();
  recorder.recordFits("e", []);
  await recorder.close();
  assert.equal(results.warnings.length, 1);
  assert.match(results.warnings[0]!, /it is set aside as .*\.aside-1 and (made anew|brought up)/);
  await queryRows(results.path, "FROM results");
});
