import assert from "node:assert/strict";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { ExperimentError } from "../../../lib/base/errors.ts";
import { FACTS } from "../../../lib/base/facts.ts";
import { sleep } from "../../../lib/base/sleep.ts";
import { loadHistory } from "../../../lib/store/database/history.ts";
import { MeasurementLog } from "../../../lib/store/objects/measurements.ts";
import { query, queryRows } from "../../../lib/store/database/query.ts";
import { rebuild } from "../../../lib/store/database/rebuild.ts";
import type { FitRow, RunStart } from "../../../lib/store/database/rows.ts";
import { TABLES } from "../../../lib/store/database/schema.ts";
import { readJournals } from "../../../lib/store/journal.ts";
import { FileLock } from "../../../lib/store/lock.ts";
import { commit, emptyResults, keyOf, namesIn, newArtifact } from "../_fixtures.ts";

const START: RunStart = {
  run: "r1",
  experiment: "ablation",
  about: "How many steps?",
  file: "experiments/ablation.yaml",
  files: [
    { file: "experiments/ablation.yaml", text: "stages: {} # as written\n" },
    { file: "experiments/base.yaml", text: "about: base\n" },
  ],
  startedAt: "2026-01-02T03:04:05.678Z",
  axes: ["steps", "seed"],
  argv: ["run", "experiments/ablation.yaml"],
  version: "0.2.0",
  commit: "c0ffee",
  process: {
    host: "here",
    processor: "a fast one",
    pid: 42,
    startedAt: "2026-01-02T03:04:00Z",
  },
};
const loss = (step: number, value: number) => (
  { step, name: "lossNats", split: "train", value }
);

Deno.test("results has one row a cell and score, in the order of the spec", async () => {
  using results = await emptyResults();
  const { path, store } = results;
  const scores = [
    { benchmark: "ncbi", metric: "f1", split: "test", value: 0.505, standardError: 0.02 },
    { benchmark: "ncbi", metric: "f1", split: "dev", value: 0.51 },
  ];
  const facts = {
    steps: 100,
    uniqueTokens: 4000,
    seenTokens: 8000,
    epochs: 2,
    parameters: 1e6,
    flops: 1.5e18,
  };
  await commit(store, keyOf(1), { outcome: { facts, scores } });
  await commit(store, keyOf(2), { outcome: { facts: {}, scores: [scores[0]!] } });
  const recorder = results.open();
  const about = "Entities found.";
  const f1 = {
    unit: "fraction",
    better: "higher",
    range: [0, 1],
    isHeadline: true,
    about,
  } as const;
  recorder.beginRun({ ...START, metrics: { pretrain: { f1 } } });
  recorder.recordCached([keyOf(1), keyOf(2)]);
  recorder.recordCells("ablation", {
    replace: true,
    cells: [
      { stage: "ner", axes: { steps: 100, seed: 1 }, key: keyOf(1), seed: 1 },
      { stage: "ner", axes: { steps: 0, seed: 1 }, key: keyOf(2), seed: 1 },
      { stage: "control", axes: {}, key: keyOf(2) },
      { stage: "running", axes: {}, key: keyOf(3) },
    ],
  });
  await recorder.close();

  const { columns, types, batches } = await query(path, "SELECT * FROM results");
  assert.deepEqual(Object.fromEntries(columns.map((name, i) => [name, types[i]])), {
    experiment: "VARCHAR",
    stage: "VARCHAR",
    key: "VARCHAR",
    axes: "JSON",
    benchmark: "VARCHAR",
    metric: "VARCHAR",
    split: "VARCHAR",
    seed: "BIGINT",
    value: "DOUBLE",
    standard_error: "DOUBLE",
    unit: "VARCHAR",
    better: "VARCHAR",
    is_current: "BOOLEAN",
    place: "INTEGER",
    kind: "VARCHAR",
    ...Object.fromEntries(Object.values(FACTS).map(({ column, type }) => [column, type])),
  });
  assert.equal(
    columns.join(", "),
    "experiment, stage, key, axes, benchmark, metric, split, seed, value, standard_error, unit, " +
      "better, is_current, place, kind, " +
      Object.values(FACTS).map(({ column }) => column).join(", "),
  );
  const shown = [
    "stage",
    "key",
    "axes",
    "split",
    "seed",
    "value",
    "standard_error",
    "unit",
    "better",
    "steps",
    "flops",
  ];
  const rows = (await Array.fromAsync(batches)).flat()
    .map((row) => shown.map((name) => row[columns.indexOf(name)]));
  const known = ["fraction", "higher", 100, 1.5e18];
  const absent = ["fraction", "higher", null, null];
  const trained = ["ner", keyOf(1), { seed: 1, steps: 100 }];
  assert.deepEqual(rows, [
    [...trained, "dev", 1, 0.51, null, ...known],
    [...trained, "test", 1, 0.505, 0.02, ...known],
    ["ner", keyOf(2), { seed: 1, steps: 0 }, "test", 1, 0.505, 0.02, ...absent],
    ["control", keyOf(2), {}, "test", null, 0.505, 0.02, ...absent],
  ]);
});

Deno.test("recordCells() drops an experiment's former cells only when it replaces them", async () => {
  using results = await emptyResults();
  const { path } = results;
  const cell = (steps: number, key: number) => ({ stage: "ner", axes: { steps }, key: keyOf(key) });
  const cells = async () =>
    (await queryRows(
      path,
      "SELECT experiment AS e, axes->>'steps' AS s, key FROM cells ORDER BY ALL",
    )).map(({ e, s, key }) => `${e} ${s} ${parseInt(String(key), 16)}`);
  const recorder = results.open();
  recorder.recordCells("other", { cells: [cell(100, 9)], replace: true });
  recorder.recordCells("ablation", { cells: [cell(100, 1), cell(200, 2)], replace: true });
  await recorder.flush();
  recorder.recordCells("ablation", { cells: [cell(200, 3), cell(400, 4)], replace: false });
  await recorder.flush();
  assert.deepEqual(await cells(), [
    "ablation 100 1",
    "ablation 200 3",
    "ablation 400 4",
    "other 100 9",
  ]);
  recorder.recordCells("ablation", { cells: [cell(800, 5)], replace: false });
  recorder.recordCells("ablation", { cells: [cell(200, 6)], replace: true });
  await recorder.close();
  assert.deepEqual(await cells(), ["ablation 200 6", "other 100 9"]);
});

Deno.test("Recorder follows a run and its tasks to their end", async () => {
  using results = await emptyResults();
  const { path } = results;
  const recorder = results.open();
  recorder.beginRun(START);
  recorder.recordCells("ablation", {
    cells: [{ stage: "ner", axes: {}, key: keyOf(1) }],
    replace: true,
  });
  const task = { run: "r1", key: keyOf(1), kind: "ner" };
  recorder.recordTask({ ...task, state: "running", attempt: 1 });
  await recorder.flush();
  const [running] = await queryRows(path, "SELECT status, ended_at, total FROM runs");
  assert.deepEqual(running, { status: "running", ended_at: null, total: null });
  const at = { file: "a.txt", line: 3, column: 7 };
  const faults = [
    { code: "text/bad-json", message: "out of memory", at, mend: "buy some" },
    { code: "text/io", message: "and more" },
  ] as const;
  recorder.recordTask({ ...task, state: "failed", faults });
  recorder.recordTask({ ...task, key: keyOf(2), state: "running", attempt: 3 });
  recorder.recordTask({ ...task, key: keyOf(2), state: "waiting" });
  recorder.endRun("r1", {
    status: "failed",
    counts: { total: 3, cached: 1, ran: 1, failed: 1 },
    elapsedMs: 12.5,
  });
  await recorder.close();
  const [run] = await queryRows(
    path,
    "SELECT * EXCLUDE ended_at, ended_at > started_at AS is_after FROM runs",
  );
  assert.deepEqual(run, {
    run: "r1",
    experiment: "ablation",
    variant: null,
    file: START.file,
    argv: START.argv,
    status: "failed",
    started_at: "2026-01-02 03:04:05.678",
    elapsed_ms: 12.5,
    total: 3,
    cached: 1,
    ran: 1,
    failed: 1,
    version: "0.2.0",
    commit: "c0ffee",
    host: "here",
    processor: "a fast one",
    pid: 42,
    process_started_at: "2026-01-02 03:04:00",
    is_after: true,
  });
  assert.deepEqual(await queryRows(path, "SELECT * EXCLUDE place FROM experiments"), [{
    experiment: "ablation",
    name: "ablation",
    variant: null,
    file: START.file,
    about: "How many steps?",
    axes: ["steps", "seed"],
    latest_run: "r1",
  }]);
  assert.deepEqual(await queryRows(path, "FROM specs"), [
    { run: "r1", experiment: "ablation", place: 0, ...START.files[0] },
    { run: "r1", experiment: "ablation", place: 1, ...START.files[1] },
  ]);
  const failure = {
    experiment: "ablation",
    stage: "ner",
    axes: {},
    kind: "ner",
    key: keyOf(1),
  };
  assert.deepEqual(await queryRows(path, "FROM failures"), [
    {
      ...failure,
      run: "r1",
      attempt: 1,
      code: "text/bad-json",
      message: "out of memory",
      file: "a.txt",
      line_number: 3,
      column_number: 7,
      mend: "buy some",
    },
    {
      ...failure,
      run: "r1",
      attempt: 1,
      code: "text/io",
      message: "and more",
      file: null,
      line_number: null,
      column_number: null,
      mend: null,
    },
  ]);
  assert.deepEqual(
    await queryRows(path, "SELECT state, run, attempt, message, version FROM tasks ORDER BY key"),
    [
      { state: "failed", run: "r1", attempt: 1, message: "out of memory", version: null },
      { state: "waiting", run: "r1", attempt: 3, message: null, version: null },
    ],
  );
});

Deno.test("failures of a task that two specs share are told of each one's own spec", async () => {
  using results = await emptyResults();
  const { path } = results;
  const own = { code: "run/bug", message: "spec's", at: { file: "b.yaml", line: 7, column: 5 } };
  const other = { code: "text/io", message: "file's", at: { file: "a.txt", line: 3 } } as const;
  for (const [run, name, line] of [["r1", "a", 4], ["r2", "b", 7]] as const) {
    const recorder = results.open();
    recorder.beginRun({ ...START, run, experiment: name, file: `${name}.yaml` });
    const cell = { axes: {}, key: keyOf(1), at: { file: `${name}.yaml`, line } };
    recorder.recordCells(name, { replace: true, cells: [{ stage: "ner", ...cell }] });
    // Both runs had it, and what the last one says stands.
    const faults = [{ ...own, at: { file: `${name}.yaml`, line, column: 5 } }, other] as const;
    recorder.recordTask({ run, key: keyOf(1), kind: "ner", state: "failed", faults } as never);
    await recorder.close();
  }
  assert.deepEqual(
    await queryRows(
      path,
      "SELECT experiment, run, message, file, line_number, column_number FROM failures",
    ),
    [
      ["a", "spec's", "a.yaml", 4, null],
      ["a", "file's", "a.txt", 3, null],
      ["b", "spec's", "b.yaml", 7, 5],
      ["b", "file's", "a.txt", 3, null],
    ].map(([experiment, message, file, line_number, column_number]) => (
      { experiment, run: "r2", message, file, line_number, column_number }
    )),
  );
});

Deno.test("a rebuild keeps what failed in a run that was killed before its end", async () => {
  using results = await emptyResults();
  const { path, folder, store } = results;
  const recorder = results.open();
  recorder.beginRun({ ...START, experiment: "a", file: "a.yaml" });
  const at = { file: "a.yaml", line: 4 };
  recorder.recordCells("a", {
    replace: true,
    cells: [1, 2].map((n) => ({ stage: "ner", axes: { n }, key: keyOf(n), at })),
  });
  const faults = [{ code: "text/io" as const, message: "no more", at: { file: "a.txt", line: 3 } }];
  const task = { run: START.run, kind: "ner" } as const;
  // The journal stands written already, and is written anew for this.
  await recorder.flush();
  recorder.recordTask({ ...task, key: keyOf(1), state: "failed", attempt: 2, faults });
  recorder.recordTask({ ...task, key: keyOf(2), state: "running", attempt: 1 });
  // It is killed here: nothing says how it ended.
  await recorder.flush();
  const told = async () => ({
    failures: await queryRows(path, "FROM failures"),
    tasks: await queryRows(path, "SELECT key, state, attempt FROM tasks WHERE state = 'failed'"),
    run: await queryRows(path, "SELECT run, ended_at, total FROM runs"),
  });
  const before = await told();
  assert.equal(before.failures.length, 1);
  await rebuild(folder, { store });
  assert.deepEqual(await told(), before);
  // What only ran is not known to have come to anything, and nothing of it is told.
  assert.deepEqual(await queryRows(path, "SELECT count(*) AS n FROM tasks"), [{ n: 1 }]);
  await recorder.close();
});

Deno.test("recordArtifact() makes a failed task done and keeps the run that did it", async () => {
  using results = await emptyResults();
  const { path } = results;
  const task = { run: "r2", key: keyOf(1), kind: "pretrain" } as const;
  const recorder = results.open();
  const faults = [{ code: "run/bug", message: "killed" }] as const;
  recorder.recordTask({ ...task, run: "r1", state: "failed", faults });
  const measurements = [loss(1, 0.25), loss(9, 0.75)];
  recorder.recordMeasurements(keyOf(1), { attempt: 1, measurements });
  await recorder.flush();
  recorder.recordTask({ ...task, state: "running", attempt: 2 });
  recorder.recordArtifact({
    record: { format: 2, key: keyOf(1), ...newArtifact(), attempt: 2, files: [] },
    measurements: [{ ...loss(1, 0.5), standardError: 0.1 }],
  });
  await recorder.close();
  const [row] = await queryRows(path, "SELECT state, run, attempt, message, device FROM tasks");
  assert.deepEqual(row, { state: "done", run: "r2", attempt: 2, message: null, device: "cpu" });
  assert.deepEqual(
    await queryRows(path, "SELECT step, attempt, value, standard_error FROM measurements"),
    [{ step: 1, attempt: 2, value: 0.5, standard_error: 0.1 }],
    "what the artifact does not have is gone",
  );
  assert.deepEqual(await queryRows(path, "FROM faults"), []);
  const params = await queryRows(path, "SELECT name, value, number FROM params ORDER BY name");
  assert.deepEqual(params.map(({ name, value, number }) => [name, value, number]), [
    ["preset", "bert-pico", null],
    ["schedule.form", "constant", null],
    ["schedule.warmup", "10", 10],
    ["sizes[0]", "1", 1],
    ["sizes[1]", "2", 2],
  ]);
});

Deno.test("recordFits() puts an experiment's fits in place of its former ones", async () => {
  using results = await emptyResults();
  const { path } = results;
  const fit: FitRow = {
    fit: "tokens",
    cell: { steps: 800 },
    stage: "ner",
    benchmark: "ncbi",
    metric: "f1",
    split: "test",
    against: "uniqueTokens",
    form: "limit + amplitude * x^-exponent",
    shape: "saturating",
    points: 8,
    parameters: { limit: 0.715, amplitude: -2, exponent: 0.3, ninetyPercentAt: 9000 },
    intervals: {
      limit: { low: 0.7, high: NaN },
      amplitude: { low: -3, high: -1 },
      exponent: { low: 0.2, high: 0.4 },
      ninetyPercentAt: { low: 4000, high: Infinity },
    },
    next: { x: 20_000, value: 0.6, interval: { low: 0.59, high: 0.61 } },
    goodness: { rmse: 0.4, rSquared: 0.9, chanceOfConstant: 0.001 },
    warnings: ["3 distinct x"],
  };
  const recorder = results.open();
  recorder.recordFits("other", [fit]);
  recorder.recordFits("ablation", [{ ...fit, fit: "old" }]);
  await recorder.flush();
  const { parameters: _, ...unfitted } = fit;
  recorder.recordFits("ablation", [fit, { ...unfitted, cell: { steps: 400 } }]);
  await recorder.close();
  const rows = await queryRows(path, "FROM fits ORDER BY experiment, cell");
  assert.deepEqual(
    rows.map(({ experiment, fit, cell, parameters }) => [
      experiment,
      fit,
      cell,
      parameters,
    ]),
    [
      ["ablation", "tokens", { steps: 400 }, null],
      ["ablation", "tokens", { steps: 800 }, fit.parameters],
      ["other", "tokens", { steps: 800 }, fit.parameters],
    ],
  );
  const { limit, ninetyPercentAt } = rows[1]!.intervals as Record<string, unknown>;
  assert.deepEqual(limit, { low: 0.7, high: null });
  assert.deepEqual(ninetyPercentAt, { low: 4000, high: null });
  assert.deepEqual([rows[1]!.against, rows[1]!.shape], ["unique_tokens", "saturating"]);
  assert.deepEqual(
    [rows[1]!.next, rows[1]!.goodness, rows[1]!.warnings],
    [fit.next, fit.goodness, fit.warnings],
  );
});

Deno.test("recordCells() leaves what is there and writes what differs, whatever was there", async () => {
  const cell = fc.record({
    stage: fc.constantFrom("ner", "pretrain"),
    axes: fc.record(
      { steps: fc.constantFrom(1, 2, 3), data: fc.constantFrom("a", "b") },
      { noNullPrototype: true },
    ),
    number: fc.nat({ max: 3 }),
    seed: fc.option(fc.nat({ max: 2 }), { nil: undefined }),
  });
  const lists = fc.array(
    fc.uniqueArray(cell, { selector: ({ stage, axes }) => JSON.stringify([stage, axes]) }),
    { minLength: 2, maxLength: 3 },
  );
  await fc.assert(
    fc.asyncProperty(lists, async (runs) => {
      using results = await emptyResults();
      for (const [index, list] of runs.entries()) {
        const recorder = results.open();
        recorder.beginRun({ ...START, run: `r${index}` });
        const cells = list.map(({ number, ...each }) => ({ ...each, key: keyOf(number) }));
        recorder.recordCells("ablation", { cells, replace: true });
        await recorder.close();
      }
      const rows = await queryRows(
        results.path,
        "SELECT stage, axes, wanted_key, seed FROM cells ORDER BY place",
      );
      assert.deepEqual(
        rows,
        runs.at(-1)!.map(({ stage, axes, number, seed }) => (
          { stage, axes, wanted_key: keyOf(number), seed: seed ?? null }
        )),
      );
    }),
    { numRuns: 8 },
  );
});

Deno.test("recordMeasurements() counts each step once, however often and in what pieces", async () => {
  using results = await emptyResults();
  const { path } = results;
  let task = 0;
  const piece = fc.record({
    attempt: fc.integer({ min: 1, max: 3 }),
    measurements: fc.array(
      fc.record({
        step: fc.integer({ min: 0, max: 8 }),
        name: fc.constantFrom("lossNats", "learningRate"),
        split: fc.constantFrom("train", "validation"),
        value: fc.double({ noNaN: true }),
      }),
      { maxLength: 12 },
    ),
    isFlushed: fc.boolean(),
  });
  const recorder = results.open();
  recorder.recordCells("none", { cells: [], replace: true });
  await recorder.flush();
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 5 }), async (pieces) => {
      const key = keyOf(task++);
      const expected = new Map<string, unknown>();
      for (const { attempt, measurements, isFlushed } of pieces) {
        recorder.recordMeasurements(key, { attempt, measurements });
        if (isFlushed) await recorder.flush();
        for (const { step, name, split, value } of measurements) {
          expected.set(JSON.stringify([step, name, split]), [attempt, finite(value)]);
        }
      }
      await recorder.flush();
      const rows = await queryRows(path, "FROM measurements WHERE key = $1", { values: [key] });
      const seen = rows.map(({ step, name, split, attempt, value }) =>
        [JSON.stringify([step, name, split]), [attempt, value]] as const
      );
      assert.equal(seen.length, expected.size);
      assert.deepEqual(new Map(seen), expected);
    }),
    { numRuns: 10 },
  );
  await recorder.close();
});

Deno.test("a task that is run again shows its former measurements until the new ones are there", async () => {
  using results = await emptyResults();
  const recorder = results.open();
  const values = async () => {
    await recorder.flush();
    const rows = await queryRows(
      results.path,
      "SELECT attempt, value FROM measurements ORDER BY ALL",
    );
    return rows.map(({ attempt, value }) => [attempt, value]);
  };
  const finish = (attempt: number, ...steps: number[]) =>
    recorder.recordArtifact({
      record: { format: 2, key: keyOf(1), ...newArtifact(), attempt, files: [] },
      measurements: steps.map((step) => loss(step, step * attempt)),
    });
  const measure = (attempt: number, step: number) =>
    recorder.recordMeasurements(keyOf(1), { attempt, measurements: [loss(step, step * attempt)] });
  measure(1, 1);
  assert.deepEqual(await values(), [[1, 1]]);
  measure(1, 2);
  assert.deepEqual(await values(), [[1, 1], [1, 2]]);
  finish(1, 1, 2);
  assert.deepEqual(await values(), [[1, 1], [1, 2]]);
  measure(2, 1);
  assert.deepEqual(await values(), [[1, 1], [1, 2]]);
  finish(2, 1);
  assert.deepEqual(await values(), [[2, 2 * 1]]);
  await recorder.close();
});

Deno.test("rebuild() from the store gives the tables that the run wrote", async () => {
  using results = await emptyResults();
  const { folder, path, store } = results;
  const recorder = results.open();
  const published = {
    dataset: "Set",
    publishedMetric: "F1",
    model: "BERT",
    value: 0.5,
    source: "p",
  };
  recorder.beginRun({ ...START, published: [published, { ...published, benchmark: "ner" }] });
  const cells = [1, 2, 3].map((n) => ({ stage: "ner", axes: { n }, key: keyOf(n), place: n }));
  recorder.recordCells("ablation", { cells, replace: true });
  const identities = cells.map(({ key }) => [key, { kind: "pretrain", key }] as const);
  recorder.recordHistory({ run: "r1", experiment: "ablation", identities, cells });
  for (const key of [keyOf(1), keyOf(2), keyOf(3)]) {
    // Killed at step 4 with a checkpoint at step 2, then resumed.
    const killed = await store.begin(key);
    const before = await MeasurementLog.open(killed.scratchDir);
    for (const step of [1, 2, 3, 4]) {
      before.append(loss(step, step));
      recorder.recordMeasurements(key, { attempt: 1, measurements: [loss(step, step)] });
    }
    before.close();
    await recorder.flush();
    await killed.abandon();
    await using resumed = await store.begin(key);
    const log = await MeasurementLog.open(resumed.scratchDir);
    for (const step of [3, 4, 5]) {
      const measured = { ...loss(step, step / 3), standardError: step / 100 };
      log.append(measured);
      recorder.recordMeasurements(key, { attempt: 2, measurements: [measured] });
    }
    await log.finish(resumed.outDir);
    const start = { key: keyOf(9), step: 0 };
    const record = await resumed.commit({ ...newArtifact(), start });
    recorder.recordTask({ run: "r1", key, kind: record.kind, state: "running", attempt: 2 });
    recorder.recordCached([key]);
  }
  const at = { file: "text.txt", line: 3 };
  const faults = [{ code: "text/bad", message: "no", at, mend: "mend it" }] as const;
  recorder.recordTask({
    run: "r1",
    key: keyOf(4),
    kind: "ner",
    state: "failed",
    attempt: 1,
    faults,
  });
  recorder.recordTask({ run: "r1", key: keyOf(5), kind: "ner", state: "skipped" });
  const counts = { total: 5, cached: 0, ran: 3, failed: 2 };
  recorder.endRun("r1", { status: "done", counts, elapsedMs: 5 });
  assert.equal(await recorder.close(), true);
  const tables = Object.keys(TABLES).filter((name) => name !== "fits");
  const contents = () =>
    Promise.all(tables.map((table) => queryRows(path, `FROM ${table} ORDER BY ALL`)));
  const written = await contents();
  for (const [i, table] of tables.entries()) {
    if (["metrics", "running_measurements"].includes(table)) continue;
    assert.ok(written[i]!.length > 0, table);
  }
  const { artifacts, runs, former } = await rebuild(folder, { store });
  assert.deepEqual({ artifacts, runs }, { artifacts: 3, runs: 1 });
  assert.equal(former, `${path}.aside-1`);
  assert.deepEqual(await contents(), written);
  await Deno.remove(path);
  assert.equal((await rebuild(folder, { store })).former, undefined);
  assert.deepEqual(await contents(), written);
  const steps = await queryRows(
    path,
    "SELECT step, value, attempt FROM measurements WHERE key = $1 ORDER BY step",
    { values: [keyOf(2)] },
  );
  assert.deepEqual(steps.map(({ step, value }) => [step, value]), [
    [1, 1],
    [2, 2],
    [3, 1],
    [4, 4 / 3],
    [5, 5 / 3],
  ]);
  assert.deepEqual(new Set(steps.map(({ attempt }) => attempt)), new Set([2]));
  assert.deepEqual(results.warnings, []);
});

Deno.test("moveCells() keeps one list of cells however many choices are made, and rebuild() moves them", async () => {
  using results = await emptyResults();
  const { folder, path, store } = results;
  const recorder = results.open();
  recorder.beginRun(START);
  const cells = [1, 2, 3, 4].map((n) => (
    { stage: "ner", axes: { n }, key: keyOf(n === 4 ? 3 : n), place: n }
  ));
  const about = { run: "r1", experiment: "ablation" };
  recorder.recordCells("ablation", { cells, replace: true });
  recorder.recordHistory({ ...about, identities: [], cells });
  for (const n of [2, 3, 5]) {
    // Keys that stand at no cell move too.
    const keys = new Map([[keyOf(n), keyOf(10 * n)]]);
    const identities = [[keyOf(10 * n), { kind: "ner", n }]] as const;
    recorder.moveCells({ ...about, keys, identities });
    await recorder.flush();
  }
  await recorder.close();
  const lists = namesIn(folder.runs).filter((name) => name.startsWith("cells-"));
  assert.equal(lists.length, 1);
  const keys = async () =>
    (await queryRows(path, "SELECT key, wanted_key FROM cells ORDER BY place"))
      .map(({ key, wanted_key }) => [key, wanted_key]);
  const moved = [1, 20, 30, 30].map((n) => [keyOf(n), keyOf(n)]);
  assert.deepEqual(await keys(), moved);
  await rebuild(folder, { store });
  assert.deepEqual(await keys(), moved);
  const history = await loadHistory(path, "ablation");
  assert.deepEqual(history.keysAt({ stage: "ner", axes: { n: 4 } }), [keyOf(30)]);
});

Deno.test("a journal has what keys are made of, but for those whose artifacts are there", async () => {
  using results = await emptyResults();
  const { folder, store } = results;
  await commit(store, keyOf(1));
  await commit(store, keyOf(3));
  const recorder = results.open();
  recorder.beginRun(START);
  const cells = [1, 2].map((n) => ({ stage: "ner", axes: { n }, key: keyOf(n), place: n }));
  const identityAt = (n: number) => [keyOf(n), { kind: "ner", n }] as const;
  const about = { run: "r1", experiment: "ablation" };
  recorder.recordCells("ablation", { cells, replace: true });
  recorder.recordHistory({ ...about, identities: [identityAt(1), identityAt(2)], cells });
  const keys = new Map([[keyOf(1), keyOf(3)], [keyOf(2), keyOf(4)]]);
  recorder.moveCells({ ...about, keys, identities: [identityAt(3), identityAt(4)] });
  await recorder.close();
  const [journal] = await Array.fromAsync(readJournals(folder.runs));
  assert.deepEqual(journal!.identities, [identityAt(2), identityAt(4)]);
});

Deno.test("a journal keeps the attempt that a task failed in, and that cells are a part of all", async () => {
  using results = await emptyResults();
  const { folder } = results;
  const recorder = results.open();
  recorder.beginRun(START);
  const cells = [{ stage: "ner", axes: {}, key: keyOf(1), place: 0 }];
  recorder.recordCells("ablation", { cells, replace: false });
  recorder.recordHistory({ run: "r1", experiment: "ablation", identities: [], cells });
  const task = { run: "r1", key: keyOf(1), kind: "ner" } as const;
  recorder.recordTask({ ...task, state: "running", attempt: 3 });
  recorder.recordTask({ ...task, state: "failed", faults: [{ code: "run/bug", message: "no" }] });
  await recorder.close();
  const [journal] = await Array.fromAsync(readJournals(folder.runs));
  assert.equal(journal!.cells!.replace, false);
  assert.equal(journal!.tasks![0]!.attempt, 3);
});

Deno.test("a journal that could not be written is written when its folder can be", async () => {
  using results = await emptyResults();
  const { folder } = results;
  const recorder = results.open({ intervalMs: 60_000 });
  recorder.beginRun(START);
  await recorder.flush();
  await Deno.remove(folder.runs, { recursive: true });
  await Deno.writeTextFile(folder.runs, "in its way");
  recorder.endRun("r1", {
    status: "done",
    counts: { total: 0, cached: 0, ran: 0, failed: 0 },
    elapsedMs: 1,
  });
  await assert.rejects(recorder.flush(), ExperimentError);
  await Deno.remove(folder.runs);
  assert.equal(await recorder.close(), true);
  const [journal] = await Array.fromAsync(readJournals(folder.runs));
  assert.equal(journal!.end!.status, "done");
});

Deno.test("moveCells() takes work as choices are made, not as their square", async () => {
  const elementsAt = async (choices: number) => {
    using results = await emptyResults();
    const recorder = results.open({ intervalMs: 60_000 });
    recorder.beginRun(START);
    const cells = Array.from({ length: choices }, (_, n) => (
      { stage: "ner", axes: { n }, key: keyOf(n), place: n }
    ));
    const about = { run: "r1", experiment: "ablation" };
    recorder.recordCells("ablation", { cells, replace: true });
    recorder.recordHistory({ ...about, identities: [], cells });
    const elements = countElements(() => {
      for (let n = 0; n < choices; n++) {
        const keys = new Map([[keyOf(n), keyOf(choices + n)]]);
        const identities = [[keyOf(choices + n), { kind: "ner", n }]] as const;
        recorder.moveCells({ ...about, keys, identities });
      }
    });
    await recorder.abandon();
    return elements;
  };
  const few = await elementsAt(1_000);
  assert.ok(few >= 1_000, "nothing was counted");
  const many = await elementsAt(2_000);
  assert.ok(many <= 2.2 * few, `${many} elements instead of ${few} for twice as many choices`);
});

/** How many elements of lists the work goes through, spreads and loops alike. */
function countElements(work: () => void): number {
  const { [Symbol.iterator]: original } = Array.prototype;
  let elements = 0;
  Array.prototype[Symbol.iterator] = function () {
    elements += this.length;
    return original.call(this);
  };
  try {
    work();
  } finally {
    Array.prototype[Symbol.iterator] = original;
  }
  return elements;
}

Deno.test("Recorder writes a rerun of what is cached and known in one transaction", async () => {
  using results = await emptyResults();
  const { path, store } = results;
  const keys = [keyOf(1), keyOf(2), keyOf(3)];
  for (const key of keys) await commit(store, key);
  const rerun = async () => {
    const recorder = results.open({ intervalMs: 60_000 });
    recorder.beginRun(START);
    recorder.recordCached(keys);
    await recorder.close();
  };
  await rerun();
  assert.equal((await queryRows(path, "FROM scores")).length, 3);
  const { readTextFileSync } = Deno;
  const { create } = DuckDBInstance;
  let reads = 0, transactions = 0;
  Deno.readTextFileSync = (file) => {
    reads++;
    return readTextFileSync(file);
  };
  DuckDBInstance.create = (file, settings) => {
    transactions++;
    return create.call(DuckDBInstance, file, settings);
  };
  try {
    await rerun();
  } finally {
    Object.assign(Deno, { readTextFileSync });
    Object.assign(DuckDBInstance, { create });
  }
  assert.deepEqual({ reads, transactions }, { reads: 0, transactions: 1 });
});

Deno.test("rows do not wait ten times as long as a write that took long", async () => {
  using results = await emptyResults();
  const { path, warnings } = results;
  const recorder = results.open({ intervalMs: 1, longestIntervalMs: 100 });
  const lock = await FileLock.tryTake(`${path}.lock`);
  assert.ok(lock !== undefined);
  recorder.beginRun(START);
  while (warnings.length === 0) await sleep(20);
  lock.release();
  // Two seconds went by; twenty more are not waited for.
  const startMs = performance.now();
  while (await Deno.stat(path).catch(() => undefined) === undefined) {
    assert.ok(performance.now() - startMs < 15_000, "still waiting");
    await sleep(20);
  }
  assert.equal(await recorder.close(), true);
});

Deno.test("recordCached() records more artifacts than are read at a time", async () => {
  using results = await emptyResults();
  const { path, store } = results;
  const keys = Array.from({ length: 70 }, (_, i) => keyOf(i));
  for (const key of keys) await commit(store, key, { files: {} });
  const recorder = results.open();
  recorder.recordCached([...keys, keyOf(9999)]);
  await recorder.close();
  const [row] = await queryRows(path, "SELECT count(*) AS n FROM tasks WHERE state = 'done'");
  assert.equal(row!.n, 70);
});

Deno.test("loadHistory() tells which keys stood at a cell, newest first, and what they hash", async () => {
  using results = await emptyResults();
  const { path } = results;
  await assert.rejects(loadHistory(path, "ablation"), { code: "store/no-database" });
  const recorder = results.open();
  const axes = { steps: 100 };
  for (const [run, key] of [["20260101", 1], ["20260102", 2], ["20260103", 1]] as const) {
    recorder.recordHistory({
      run,
      experiment: "ablation",
      identities: [[keyOf(key), { kind: "ner", lr: key / 10 }]],
      cells: [{ stage: "ner", axes, key: keyOf(key) }],
    });
    await recorder.flush();
  }
  await recorder.close();
  const history = await loadHistory(path, "ablation");
  assert.deepEqual(history.keysAt({ stage: "ner", axes }), [keyOf(1), keyOf(2)]);
  assert.deepEqual(history.keysAt({ stage: "ner", axes: { steps: 200 } }), []);
  assert.deepEqual(history.identity(keyOf(2)), { kind: "ner", lr: 0.2 });
  assert.equal(history.identity(keyOf(3)), undefined);
});

/** A double as the database's JSON has it. */
function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

Deno.test("Recorder refuses the name of another spec before it writes anything, its journal too", async () => {
  await using results = await emptyResults();
  const files = ["one.yaml", "two.yaml"].map((name) => `${results.folder.root}/${name}`);
  for (const file of files) await Deno.writeTextFile(file, "stages: {}\n");
  const first = results.open();
  first.beginRun({ ...START, file: files[0]! });
  await first.close();

  const second = results.open();
  second.beginRun({ ...START, run: "r2", file: files[1]! });
  await assert.rejects(second.flush(), { code: "store/name-taken" });
  assert.deepEqual(await queryRows(results.path, "SELECT run FROM runs"), [{ run: "r1" }]);
  const journals = [...Deno.readDirSync(results.folder.runs)].map(({ name }) => name);
  assert.deepEqual(journals, ["r1.json"]);
});
