/** The database between processes: who waits for whom, and what a kill leaves. */
import assert from "node:assert/strict";
import { DuckDBInstance } from "@duckdb/node-api";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import { openDatabase } from "../../../lib/store/database/database.ts";
import { queryRows } from "../../../lib/store/database/query.ts";
import { Recorder } from "../../../lib/store/database/recorder.ts";
import { SCHEMA_VERSION } from "../../../lib/store/database/schema.ts";
import { Child, keyOf, tempFolder } from "../_fixtures.ts";

const measurement = (step: number) => (
  { step, name: "lossNats", split: "train", value: step / 7 }
);

Deno.test("Recorder lets another process read whole transactions while a run is on", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/titrate.duckdb`;
  const recorder = Recorder.open(path, { intervalMs: 5 });
  const start = { run: "r1", experiment: "e", file: "e.yaml", text: "" };
  recorder.beginRun({ ...start, startedAt: "2026-01-02T03:04:05Z" });
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

Deno.test("Recorder says who keeps the database open, keeps its rows and writes them later", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/titrate.duckdb`;
  const holder = new Child("hold-database", path);
  assert.equal(await holder.line(), "held");
  const recorder = Recorder.open(path, { intervalMs: 60_000, lockLimitMs: 100 });
  recorder.recordMeasurements(keyOf(1), { attempt: 1, measurements: [measurement(1)] });
  await assert.rejects(recorder.flush(), (error: ExperimentError) => {
    assert.equal(error.code, "store/database-locked");
    assert.match(error.message, /^another program \(process \d+\) keeps the database open$/);
    assert.match(error.faults[0].mend!, /^close it there and run again/);
    return true;
  });
  await assert.rejects(queryRows(path, "FROM runs", { lockLimitMs: 100 }), {
    code: "store/database-locked",
  });
  recorder.recordMeasurements(keyOf(1), { attempt: 1, measurements: [measurement(2)] });
  await holder.kill();
  await recorder.close();
  const rows = await queryRows(path, "SELECT step FROM measurements ORDER BY step");
  assert.deepEqual(rows, [{ step: 1 }, { step: 2 }]);
});

Deno.test("Recorder applies what came while a write failed on top of what it kept", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/titrate.duckdb`;
  await Deno.writeTextFile(path, "in the way".repeat(1000));
  const recorder = Recorder.open(path, { intervalMs: 60_000 });
  const cell = (steps: number) => ({ stage: "ner", axes: { steps }, key: keyOf(steps) });
  recorder.recordCells("e", { cells: [cell(1), cell(2)], replace: true });
  const failing = recorder.flush();
  recorder.recordCells("e", { cells: [cell(2), cell(3)], replace: true });
  await assert.rejects(failing, { code: "store/not-a-database" });
  recorder.recordCells("e", { cells: [cell(4)], replace: false });
  await Deno.remove(path);
  await recorder.close();
  const rows = await queryRows(path, "SELECT (axes->>'steps')::INT AS s FROM cells ORDER BY s");
  assert.deepEqual(rows.map(({ s }) => s), [2, 3, 4]);
});

Deno.test("Recorder warns once while it cannot write in the background, and goes on trying", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/titrate.duckdb`;
  await Deno.writeTextFile(path, "in the way".repeat(1000));
  const warnings: string[] = [];
  const triedAgain = Promise.withResolvers<void>();
  const { create } = DuckDBInstance;
  let tries = 0;
  DuckDBInstance.create = (file, settings) => {
    if (++tries === 4) triedAgain.resolve();
    return create.call(DuckDBInstance, file, settings);
  };
  const recorder = Recorder.open(path, {
    intervalMs: 1,
    onWarning: (text) => warnings.push(text),
  });
  recorder.recordMeasurements(keyOf(1), { attempt: 1, measurements: [measurement(1)] });
  await triedAgain.promise;
  Object.assign(DuckDBInstance, { create });
  await assert.rejects(recorder.flush(), { code: "store/not-a-database" });
  await Deno.remove(path);
  await recorder.close();
  assert.equal((await queryRows(path, "FROM measurements")).length, 1);
  assert.equal(warnings.length, 1);
  assert.ok(warnings[0]!.startsWith(`results wait to be written to ${path}: cannot read`));
});

Deno.test("inTransaction() killed before its end leaves the database as it was", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/titrate.duckdb`;
  (await openDatabase(path, { canWrite: true })).close();
  const writer = new Child("die-in-transaction", path);
  assert.equal(await writer.line(), "written");
  await writer.kill();
  assert.deepEqual(await queryRows(path, "FROM scores"), []);
  await using recorder = Recorder.open(path);
  recorder.recordMeasurements(keyOf(1), { attempt: 1, measurements: [measurement(1)] });
  await recorder.flush();
  assert.equal((await queryRows(path, "FROM measurements")).length, 1);
});

Deno.test("openDatabase() gives the file to one piece of work of this process at a time", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/titrate.duckdb`;
  let open = 0, most = 0;
  await Promise.all(Array.from({ length: 8 }, async (_, i) => {
    const spelled = i % 2 === 0 ? path : `${folder.path}/./titrate.duckdb`;
    const database = await openDatabase(spelled, { canWrite: true });
    most = Math.max(most, ++open);
    await database.connection.run(`INSERT INTO scores VALUES ('${i}', 'b', 'm', 's', ${i})`);
    open--;
    database.close();
    database.close();
  }));
  assert.equal(most, 1);
  assert.equal((await queryRows(path, "FROM scores")).length, 8);
});

Deno.test("openDatabase() refuses what is not ours to use", async () => {
  await using folder = await tempFolder();
  const newer = `${folder.path}/newer.duckdb`;
  const strange = `${folder.path}/strange.duckdb`;
  const text = `${folder.path}/text.duckdb`;
  (await openDatabase(newer, { canWrite: true })).close();
  await change(newer, "UPDATE schema_version SET version = 99");
  await change(strange, "CREATE TABLE birds (name VARCHAR)");
  await Deno.writeTextFile(text, "a text".repeat(5000));
  for (const canWrite of [true, false]) {
    await assert.rejects(openDatabase(newer, { canWrite }), {
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
    await assert.rejects(openDatabase(strange, { canWrite }), {
      code: "store/not-a-database",
      message: "this database is not one of Titrate",
    });
    await assert.rejects(openDatabase(text, { canWrite }), (error: ExperimentError) => {
      assert.equal(error.code, "store/not-a-database");
      assert.match(error.faults[0].mend!, /deno task rebuild/);
      return true;
    });
  }
  await assert.rejects(openDatabase(`${text}/below.duckdb`, { canWrite: true }), {
    code: "store/io",
  });
});

async function change(path: string, sql: string): Promise<void> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
}
