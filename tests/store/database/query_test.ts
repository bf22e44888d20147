import assert from "node:assert/strict";
import { exitCodeOf } from "../../../lib/cli/exit.ts";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import { openDatabase } from "../../../lib/store/database/database.ts";
import { GATHERED_ROWS, query, queryRows } from "../../../lib/store/database/query.ts";
import { tempFolder } from "../_fixtures.ts";

async function emptyDatabase(): Promise<{ path: string } & AsyncDisposable> {
  const folder = await tempFolder();
  const path = `${folder.path}/results/titrate.duckdb`;
  (await openDatabase(path, { canWrite: true })).close();
  return { path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

const values: [sql: string, json: unknown][] = [
  ["1::BIGINT", 1],
  ["-9007199254740991::BIGINT", -9007199254740991],
  ["9007199254740993::BIGINT", "9007199254740993"],
  ["sum(x) FROM range(4) t(x)", 6],
  ["count(*)", 1],
  ["(1::HUGEINT << 100)", "1267650600228229401496703205376"],
  ["1.50", 1.5],
  ["-0.001::DECIMAL(9, 4)", -0.001],
  ["12345678901234567.89::DECIMAL(30, 2)", "12345678901234567.89"],
  ["0.1::FLOAT + 0", Math.fround(0.1)],
  ["'nan'::DOUBLE", "NaN"],
  ["'-inf'::DOUBLE", "-Infinity"],
  ["NULL", null],
  ["true", true],
  ["'a\"b'", 'a"b'],
  ["TIMESTAMP '2026-01-02 03:04:05.678'", "2026-01-02 03:04:05.678"],
  ["DATE '2026-01-02'", "2026-01-02"],
  ["[1, NULL, 3]", [1, null, 3]],
  ["[1::BIGINT, 2]", [1, 2]],
  ["{a: 1.5, b: [count(*)]}", { a: 1.5, b: [1] }],
  [`'{"steps":[1,2]}'::JSON`, { steps: [1, 2] }],
  [`'{"steps":12}'::JSON->'steps'`, 12],
  ["MAP {'k': 1}", [{ key: "k", value: 1 }]],
];

Deno.test("query() gives every type as JSON that loses no digit", async () => {
  await using database = await emptyDatabase();
  for (const [sql, json] of values) {
    const [row] = await queryRows(database.path, `SELECT ${sql.replace(/ FROM|$/, " AS v$&")}`);
    assert.deepEqual(row!.v, json, sql);
    JSON.stringify(row);
  }
});

Deno.test("query() names columns, types and which of them are numbers", async () => {
  await using database = await emptyDatabase();
  const { columns, types, isNumber } = await query(
    database.path,
    "SELECT 1 AS a, 1.5 AS b, 'x' AS c, '{}'::JSON AS d, [1] AS e, 2::BIGINT AS a",
  );
  assert.deepEqual(columns, ["a", "b", "c", "d", "e", "a:1"]);
  assert.deepEqual(types, ["INTEGER", "DECIMAL(2,1)", "VARCHAR", "JSON", "INTEGER[]", "BIGINT"]);
  assert.deepEqual(isNumber, [true, true, false, false, false, true]);
});

Deno.test("query() takes values, and the last of several statements", async () => {
  await using database = await emptyDatabase();
  const rows = await queryRows(database.path, "SELECT $1 || $2::INTEGER AS v, $3 AS n", {
    values: ["a'; DROP TABLE runs", 2, null],
  });
  assert.deepEqual(rows, [{ v: "a'; DROP TABLE runs2", n: null }]);
  assert.deepEqual(await queryRows(database.path, "SELECT 1; SELECT 2 AS v"), [{ v: 2 }]);
});

Deno.test("query() lets the file go before its rows are read, and streams what is too much", async () => {
  await using database = await emptyDatabase();
  const few = await query(database.path, `FROM range(${GATHERED_ROWS / 2})`);
  const many = await query(database.path, `FROM range(${3 * GATHERED_ROWS}) t(n)`);
  let next = 0;
  for await (const batch of many.batches) {
    for (const [n] of batch) assert.equal(n, next++);
  }
  assert.equal(next, 3 * GATHERED_ROWS);
  const abandoned = await query(database.path, `FROM range(${3 * GATHERED_ROWS})`);
  for await (const _ of abandoned.batches) break;
  (await openDatabase(database.path, { canWrite: true, lockLimitMs: 0 })).close();
  assert.equal((await Array.fromAsync(few.batches)).flat().length, GATHERED_ROWS / 2);
});

const refusals: [sql: string, message: RegExp, mend: RegExp][] = [
  [
    "SELEC 1",
    /Parser Error: syntax error at or near "SELEC"\n\nLINE 1: SELEC 1\n {8}\^$/,
    /DESCRIBE/,
  ],
  [
    "SELECT nope FROM results",
    /"nope" not found[^]*LINE 1: SELECT nope FROM results\n {15}\^$/,
    /DESCRIBE/,
  ],
  ["SELECT 'x'::INTEGER", /Conversion Error: Could not convert string 'x' to INT32/, /DESCRIBE/],
  ["SELECT error('late') FROM range(3)", /late/, /DESCRIBE/],
  ["", /^cannot answer the query: nothing is asked$/, /DESCRIBE/],
  ["-- only a comment", /nothing is asked/, /DESCRIBE/],
  ["DELETE FROM runs", /read-only mode/, /^only ask: results are changed by runs alone$/],
  ["DROP VIEW results", /read-only mode/, /^only ask/],
  ["SELECT * FROM read_csv('/etc/passwd')", /disabled by configuration/, /^ask for results only/],
  ["COPY runs TO '/tmp/titrate-runs.csv'", /disabled by configuration/, /--format csv/],
  ["ATTACH '/tmp/other.duckdb'", /disabled by configuration/, /^ask for results only/],
  ["INSTALL httpfs", /disabled by configuration/, /^ask for results only/],
  ["SET enable_external_access = true", /configuration has been locked/, /DESCRIBE/],
];

Deno.test("query() refuses in DuckDB's words and says how to go on", async () => {
  await using database = await emptyDatabase();
  for (const [sql, message, mend] of refusals) {
    await assert.rejects(queryRows(database.path, sql), (error: ExperimentError) => {
      assert.equal(error.code, "store/sql", sql);
      assert.equal(exitCodeOf(error.faults), 2);
      assert.match(error.message, message);
      assert.match(error.faults[0].mend!, mend);
      return true;
    });
  }
  (await openDatabase(database.path, { canWrite: true, lockLimitMs: 0 })).close();
});

Deno.test("query() before the first run says to run an experiment, and makes no file", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/results/titrate.duckdb`;
  await assert.rejects(query(path, "FROM results"), {
    code: "store/no-database",
    faults: [{
      code: "store/no-database",
      message: "there are no results yet",
      at: { file: path },
      mend: "run an experiment first: deno task run experiments/ablation.yaml",
    }],
  });
  assert.deepEqual(Array.from(Deno.readDirSync(folder.path)), []);
});

Deno.test("query() stops when its signal is aborted", async () => {
  await using database = await emptyDatabase();
  const stop = new AbortController();
  const endless = query(
    database.path,
    "SELECT count(*) FROM range(10000000000) a, range(1000000) b WHERE a.range % 7 = b.range % 5",
    { signal: stop.signal },
  );
  setTimeout(() => stop.abort(new Error("interrupted")), 50);
  await assert.rejects(endless, /^Error: interrupted$/);
});
