/** The database between processes: who waits for whom, and what a kill leaves. */
import assert from "node:assert/strict";
import { hostName } from "../../../lib/base/process.ts";
import { DuckDBInstance } from "@duckdb/node-api";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import { openReader, writeDatabase } from "../../../lib/store/database/database.ts";
import { rebuild } from "../../../lib/store/database/rebuild.ts";
import { queryRows } from "../../../lib/store/database/query.ts";
import { SCHEMA_VERSION } from "../../../lib/store/database/schema.ts";
import { resultsFolder } from "../../../lib/store/results_folder.ts";
import { Child, commit, emptyResults, keyOf, namesIn } from "../_fixtures.ts";
import { TempDir } from "../../_support/temp_dir.ts";

const START = {
  experiment: "e",
  file: "e.yaml",
  files: [],
  startedAt: "2026-01-02T03:04:05Z",
};

const measurement = (step: number) => (
  { step, name: "lossNats", split: "train", value: step / 7 }
);

Deno.test("Recorder lets another process read whole transactions while a run is on", async () => {
  using results = await emptyResults();
  const { path } = results;
  const recorder = results.open({ intervalMs: 5 });
  recorder.beginRun({ ...START, run: "r1" });
  recorder.recordMeasurements(keyOf(1), { attempt: 1, measurements: [measurement(0)] });
  await recorder.flush();
  const reader = new Child("read", path);
  assert.equal(await reader.line(), "reads");
  for (let step = 1; step <= 400; step++) {
    recorder.recordMeasurements(keyOf(1), { attempt: 1, measurements: [measurement(step)] });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const counts = { total: 1, cached: 0, ran: 1, failed: 0 };
  recorder.endRun("r1", { status: "done", counts, elapsedMs: 1 });
  await recorder.close();
  const seen = JSON.parse((await reader.line())!);
  assert.equal(seen.most, 401);
  assert.ok(seen.states > 1, `the reader saw the run grow: ${JSON.stringify(seen)}`);
  assert.equal(await reader.ended(), 0);
});

Deno.test("Recorder waits for whoever writes the database, keeps its rows and writes them later", async () => {
  using results = await emptyResults();
  const { path, warnings } = results;
  const holder = new Child("hold-database", path);
  assert.equal(await holder.line(), "held");
  const recorder = results.open({ intervalMs: 60_000, lockLimitMs: 100 });
  recorder.recordMeasurements(keyOf(1), { attempt: 1, measurements: [measurement(1)] });
  await recorder.flush();
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0]!,
    /^results wait to be written to .*: another program \(process \d+\) keeps the database open$/,
  );
  await assert.rejects(queryRows(path, "FROM runs", { lockLimitMs: 100 }), {
    code: "store/database-locked",
  });
  recorder.recordMeasurements(keyOf(1), { attempt: 1, measurements: [measurement(2)] });
  await holder.kill();
  assert.equal(await recorder.close(), true);
  const rows = await queryRows(path, "SELECT step FROM measurements ORDER BY step");
  assert.deepEqual(rows, [{ step: 1 }, { step: 2 }]);
});

Deno.test("Recorder whose database stays taken ends all the same, and says that rebuild records", async () => {
  using results = await emptyResults();
  const { path, warnings, folder, store } = results;
  const holder = new Child("hold-database", path);
  assert.equal(await holder.line(), "held");
  const recorder = results.open({ intervalMs: 60_000, lockLimitMs: 100 });
  recorder.beginRun({ ...START, run: "r1" });
  recorder.recordArtifact({ record: await commit(store, keyOf(1)), measurements: [] });
  assert.equal(await recorder.close(), false);
  assert.match(
    warnings.at(-1)!,
    /^not all results are in .*deno task rebuild --results .* records them$/,
  );
  await holder.kill();
  await rebuild(folder, { store });
  assert.equal((await queryRows(path, "FROM scores")).length, 1);
  assert.equal((await queryRows(path, "FROM runs")).length, 1);
});

Deno.test("Recorder is never starved by readers: it puts a copy in the file's place", async () => {
  using results = await emptyResults();
  const { path, warnings } = results;
  const first = results.open();
  first.recordMeasurements(keyOf(1), { attempt: 1, measurements: [measurement(0)] });
  await first.close();
  const readers = [new Child("hold-reader", path), new Child("hold-reader", path)];
  for (const each of readers) assert.equal(await each.line(), "held");
  const recorder = results.open({ intervalMs: 60_000 });
  for (const step of [1, 2, 3]) {
    recorder.recordMeasurements(keyOf(1), { attempt: 1, measurements: [measurement(step)] });
    await recorder.flush();
  }
  await recorder.close();
  assert.equal((await queryRows(path, "FROM measurements")).length, 4);
  for (const each of readers) await each.kill();
  assert.deepEqual(warnings, []);
  assert.deepEqual(namesIn(results.folder.root), ["titrate.duckdb", "titrate.duckdb.lock"]);
});

/** What can become of a database's file, and what is said of it. */
const RUINS: Readonly<Record<string, (good: Uint8Array) => Uint8Array>> = {
  "without a byte": () => new Uint8Array(0),
  "cut off in its header": (good) => good.subarray(0, 100),
  "cut off behind its header": (good) => good.subarray(0, 12_288),
  "of text": () => new TextEncoder().encode("in the way".repeat(1000)),
  "with a bad header": (good) => flip(good, 4096 + 20, 8192 + 20),
  "with bad blocks": (good) =>
    flip(good, ...Array.from({ length: 20 }, (_, i) => 20_000 + i * 50_000)),
};

function flip(good: Uint8Array, ...places: number[]): Uint8Array {
  const bytes = good.slice();
  // Another change each: DuckDB's checksum does not see two of the same.
  for (const [i, at] of places.entries()) if (at < bytes.length) bytes[at]! ^= 255 - i;
  return bytes;
}

for (const [what, ruin] of Object.entries(RUINS)) {
  Deno.test(`a database ${what} is set aside and made anew from the store by the next run`, async () => {
    using results = await emptyResults();
    const { path, store, warnings } = results;
    await commit(store, keyOf(1));
    const before = results.open();
    before.beginRun({ ...START, run: "r1" });
    before.recordCells("e", {
      cells: [{ stage: "s", axes: {}, key: keyOf(1) }],
      replace: true,
    });
    before.recordCached([keyOf(1)]);
    await before.close();
    await Deno.writeFile(path, ruin(await Deno.readFile(path)));
    await assert.rejects(queryRows(path, "FROM results"), (error: ExperimentError) => {
      assert.equal(error.code, "store/not-a-database");
      assert.match(error.faults[0].mend!, /deno task rebuild/);
      return true;
    });
    const recorder = results.open();
    recorder.beginRun({ ...START, run: "r2" });
    await recorder.close();
    assert.equal((await queryRows(path, "FROM results")).length, 1);
    assert.deepEqual(await queryRows(path, "SELECT run FROM runs ORDER BY run"), [
      { run: "r1" },
      { run: "r2" },
    ]);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]!,
      /^cannot read the database: .*; it is set aside as .*\.aside-1 and made anew$/,
    );
    assert.ok(namesIn(results.folder.root).includes("titrate.duckdb.aside-1"));
  });
}

const ODD_THINGS: Readonly<Record<string, (path: string) => void>> = {
  "a folder": (path) => Deno.mkdirSync(path),
  "a named pipe": (path) => run("mkfifo", path),
  "a link that leads back to itself": (path) => Deno.symlinkSync(path, path),
  "a device": (path) => Deno.symlinkSync("/dev/null", path),
};

function run(program: string, ...args: string[]): void {
  assert.ok(new Deno.Command(program, { args }).outputSync().success);
}

for (const [what, put] of Object.entries(ODD_THINGS)) {
  Deno.test({
    name: `${what} in the place of the database is told, and set aside by the next run`,
    ignore: Deno.build.os === "windows",
    async fn() {
      using results = await emptyResults();
      const { path, store, warnings } = results;
      await commit(store, keyOf(1));
      put(path);
      await assert.rejects(queryRows(path, "FROM results"), {
        code: "store/not-a-database",
        message: `cannot read the database: it is ${what}`,
      });
      const recorder = results.open();
      recorder.beginRun({ ...START, run: "r1" });
      assert.equal(await recorder.close(), true);
      assert.equal((await queryRows(path, "FROM scores")).length, 1);
      assert.match(
        warnings[0]!,
        new RegExp(`^cannot read the database: it is ${what}; it is set aside as .*\\.aside-1 `),
      );
      assert.ok(namesIn(results.folder.root).includes("titrate.duckdb.aside-1"));
    },
  });
}

Deno.test("a run whose process is gone is recorded as killed with nothing to do, and in a database made anew", async () => {
  using results = await emptyResults();
  const { path, folder, store } = results;
  // The number of this process, which began later than that one.
  const process = { host: hostName(), pid: Deno.pid, startedAt: "2026-01-01T00:00:00.000Z" };
  const killed = results.open();
  killed.beginRun({ ...START, run: "r1", process });
  await killed.close();
  const statuses = async () =>
    (await queryRows(path, "SELECT status FROM runs ORDER BY run")).map(({ status }) => status);
  assert.deepEqual(await statuses(), ["running"]);
  const recorder = results.open();
  recorder.beginRun({ ...START, run: "r2" });
  await recorder.close();
  assert.deepEqual(await statuses(), ["killed", "running"], "nothing is known of the other one");
  await rebuild(folder, { store });
  assert.deepEqual(await statuses(), ["killed", "running"]);
});

Deno.test("a database of an older version is brought up to date from it and the store", async () => {
  using results = await emptyResults();
  const { path, store, warnings } = results;
  await commit(store, keyOf(1));
  await results.open().close();
  await create(path);
  await change(path, "UPDATE schema_version SET version = 1");
  await assert.rejects(queryRows(path, "FROM results"), {
    code: "store/older-format",
    message: `the database is of version 1, this version of Titrate needs ${SCHEMA_VERSION}`,
  });
  const recorder = results.open();
  recorder.beginRun({ ...START, run: "r1" });
  await recorder.close();
  assert.equal((await queryRows(path, "FROM scores")).length, 1);
  assert.match(
    warnings[0]!,
    /^the database is of version 1, .* set aside as .* and brought up to date$/,
  );
});

Deno.test("a kill in the first write leaves no database, and the next run makes one", async () => {
  using results = await emptyResults();
  const { path } = results;
  const writer = new Child("die-in-transaction", path);
  assert.equal(await writer.line(), "written");
  await writer.kill();
  await assert.rejects(queryRows(path, "FROM runs"), { code: "store/no-database" });
  const recorder = results.open();
  recorder.beginRun({ ...START, run: "r1" });
  assert.equal(await recorder.close(), true);
  assert.deepEqual(await queryRows(path, "FROM scores"), []);
  assert.deepEqual(
    namesIn(results.folder.root),
    ["store", "titrate.duckdb", "titrate.duckdb.lock"],
    "what the killed one left is gone",
  );
});

Deno.test("writeDatabase() killed before its end leaves the database as it was", async () => {
  using results = await emptyResults();
  const { path } = results;
  await create(path);
  const writer = new Child("die-in-transaction", path);
  assert.equal(await writer.line(), "written");
  await writer.kill();
  assert.deepEqual(await queryRows(path, "FROM scores"), []);
  await using recorder = results.open();
  recorder.recordMeasurements(keyOf(1), { attempt: 1, measurements: [measurement(1)] });
  await recorder.flush();
  assert.equal((await queryRows(path, "FROM measurements")).length, 1);
});

Deno.test("Recorder applies what came while a write failed on top of what it kept", async () => {
  using results = await emptyResults();
  const { path } = results;
  await create(path);
  await change(path, "UPDATE schema_version SET version = 99");
  const recorder = results.open({ intervalMs: 60_000 });
  const cell = (steps: number) => ({ stage: "ner", axes: { steps }, key: keyOf(steps) });
  recorder.recordCells("e", { cells: [cell(1), cell(2)], replace: true });
  const failing = recorder.flush();
  recorder.recordCells("e", { cells: [cell(2), cell(3)], replace: true });
  await assert.rejects(failing, { code: "store/newer-format" });
  recorder.recordCells("e", { cells: [cell(4)], replace: false });
  await Deno.remove(path);
  await recorder.close();
  const rows = await queryRows(path, "SELECT (axes->>'steps')::INT AS s FROM cells ORDER BY s");
  assert.deepEqual(rows.map(({ s }) => s), [2, 3, 4]);
});

Deno.test("Recorder warns once while it cannot write in the background, and goes on trying", async () => {
  using results = await emptyResults();
  const { path, warnings } = results;
  await create(path);
  await change(path, "UPDATE schema_version SET version = 99");
  const triedAgain = Promise.withResolvers<void>();
  const { create: make } = DuckDBInstance;
  let tries = 0;
  DuckDBInstance.create = (file, settings) => {
    if (++tries === 4) triedAgain.resolve();
    return make.call(DuckDBInstance, file, settings);
  };
  const recorder = results.open({ intervalMs: 1 });
  recorder.recordMeasurements(keyOf(1), { attempt: 1, measurements: [measurement(1)] });
  await triedAgain.promise;
  Object.assign(DuckDBInstance, { create: make });
  await assert.rejects(recorder.flush(), { code: "store/newer-format" });
  await Deno.remove(path);
  await recorder.close();
  assert.equal((await queryRows(path, "FROM measurements")).length, 1);
  assert.equal(warnings.length, 1);
  assert.ok(warnings[0]!.startsWith(`results wait to be written to ${path}: cannot use a data`));
});

Deno.test("writeDatabase() gives the file to one piece of work of this process at a time", async () => {
  using results = await emptyResults();
  const { path, folder } = results;
  let open = 0, most = 0;
  await Promise.all(Array.from({ length: 8 }, async (_, i) => {
    const spelled = i % 2 === 0 ? path : `${folder.root}/./titrate.duckdb`;
    await writeDatabase(spelled, {
      work: async (connection) => {
        most = Math.max(most, ++open);
        await connection.run(`INSERT INTO scores VALUES ('${i}', 'b', 'm', 's', ${i}, NULL)`);
        open--;
      },
    });
    const reader = await openReader(spelled);
    most = Math.max(most, ++open);
    await reader.connection.run("FROM scores");
    open--;
    reader.close();
    reader.close();
  }));
  assert.equal(most, 1);
  assert.equal((await queryRows(path, "FROM scores")).length, 8);
});

Deno.test("a database that is not ours to use is refused and left as it is", async () => {
  using folder = new TempDir();
  const newer = `${folder.path}/newer.duckdb`;
  const strange = `${folder.path}/strange.duckdb`;
  const sqlite = `${folder.path}/sqlite.duckdb`;
  await create(newer);
  await change(newer, "UPDATE schema_version SET version = 99");
  await change(strange, "CREATE TABLE birds (name VARCHAR)");
  const head = new Uint8Array(8192);
  head.set(new TextEncoder().encode("SQLite format 3\0"));
  await Deno.writeFile(sqlite, head);
  const uses = [openReader, (path: string) => create(path)];
  for (const use of uses) {
    await assert.rejects(use(newer), {
      code: "store/newer-format",
      message: "cannot use a database of version 99, this version of Titrate knows " +
        SCHEMA_VERSION,
      faults: [{
        code: "store/newer-format",
        message: "cannot use a database of version 99, this version of Titrate knows " +
          SCHEMA_VERSION,
        at: { file: newer },
        mend: "use the newer version of Titrate, or another results folder",
      }],
    });
    await assert.rejects(use(strange), {
      code: "store/not-a-database",
      message: "this database is not one of Titrate",
    });
    await assert.rejects(use(sqlite), {
      code: "store/not-a-database",
      message: "this is an SQLite database, not one of Titrate",
    });
  }
  assert.deepEqual(await Deno.readFile(sqlite), head);
  await Deno.writeTextFile(`${folder.path}/text`, "");
  await assert.rejects(create(`${folder.path}/text/below.duckdb`), { code: "store/io" });
});

Deno.test("a path of results may hold what means something elsewhere", async () => {
  for (
    const name of [
      "a#b",
      "100%20",
      "with space",
      "~",
      "naïve-日本",
      "it's",
      'say "x"',
      "a,b",
    ]
  ) {
    using folder = new TempDir();
    const path = `${folder.path}/${name}/titrate.duckdb`;
    await create(path);
    assert.deepEqual(await queryRows(path, "FROM scores"), [], name);
    assert.deepEqual(namesIn(`${folder.path}/${name}`), ["titrate.duckdb", "titrate.duckdb.lock"]);
  }
});

Deno.test("a ? in the path of results is refused in plain words", () => {
  assert.throws(() => resultsFolder("/tmp/a?b/results"), {
    code: "store/bad-root",
    message: "a database cannot stand below a name with a ?",
  });
});

/** Makes a database, or writes nothing into one that is there. */
async function create(path: string): Promise<void> {
  await writeDatabase(path, { work: () => Promise.resolve() });
}

async function change(path: string, sql: string): Promise<void> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
}

Deno.test("a database of a few rows takes no more than its tables need", async () => {
  await using results = await emptyResults();
  await commit(results.store, keyOf(1), {});
  const recorder = results.open();
  recorder.recordCached([keyOf(1)]);
  recorder.recordCells("a", { cells: [{ stage: "s", axes: {}, key: keyOf(1) }], replace: true });
  await recorder.close();
  const [size] = await queryRows(results.path, "SELECT block_size FROM pragma_database_size()");
  const { size: bytes } = Deno.statSync(results.path);
  assert.ok(bytes < 1_500_000, `${bytes} bytes, in blocks of ${JSON.stringify(size)}`);
});
