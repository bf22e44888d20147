/** What tables and views say of themselves, and what the views give. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import { queryRows } from "../../../lib/store/database/query.ts";
import { TABLES } from "../../../lib/store/database/schema.ts";
import { VIEWS } from "../../../lib/store/database/views.ts";
import { commit, emptyResults, keyOf } from "../_fixtures.ts";

const START = {
  run: "r1",
  experiment: "e",
  file: "e.yaml",
  files: [],
  startedAt: "2026-01-02T03:04:05Z",
};
const SCORE = { benchmark: "mlm", metric: "lossNats", split: "validation", value: 5 };

Deno.test("every table, view and column says what it holds", async () => {
  using results = await emptyResults();
  await results.open().close();
  const recorder = results.open();
  recorder.recordCells("e", {
    cells: [{ stage: "s", axes: { n: 1 }, key: keyOf(1) }],
    replace: true,
  });
  await recorder.close();
  const macros = `SELECT function_name AS name FROM duckdb_functions()
    WHERE database_name = 'titrate' AND NOT internal AND comment IS NULL`;
  assert.deepEqual(await queryRows(results.path, macros), []);
  const silent = `SELECT table_name AS name FROM duckdb_tables()
      WHERE database_name = 'titrate' AND NOT temporary AND comment IS NULL
    UNION ALL SELECT view_name FROM duckdb_views()
      WHERE database_name = 'titrate' AND NOT internal AND comment IS NULL
    UNION ALL SELECT table_name || '.' || column_name FROM duckdb_columns()
      WHERE database_name = 'titrate' AND NOT internal AND comment IS NULL`;
  assert.deepEqual(await queryRows(results.path, silent), []);
  const [value] = await queryRows(
    results.path,
    "SELECT comment FROM duckdb_columns() WHERE table_name = 'results' AND column_name = 'value'",
  );
  assert.match(String(value!["comment"]), /fractions from 0 to 1/);
});

Deno.test("views have the columns that they declare, in their order and of their types", async () => {
  using results = await emptyResults();
  const recorder = results.open();
  recorder.recordFits("e", []);
  await recorder.close();
  for (const { name, columns } of [...Object.values(TABLES), ...Object.values(VIEWS)]) {
    const rows = await queryRows(results.path, `DESCRIBE ${name}`);
    assert.deepEqual(
      rows.map(({ column_name, column_type }) => [column_name, column_type]),
      Object.entries(columns).map(([column, [type]]) => [column, type]),
      name,
    );
  }
});

Deno.test("results/README.md lists every table and view with its columns", async () => {
  const text = await Deno.readTextFile(new URL("../../../results/README.md", import.meta.url));
  const rows = new Map(
    [...text.matchAll(/^\| `(\w+)`[^|]*\| [^|]* \| `([^`]*)`/gm)]
      .map(([, name, columns]) => [name, columns!.split(", ")]),
  );
  for (const { name, columns } of [...Object.values(TABLES), ...Object.values(VIEWS)]) {
    assert.deepEqual(rows.get(name), Object.keys(columns), name);
  }
});

Deno.test("results_of() gives each axis a column of its type, also where its name is taken", async () => {
  using results = await emptyResults();
  const { store, path } = results;
  const keys = [keyOf(1), keyOf(2)];
  for (const key of keys) await commit(store, key, { outcome: { facts: {}, scores: [SCORE] } });
  const recorder = results.open();
  recorder.recordCached(keys);
  const axes = {
    tokens: 4000,
    rate: 1e-4,
    steps: 8,
    "a.b/c~d": "x",
    wide: true,
    Value: "v",
    list: [1],
  };
  recorder.recordCells(`odd "name".v1's`, {
    replace: true,
    cells: [
      { stage: "one", axes, key: keys[0]! },
      { stage: "two", axes: { tokens: 8000, rate: 1, "a.b/c~d": 2 }, key: keys[1]! },
    ],
  });
  recorder.recordCells("other", {
    cells: [{ stage: "s", axes: { tokens: "many" }, key: keys[0]! }],
    replace: true,
  });
  await recorder.close();
  const odd = `odd "name".v1''s`;
  assert.deepEqual(
    await queryRows(
      path,
      `SELECT stage, tokens, rate, axis_steps, "a.b/c~d" AS odd, wide, "axis_Value", list
       FROM results_of('${odd}')`,
    ),
    [
      {
        stage: "one",
        tokens: 4000,
        rate: 1e-4,
        axis_steps: 8,
        odd: "x",
        wide: true,
        axis_Value: "v",
        list: [1],
      },
      {
        stage: "two",
        tokens: 8000,
        rate: 1,
        axis_steps: null,
        odd: "2",
        wide: null,
        axis_Value: null,
        list: null,
      },
    ],
  );
  assert.deepEqual(await queryRows(path, "SELECT tokens, value FROM results_of('other')"), [
    { tokens: "many", value: 5 },
  ]);
  for (const  of of["cells_of", "means_of", "results_of"]) {
    assert.deepEqual(
      await queryRows(path, `SELECT stage FROM ${of}('${odd}') WHERE tokens = 4000`),
      [{ stage: "one" }],
      of,
    );
  }
  for (const  of of["curves_of", "counts_of", "failures_of", "gains_of", "frontier_of"]) {
    const names = await queryRows(path, `DESCRIBE FROM ${of}('${odd}')`);
    for (const name of ["tokens", "axis_steps", "a.b/c~d", "axis_Value"]) {
      assert.ok(names.some(({ column_name }) => column_name === name), `${of}: ${name}`);
    }
  }
  const bare = "FROM results WHERE stage = 'one' AND axes->>'tokens' = '4000'";
  await assert.rejects(queryRows(path, bare), (error: ExperimentError) => {
    assert.match(error.faults[0].mend!, /^put axes->>'name' in parentheses, or use results_of/);
    return true;
  });
  const later = results.open();
  later.recordCells("other", {
    cells: [{ stage: "s", axes: { seed: 3 }, key: keys[0]! }],
    replace: true,
  });
  await later.close();
  assert.deepEqual(await queryRows(path, "SELECT axis_seed FROM results_of('other')"), [
    { axis_seed: 3 },
  ]);
});

Deno.test("curves gives the whole course of a cell, across the segments of its trajectory", async () => {
  using results = await emptyResults();
  const { store, path } = results;
  const loss = (step: number, value: number) => (
    `${JSON.stringify({ step, name: "lossNats", split: "train", value })}\n`
  );
  const files = (steps: number[], shift: number) => (
    { "measurements.jsonl": steps.map((step) => loss(step, step + shift)).join("") }
  );
  // 0-100-200; the one at 200 measured its start again, the one at 400 starts at 100.
  await commit(store, keyOf(1), { files: files([0, 50, 100], 0) });
  await commit(store, keyOf(2), {
    files: files([100, 150, 200], 0.5),
    start: { key: keyOf(1), step: 100 },
  });
  await commit(store, keyOf(4), {
    files: files([150, 400], 0.25),
    start: { key: keyOf(1), step: 100 },
  });
  const recorder = results.open();
  recorder.recordCached([1, 2, 4].map(keyOf));
  const cells = [1, 2, 4].map((n, place) => (
    { stage: "pretrain", axes: { steps: n * 100 }, key: keyOf(n), place }
  ));
  recorder.recordCells("e", { cells, replace: true });
  await recorder.close();
  const rows = await queryRows(
    path,
    "SELECT (axes->>'steps')::INT AS steps, step, value FROM curves ORDER BY ALL",
  );
  const curve = (steps: number) =>
    rows.filter((row) => row["steps"] === steps).map(({ step, value }) => [step, value]);
  assert.deepEqual(curve(100), [[0, 0], [50, 50], [100, 100]]);
  assert.deepEqual(curve(200), [[0, 0], [50, 50], [100, 100], [150, 150.5], [200, 200.5]]);
  assert.deepEqual(curve(400), [[0, 0], [50, 50], [100, 100], [150, 150.25], [400, 400.25]]);
});

Deno.test("costs has each task once an experiment, those on the way to a cell too, and sums of own costs", async () => {
  using results = await emptyResults();
  const { store, path } = results;
  const spent = (own: number, all: number) => ({
    outcome: {
      facts: { ownSteps: own, steps: all, ownFlops: own * 10, flops: all * 10 },
      scores: [],
    },
  });
  await commit(store, keyOf(1), { ...spent(100, 100), elapsedMs: 2000, productRate: 5000 });
  await commit(store, keyOf(2), { ...spent(50, 150), start: { key: keyOf(1), step: 100 } });
  await commit(store, keyOf(3), { kind: "vocab", outcome: { facts: {}, scores: [] } });
  const recorder = results.open();
  recorder.recordCached([1, 2, 3].map(keyOf));
  recorder.recordCells("e", {
    replace: true,
    cells: [
      { stage: "last", axes: {}, key: keyOf(2) },
      { stage: "same", axes: {}, key: keyOf(2) },
      { stage: "vocab", axes: {}, key: keyOf(3) },
    ],
  });
  await recorder.close();
  const rows = await queryRows(
    path,
    `SELECT kind, stages, seconds, own_steps, steps, own_flops, flops, flops_per_second,
       utilisation, bytes
     FROM costs ORDER BY key`,
  );
  const rate = 500 / 1.2345;
  assert.deepEqual(rows.map((row) => Object.values(row)), [
    ["pretrain", "last, same", 2, 100, 100, 1000, 1000, 500, 0.1, 7],
    ["pretrain", "last, same", 1.2345, 50, 150, 500, 1500, rate, null, 7],
    ["vocab", "vocab", 1.2345, null, null, null, null, null, null, 7],
  ]);
  const [sum] = await queryRows(path, "SELECT sum(own_flops) AS spent FROM costs");
  assert.equal(sum!["spent"], 1500);
});

Deno.test("a cell keeps its results until those of its new key are there, and says so", async () => {
  using results = await emptyResults();
  const { store, path } = results;
  const recorder = results.open();
  const show = async () => {
    await recorder.flush();
    return (await queryRows(
      path,
      "SELECT stage, right(key, 1) AS key, is_current FROM results ORDER BY stage",
    )).map(({ stage, key, is_current }) => `${stage} ${key}${is_current === true ? "" : " old"}`);
  };
  const cell = (stage: string, key: number) => ({ stage, axes: {}, key: keyOf(key) });
  for (const n of [1, 2]) await commit(store, keyOf(n));
  recorder.recordCells("e", { cells: [cell("a", 1), cell("b", 2)], replace: true });
  recorder.recordCached([keyOf(1), keyOf(2)]);
  assert.deepEqual(await show(), ["a 1", "b 2"]);
  // Another spec text gives both new keys; one fails, one is done.
  recorder.recordCells("e", { cells: [cell("a", 3), cell("b", 4)], replace: true });
  const faults = [{ code: "run/bug", message: "no" }] as const;
  recorder.recordTask({ run: "r2", key: keyOf(3), kind: "pretrain", state: "failed", faults });
  assert.deepEqual(await show(), ["a 1 old", "b 2 old"]);
  recorder.recordArtifact({ record: await commit(store, keyOf(4)), measurements: [] });
  assert.deepEqual(await show(), ["a 1 old", "b 4"]);
  assert.deepEqual(
    await queryRows(path, "SELECT stage, message FROM failures"),
    [{ stage: "a", message: "no" }],
  );
  // The mistake is mended in the spec: another key stands there, whatever becomes of it.
  recorder.recordCells("e", { cells: [cell("a", 5), cell("b", 4)], replace: true });
  await recorder.flush();
  assert.deepEqual(await queryRows(path, "FROM failures"), []);
  // Part of the spec touches its cells alone; a whole one without a cell drops it.
  recorder.recordCells("e", { cells: [cell("b", 2)], replace: false });
  assert.deepEqual(await show(), ["a 1 old", "b 2"]);
  recorder.recordCells("e", { cells: [cell("b", 2)], replace: true });
  assert.deepEqual(await show(), ["b 2"]);
  await recorder.close();
});

Deno.test("no order of runs makes a cell show a task without results, or none where it had some", async () => {
  using results = await emptyResults();
  const { store, path } = results;
  const recorder = results.open({ intervalMs: 60_000 });
  const done = [1, 2, 3].map(keyOf);
  for (const key of done) await commit(store, key);
  let experiment = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ key: fc.integer({ min: 1, max: 6 }), isWhole: fc.boolean() }), {
        minLength: 1,
        maxLength: 5,
      }),
      async (runs) => {
        const name = `e${experiment++}`;
        let shown: string | undefined;
        for (const { key, isWhole } of runs) {
          const cells = [{ stage: "s", axes: {}, key: keyOf(key) }];
          recorder.recordCells(name, { cells, replace: isWhole });
          recorder.recordCached(done);
          await recorder.flush();
          if (done.includes(keyOf(key))) shown = keyOf(key);
          const rows = await queryRows(path, "SELECT key FROM results WHERE experiment = $1", {
            values: [name],
          });
          assert.deepEqual(rows, shown === undefined ? [] : [{ key: shown }]);
        }
      },
    ),
    { numRuns: 15 },
  );
  await recorder.close();
});

Deno.test("counts gives what a task counted, in all and by class, whatever a class is called", async () => {
  using results = await emptyResults();
  const { store, path } = results;
  const line = (name: string, value: number) =>
    `${JSON.stringify({ step: 9, name, split: "test", value })}\n`;
  const files = {
    "measurements.jsonl": [
      line("support", 7),
      line("support/a/b", 4),
      line("support/None", 3),
      line("f1", 0.5),
      line("unknown", 1),
    ].join(""),
  };
  await commit(store, keyOf(1), { kind: "relations", files });
  const recorder = results.open();
  const support = { unit: "count", isHeadline: false, about: "What there is." };
  const f1 = { unit: "fraction", isHeadline: true, about: "F1." };
  recorder.beginRun({
    ...START,
    metrics: { relations: { support, f1 }, other: { unknown: support } },
  });
  recorder.recordCached([keyOf(1)]);
  recorder.recordCells("e", {
    cells: [{ stage: "s", axes: {}, key: keyOf(1), place: 0 }],
    replace: true,
  });
  await recorder.close();
  assert.deepEqual(await queryRows(path, "SELECT stage, split, name, class, value FROM counts"), [
    { stage: "s", split: "test", name: "support", class: null, value: 7 },
    { stage: "s", split: "test", name: "support", class: "None", value: 3 },
    { stage: "s", split: "test", name: "support", class: "a/b", value: 4 },
  ]);
});
