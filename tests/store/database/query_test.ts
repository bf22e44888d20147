import assert from "node:assert/strict";
import { DuckDBInstance } from "@duckdb/node-api";
import { exitCodeOf } from "../../../lib/cli/exit.ts";
import { type ExperimentError, formatPosition } from "../../../lib/base/errors.ts";
import { writeDatabase } from "../../../lib/store/database/database.ts";
import {
  GATHERED_ROWS,
  query,
  queryEach,
  queryRows,
  writeParquet,
} from "../../../lib/store/database/query.ts";
import { namesIn } from "../_fixtures.ts";
import { TempDir } from "../../_support/temp_dir.ts";

async function emptyDatabase(): Promise<{ path: string } & Disposable> {
  const folder = new TempDir();
  const path = `${folder.path}/results/titrate.duckdb`;
  await write(path);
  return { path, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

/** Writes nothing, and makes the database if there is none. */
async function write(path: string, lockLimitMs?: number): Promise<void> {
  await writeDatabase(path, { work: () => Promise.resolve(), lockLimitMs });
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
  ["MAP {'k': 1}", { k: 1 }],
  ["MAP {2: INTERVAL 3 DAY}", { "2": "3 days" }],
  ["MAP {[1, 2]: MAP {'a': 1::BIGINT}}", { "[1,2]": { a: 1 } }],
  ["INTERVAL '1 year 2 months 3 days 04:05:06.789'", "1 year 2 months 3 days 04:05:06.789"],
  ["[INTERVAL (-90) MINUTE, NULL]", ["-01:30:00", null]],
  ["union_value(n := 1.5)", { n: 1.5 }],
  ["'ab\\x00\\xff'::BLOB", "ab\\x00\\xFF"],
  ["'101'::BIT", "101"],
  ["UUID '64db8dd7-9a80-4281-bb78-d273a9131614'", "64db8dd7-9a80-4281-bb78-d273a9131614"],
  ["TIMESTAMPTZ '2020-01-02 03:04:05.678+01'", "2020-01-02 02:04:05.678+00"],
  ["TIMESTAMP_NS '2020-01-02 03:04:05.123456789'", "2020-01-02 03:04:05.123456789"],
  ["TIME '01:02:03'", "01:02:03"],
  ["DATE '-infinity'", "-infinity"],
  ["DATE 'infinity'", "infinity"],
  ["TIMESTAMP '-infinity'", "-infinity"],
  ["12::HUGEINT", 12],
  ["'b'::ENUM('a', 'b')", "b"],
  ["[1, 2]::INTEGER[2]", [1, 2]],
];

Deno.test("query() gives every type as JSON that loses no digit", async () => {
  using database = await emptyDatabase();
  for (const [sql, json] of values) {
    const [row] = await queryRows(database.path, `SELECT ${sql.replace(/ FROM|$/, " AS v$&")}`);
    assert.deepEqual(row!.v, json, sql);
    JSON.stringify(row);
  }
});

Deno.test("query() refuses a row without names, of which one value alone would be shown", async () => {
  using database = await emptyDatabase();
  for (const sql of ["SELECT (1, 2) AS r", "SELECT [row('a', 'b')]"]) {
    await assert.rejects(queryRows(database.path, sql), {
      code: "store/sql",
      message: "cannot show a row whose parts have no names",
    });
  }
  assert.deepEqual(await queryRows(database.path, "SELECT {a: 1} AS r"), [{ r: { a: 1 } }]);
});

Deno.test("query() names columns, types and which of them are numbers", async () => {
  using database = await emptyDatabase();
  const { columns, types, isNumber } = await query(
    database.path,
    "SELECT 1 AS a, 1.5 AS b, 'x' AS c, '{}'::JSON AS d, [1] AS e, 2::BIGINT AS a",
  );
  assert.deepEqual(columns, ["a", "b", "c", "d", "e", "a:1"]);
  assert.deepEqual(types, ["INTEGER", "DECIMAL(2,1)", "VARCHAR", "JSON", "INTEGER[]", "BIGINT"]);
  assert.deepEqual(isNumber, [true, true, false, false, false, true]);
});

Deno.test("query() takes values, and one question at a time", async () => {
  using database = await emptyDatabase();
  const rows = await queryRows(database.path, "SELECT $1 || $2::INTEGER AS v, $3 AS n", {
    values: ["a'; DROP TABLE runs", 2, null],
  });
  assert.deepEqual(rows, [{ v: "a'; DROP TABLE runs2", n: null }]);
  await assert.rejects(queryRows(database.path, "SELECT 1; SELECT 2 AS v"), {
    code: "store/sql",
    message: "cannot answer several questions at once",
  });
});

Deno.test("query() lets the file go before its rows are read, and streams what is too much", async () => {
  using database = await emptyDatabase();
  const few = await query(database.path, `FROM range(${GATHERED_ROWS / 2})`);
  const many = await query(database.path, `FROM range(${3 * GATHERED_ROWS}) t(n)`);
  let next = 0;
  for await (const batch of many.batches) {
    for (const [n] of batch) assert.equal(n, next++);
  }
  assert.equal(next, 3 * GATHERED_ROWS);
  const abandoned = await query(database.path, `FROM range(${3 * GATHERED_ROWS})`);
  for await (const _ of abandoned.batches) break;
  await write(database.path, 0);
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
  [
    "SELECT * FROM read_csv('/etc/passwd')",
    /disabled by configuration/,
    /^ask for results only, or add --allow-files/,
  ],
  ["FROM read_text('/etc/passwd')", /disabled by configuration/, /^ask for results only/],
];

Deno.test("query() refuses in DuckDB's words and says how to go on", async () => {
  using database = await emptyDatabase();
  for (const [sql, message, mend] of refusals) {
    await assert.rejects(queryRows(database.path, sql), (error: ExperimentError) => {
      assert.equal(error.code, "store/sql", sql);
      assert.equal(exitCodeOf(error.faults), 2);
      assert.match(error.message, message);
      assert.match(error.faults[0].mend!, mend);
      return true;
    });
  }
  await write(database.path, 0);
});

/** Statements that do more than read, and what is said of them. */
const WRITES: [sql: string, message: RegExp][] = [
  ["DELETE FROM runs", /of the type DELETE does more than read/],
  ["INSERT INTO scores SELECT * FROM scores", /of the type INSERT /],
  ["UPDATE scores SET value = 1", /of the type UPDATE /],
  ["DROP VIEW results", /of the type DROP /],
  ["CREATE TABLE t (a INT)", /of the type CREATE /],
  ["CREATE TEMP TABLE t AS SELECT 1", /of the type CREATE /],
  ["COPY (SELECT 1) TO 'DATABASE' (USE_TMP_FILE false)", /of the type COPY /],
  ["COPY (SELECT 1) TO 'DATABASE.wal'", /of the type COPY /],
  ["COPY runs TO '/tmp/titrate-runs.csv'", /disabled by configuration/],
  ["EXPORT DATABASE 'DATABASE.tmp/'", /EXPORT DATABASE does more than read/],
  ["EXPLAIN ANALYZE COPY (SELECT 1) TO 'DATABASE'", /EXPLAIN ANALYZE carries out/],
  ["EXPLAIN (FORMAT json, ANALYZE) SELECT 1", /EXPLAIN ANALYZE carries out/],
  ["ATTACH '/tmp/other.duckdb'", /of the type ATTACH /],
  ["INSTALL httpfs", /of the type LOAD /],
  ["LOAD '/tmp/a.so'", /of the type LOAD /],
  ["SET enable_external_access = true", /of the type SET /],
  ["PRAGMA enable_profiling", /does more than read/],
  ["CHECKPOINT", /of the type (CALL|PRAGMA) /],
  ["VACUUM", /of the type VACUUM /],
  ["BEGIN", /of the type TRANSACTION /],
  ["USE memory", /of the type (VARIABLE SET|SET) /],
  ["PREPARE p AS SELECT 1", /of the type PREPARE /],
  ["CALL enable_logging()", /enable_logging\(\) does more than read/],
  ["FROM enable_logging('QueryLog', storage = 'file', storage_path = '/tmp/l')", /enable_logging/],
  ["FROM enable_profiling()", /enable_profiling/],
  ["FROM enable_profile('json', save_location = '/tmp/titrate-profile')", /enable_profile/],
  ["SELECT write_log('x')", /write_log/],
  ["FROM query('FROM enable' || '_logging()')", /query\(\) does more than read/],
  ["FROM query /* it */ -- is\n ('SELECT 1')", /query\(\) does more than read/],
  [`FROM "Query"('SELECT 1')`, /query\(\) does more than read/],
  [`FROM "enable_logging"()`, /enable_logging/],
  ["SELECT e'\\'', write_log('x') -- '", /write_log/],
  ["SELECT $a$ ' $a$, write_log('x') -- '", /write_log/],
  ["EXPLAIN /* not */ ANALYZE SELECT 'x'", /EXPLAIN ANALYZE carries out/],
  ["PIVOT (SELECT 'x' AS k) ON k; CREATE TYPE t AS ENUM ('a')", /of the type CREATE /],
];

/** Words that would be refused were they more than text. */
const HARMLESS = [
  "PIVOT (SELECT unnest(['create', 'y']) AS k, 1 AS n) ON k USING sum(n)",
  "/* create */ PIVOT (SELECT unnest(['x', 'y']) AS k, 1 AS n) ON k USING sum(n)",
  "EXPLAIN SELECT 'analyze'",
  "EXPLAIN SELECT 1 AS a -- ANALYZE",
  `EXPLAIN SELECT 1 AS "analyze"`,
  "EXPLAIN (FORMAT json) SELECT 'analyze'",
  "SELECT 'enable_logging()', 'query(1)' -- write_log()",
  "SELECT /* /* query( */ query( */ 1",
  "SELECT $$ it's query( $$, e'\\'query(', 'a\\' || 'query('",
  "SELECT 1 AS query",
];

Deno.test("query() answers harmless texts with the words of writing ones in strings and comments", async () => {
  using database = await emptyDatabase();
  for (const text of HARMLESS) {
    assert.ok((await queryRows(database.path, text)).length > 0, text);
  }
});

/** Texts of several lines, where in them the fault is, and what is drawn below it. */
const PLACES: readonly (readonly [sql: string, place: string, line: string])[] = [
  ["SELECT 1;\nSELEKT 2\n", "2:1", "LINE 2: SELEKT 2\n        ^"],
  ["SELECT 1;\n\n-- a comment\n  SELECT nope,\n  2\nFROM range(3) r(i)", "4:10", "LINE 4: "],
  ["SELECT 'é東京𝄞' AS a;\r\nSELECT\r\n  'é東京𝄞', nope", "3:12", "LINE 3:   'é東京𝄞', nope\n"],
  ["SELECT 1;\nSELECT 2 FROM\n none;", "3:2", "LINE 3:  none;\n         ^"],
  ["SELECT 1;\nSELECT 2 +\n  'x'::INT;\n", "3:6", "LINE 3:   'x'::INT;\n             ^"],
  ["SELECT 1;\nSELECT\n  foo(3)", "3:3", "LINE 3:   foo(3)\n          ^"],
  ["\n\nSELECT (\n", "4:1", "LINE 4: \n        ^"],
  [`SELECT 1;\nSELECT ${"1 + ".repeat(90)}nope`, "2:368", "..."],
  ["SELECT 1;\nPIVOT (SELECT 1 AS a) ON nope USING sum(a)", "2:26", "LINE 2: "],
  ["SELECT 1;\n\nDELETE FROM runs", "3:1", ""],
  ["SELECT ';'; -- ;\n  SELECT write_log('x')", "2:10", ""],
  ["SELECT 1;\n EXPLAIN ANALYZE SELECT 1", "2:2", ""],
];

Deno.test("query() tells the line and the column of the file, in whatever statement a fault is", async () => {
  using database = await emptyDatabase();
  for (const [sql, place, line] of PLACES) {
    const asked = queryEach(database.path, sql, { from: "mine.sql" });
    await assert.rejects(() => Array.fromAsync(asked), (error: ExperimentError) => {
      assert.equal(formatPosition(error.faults[0].at!), `mine.sql:${place}`, sql);
      assert.ok(error.message.includes(line), error.message);
      assert.doesNotMatch(error.message, /exception_message/);
      return true;
    }, sql);
  }
  using folder = new TempDir();
  // It fails when it is written, behind what a Parquet file takes before it.
  const late = "\nSELECT i, CASE WHEN i = 2999 THEN 'x' ELSE '1' END\n::INT FROM range(3000) r(i)";
  const written = writeParquet(database.path, late, { file: `${folder.path}/a`, from: "mine.sql" });
  await assert.rejects(written, (error: ExperimentError) => {
    assert.equal(formatPosition(error.faults[0].at!), "mine.sql:3:1");
    return true;
  });
  await assert.rejects(query(database.path, "SELECT 1;\n  SELECT 2", { from: "mine.sql" }), {
    faults: [{
      code: "store/sql",
      message: "cannot answer several questions at once",
      at: { file: "mine.sql", line: 2, column: 3 },
      mend: "leave one of them; several are printed as tables or as Markdown",
    }],
  });
});

Deno.test("query() names no place of a file for what is wrong in a view's own text", async () => {
  using database = await emptyDatabase();
  await writeDatabase(database.path, {
    work: async (connection) => {
      await connection.run(
        "CREATE VIEW broken AS SELECT                     ('x' || version)::INT FROM schema_version",
      );
    },
  });
  const sql = `FROM broken -- ${"and so on ".repeat(30)}`;
  const asked = queryRows(database.path, sql, { from: "mine.sql" });
  await assert.rejects(asked, ({ message, faults: [{ at }] }: ExperimentError) => {
    assert.match(
      message,
      /^cannot answer the query: Conversion Error: Could not convert string 'x/,
    );
    assert.doesNotMatch(message, /LINE/);
    assert.deepEqual(at, { file: "mine.sql" });
    return true;
  });
});

Deno.test("query() accepts what reads alone: nothing of the rest runs, no file is made or changed", async () => {
  using database = await emptyDatabase();
  const folder = database.path.slice(0, database.path.lastIndexOf("/"));
  const before = await Deno.readFile(database.path);
  const names = namesIn(folder);
  for (const [sql, message] of WRITES) {
    const written = sql.replaceAll("DATABASE'", `${database.path}'`)
      .replaceAll("'DATABASE", `'${database.path}`);
    for (const text of [written, `-- a comment\n/* and */ SELECT 1;\n${written}`]) {
      await assert.rejects(queryEach(database.path, text).next(), (error: ExperimentError) => {
        assert.equal(error.code, "store/sql", text);
        assert.equal(exitCodeOf(error.faults), 2);
        assert.match(error.message, message, `${text}: ${error.message}`);
        return true;
      }, text);
    }
  }
  assert.deepEqual(await Deno.readFile(database.path), before);
  assert.deepEqual(namesIn(folder), names);
});

/** Every way to a file, and what shows that it was read. */
const FILES: readonly (readonly [sql: string, seen: string | undefined])[] = [
  ["FROM read_csv('FOLDER/a.csv')", "inside"],
  ["FROM 'FOLDER/a.csv'", "inside"],
  ["FROM read_csv_auto(['FOLDER/a.csv'])", "inside"],
  ["FROM sniff_csv('FOLDER/a.csv')", "a"],
  ["FROM read_text('FOLDER/a.csv')", "inside"],
  ["SELECT decode(content) FROM read_blob('FOLDER/a.csv')", "inside"],
  ["FROM read_json('FOLDER/a.json')", "inside"],
  ["FROM read_ndjson_objects('FOLDER/a.json')", "inside"],
  ["FROM 'FOLDER/a.json'", "inside"],
  ["FROM read_parquet('FOLDER/a.parquet')", "inside"],
  ["FROM 'FOLDER/a.parquet'", "inside"],
  ["FROM parquet_metadata('FOLDER/a.parquet')", "a.parquet"],
  ["FROM parquet_schema('FOLDER/a.parquet')", "a.parquet"],
  ["FROM parquet_file_metadata('FOLDER/a.parquet')", "a.parquet"],
  ["FROM glob('FOLDER/*.csv')", "a.csv"],
  ["FROM read_duckdb('FOLDER/a.duckdb', table_name = 't')", "inside"],
  ["SELECT * FROM query_table('FOLDER/a.csv')", "inside"],
  ["SELECT getenv('HOME')", undefined],
  ["FROM read_csv('http://127.0.0.1:9/a.csv')", undefined],
  ["FROM sqlite_scan('FOLDER/a.csv', 't')", undefined],
  ["ATTACH 'FOLDER/a.duckdb' AS other (READ_ONLY)", undefined],
  ["COPY (SELECT 1) TO 'FOLDER/new.csv'", undefined],
  ["COPY scores FROM 'FOLDER/a.csv'", undefined],
  ["EXPORT DATABASE 'FOLDER/new'", undefined],
  ["IMPORT DATABASE 'FOLDER'", undefined],
  ["INSTALL httpfs FROM 'FOLDER'", undefined],
  ["LOAD 'FOLDER/a.csv'", undefined],
  ["SET temp_directory = 'FOLDER'", undefined],
];

Deno.test("a query reads no file but the database, by whatever way; with allowsFiles it reads, and writes none", async () => {
  using database = await emptyDatabase();
  using folder = new TempDir();
  folder.file("a.csv", "a,b\n1,inside\n");
  folder.file("a.json", '{"a":"inside"}\n');
  await writeParquet(database.path, "SELECT 'inside' AS a", { file: `${folder.path}/a.parquet` });
  const other = await DuckDBInstance.create(`${folder.path}/a.duckdb`);
  const connection = await other.connect();
  await connection.run("CREATE TABLE t AS SELECT 'inside' AS a");
  connection.closeSync();
  other.closeSync();
  const names = namesIn(folder.path);
  for (const [text, seen] of FILES) {
    const sql = text.replaceAll("FOLDER", folder.path);
    await assert.rejects(queryRows(database.path, sql), (error: ExperimentError) => {
      assert.equal(error.code, "store/sql", sql);
      if (seen !== undefined) assert.match(error.faults[0].mend!, /--allow-files/, sql);
      assert.doesNotMatch(error.message, /inside/);
      return true;
    }, sql);
    const read = queryRows(database.path, sql, { allowsFiles: true });
    if (seen === undefined) await assert.rejects(read, { code: "store/sql" }, sql);
    else assert.ok(JSON.stringify(await read, (_, v) => v).includes(seen), sql);
  }
  assert.deepEqual(namesIn(folder.path), names);
});

Deno.test("writeParquet() keeps types, whatever kind of question it is, and writes nothing else", async () => {
  using database = await emptyDatabase();
  using folder = new TempDir();
  const file = `${folder.path}/it's, one.parquet`;
  const cases: [sql: string, rows: number][] = [
    ["SELECT 1::BIGINT AS n, 1.5::DOUBLE AS x, '{\"a\":1}'::JSON AS j, [1, 2] AS l -- ;", 1],
    ["FROM range(300000);", 300_000],
    ["/* ; */ WITH t AS (SELECT ';' AS a) FROM t ; -- done", 1],
    ["DESCRIBE schema_version", 1],
    ["PIVOT (SELECT unnest(['x', 'y']) AS k, 1 AS n) ON k USING sum(n)", 1],
    ["VALUES (1), (2)", 2],
    ["SELECT 1 AS a WHERE false", 0],
  ];
  for (const [sql, rows] of cases) {
    assert.equal(await writeParquet(database.path, sql, { file }), rows, sql);
    const [row] = await queryRows(
      database.path,
      `SELECT count(*) AS n FROM '${file.replace("'", "''")}'`,
      {
        allowsFiles: true,
      },
    );
    assert.equal(row!["n"], rows, sql);
  }
  for (
    const sql of [
      "SELECT 1; SELECT 2",
      "EXPLAIN SELECT 1",
      "DELETE FROM runs",
      "SELECT 1) TO '/tmp/titrate-other.csv'; --",
      "SELECT nope",
    ]
  ) await assert.rejects(writeParquet(database.path, sql, { file }), { code: "store/sql" }, sql);
  assert.deepEqual(namesIn(folder.path), ["it's, one.parquet"]);
});

Deno.test("queryEach() answers every statement in turn, comments first, EXPLAIN, DESCRIBE and PIVOT among them", async () => {
  using database = await emptyDatabase();
  const text = `-- what is there?
    SELECT 1 AS a; /* ; */ DESCRIBE results; EXPLAIN SELECT 1; SHOW TABLES; SUMMARIZE scores;
    PIVOT (SELECT unnest(['x', 'y']) AS k, 1 AS n) ON k USING sum(n);
    WITH t AS (SELECT 2 AS a) FROM t; VALUES (';'); FROM range(3)`;
  const firstColumns: string[] = [];
  const counts: number[] = [];
  for await (const { columns, batches } of queryEach(database.path, text)) {
    firstColumns.push(columns[0]!);
    counts.push((await Array.fromAsync(batches)).flat().length);
  }
  assert.deepEqual(firstColumns, [
    "a",
    "column_name",
    "explain_key",
    "name",
    "column_name",
    "x",
    "a",
    "col0",
    "range",
  ]);
  assert.deepEqual([counts[0], counts[5], counts.at(-1)], [1, 1, 3]);
  await write(database.path, 0);
});

Deno.test("query() tells what fails after many rows, instead of giving fewer rows", async () => {
  using database = await emptyDatabase();
  for (const rows of [5, 300_000]) {
    const sql = `SELECT CASE WHEN range = ${rows - 1} THEN error('late') ELSE range END AS n
      FROM range(${rows}); SELECT 1`;
    await assert.rejects(async () => {
      for await (const { batches } of queryEach(database.path, sql)) {
        for await (const _ of batches);
      }
    }, (error: ExperimentError) => {
      assert.equal(error.code, "store/sql");
      assert.match(error.message, /late/);
      return true;
    });
  }
});

Deno.test("query() before the first run says to run an experiment, and makes no file", async () => {
  using folder = new TempDir();
  const path = `${folder.path}/results/titrate.duckdb`;
  await assert.rejects(query(path, "FROM results"), {
    code: "store/no-database",
    faults: [{
      code: "store/no-database",
      message: "there are no results yet",
      at: { file: path },
      mend: "run an experiment first: deno task run experiments/ablation.yaml " +
        `--results ${folder.path}/results`,
    }],
  });
  assert.deepEqual(Array.from(Deno.readDirSync(folder.path)), []);
});

Deno.test("query() of a lost database says how to make it anew, and where its artifacts are", async () => {
  using folder = new TempDir();
  const root = `${folder.path}/results of mine`, path = `${root}/titrate.duckdb`;
  await Deno.mkdir(`${root}/store/objects/ab`, { recursive: true });
  await assert.rejects(query(path, "FROM results"), {
    faults: [{
      code: "store/no-database",
      message: "the database is gone, its artifacts are there",
      at: { file: path },
      mend: `make it anew: deno task rebuild --results "${root}"; so does the next run`,
    }],
  });
});

Deno.test("query() stops when its signal is aborted", async () => {
  using database = await emptyDatabase();
  const stop = new AbortController();
  const endless = query(
    database.path,
    "SELECT count(*) FROM range(10000000000) a, range(1000000) b WHERE a.range % 7 = b.range % 5",
    { signal: stop.signal },
  );
  setTimeout(() => stop.abort(new Error("interrupted")), 50);
  await assert.rejects(endless, /^Error: interrupted$/);
});
