/**
 * A database of ten million measurements: how fast they are recorded, how soon a grid is
 * shown, whether a rebuild gives the same, and how much memory each of these takes.
 *
 *     deno run -A tests/bench/ten_million.ts [rows] [measurements a task]
 */
import process from "node:process";
import { query, queryRows } from "../../lib/store/database/query.ts";
import { rebuild } from "../../lib/store/database/rebuild.ts";
import { Recorder } from "../../lib/store/database/recorder.ts";
import { TABLES } from "../../lib/store/database/schema.ts";
import { ArtifactStore } from "../../lib/store/objects/artifacts.ts";
import { resultsFolder } from "../../lib/store/results_folder.ts";
import type { Measurement } from "../../lib/base/measures.ts";
import { writeLooseJson } from "../../lib/base/json.ts";
import { TempDir } from "../_support/temp_dir.ts";

// deno-lint-ignore no-console -- a bench prints
const say = console.log;

const ROWS = Number(Deno.args[0] ?? 10_000_000);
const A_TASK = Number(Deno.args[1] ?? 10_000);
const TASKS = Math.ceil(ROWS / A_TASK);

const keyOf = (n: number) =>
  (Math.imul(n + 1, 2654435761) >>> 0).toString(16).padStart(8, "0").repeat(8);

/** The rows of a task, as a training measures them. */
function measurementsOf(task: number): Measurement[] {
  return Array.from({ length: A_TASK }, (_, i) => ({
    step: (i >> 1) + 1,
    name: i % 2 === 0 ? "contextGapNats" : "lossNats",
    split: "validation",
    value: 2 + task / TASKS + 1000 / (i + 100),
    standardError: 0.01,
  }));
}

/** Wall and CPU seconds, and the most memory meanwhile, of a piece of work. */
async function measured<T>(name: string, rows: number, work: () => Promise<T>): Promise<T> {
  // From here on the kernel counts the peak anew.
  await Deno.writeTextFile("/proc/self/clear_refs", "5").catch(() => {});
  const startMs = performance.now(), cpu = process.cpuUsage();
  const result = await work();
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const status = await Deno.readTextFile("/proc/self/status");
  const peakMb = Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
  const rate = (time: number) => Math.round(rows / time).toLocaleString("en");
  say(
    `${name}: ${seconds.toFixed(1)} s, ${rate(seconds)} rows/s ` +
      `(${rate((user + system) / 1e6)} a CPU second), peak ${peakMb} MB`,
  );
  return result;
}

/** What tells two databases apart: of each table the rows, whatever their order. */
async function digestOf(path: string): Promise<string> {
  const digests = [];
  for (const { name } of Object.values(TABLES)) {
    const [row] = await queryRows(
      path,
      `SELECT '${name}' AS name, count(*) AS rows, CAST(sum(CAST(hash(t) AS HUGEINT)) AS VARCHAR) AS sum,
         CAST(bit_xor(hash(t)) AS VARCHAR) AS mixed FROM ${name} AS t`,
    );
    digests.push(JSON.stringify(row));
  }
  return digests.join("\n");
}

using temp = new TempDir();
const folder = resultsFolder(temp.path);
const store = await ArtifactStore.open(folder.store);
const axesOf = (task: number) => ({
  tokens: 1000 * 2 ** (task % 10),
  steps: 100 * 2 ** (Math.floor(task / 10) % 10),
  seed: Math.floor(task / 100) + 1,
});
const cells = Array.from({ length: TASKS }, (_, task) => (
  { stage: "pretrain", axes: axesOf(task), key: keyOf(task), seed: axesOf(task).seed, place: task }
));

let committingMs = 0;
const recorder = Recorder.open(folder, { store, onWarning: say });
await measured("recording what artifacts say, as they are committed", ROWS, async () => {
  const metric = { unit: "nats", better: "lower", isHeadline: true, about: "Loss." } as const;
  recorder.beginRun({
    run: "r1",
    experiment: "ten",
    file: "ten.yaml",
    axes: ["tokens", "steps", "seed"],
    files: [],
    startedAt: new Date(0).toISOString(),
    metrics: { pretrain: { lossNats: metric, contextGapNats: metric } },
  });
  recorder.recordCells("ten", { cells, replace: true });
  for (const [task, { key, axes }] of cells.entries()) {
    const startMs = performance.now();
    const measurements = measurementsOf(task);
    await using attempt = await store.begin(key);
    const lines = measurements.map((each) => `${writeLooseJson(each)}\n`);
    await Deno.writeTextFile(`${attempt.outDir}/measurements.jsonl`, lines.join(""));
    const value = measurements.at(-1)!.value;
    const record = await attempt.commit({
      kind: "pretrain",
      version: 1,
      params: { schedule: { kind: "constant", learningRate: 1e-3 } },
      inputs: {},
      outcome: {
        facts: { steps: axes.steps, uniqueTokens: axes.tokens, flops: axes.steps * axes.tokens },
        scores: [{ benchmark: "mlm", metric: "lossNats", split: "validation", value }],
      },
      code: "c0de",
      device: "cpu",
      startedAt: new Date(0).toISOString(),
      elapsedMs: 1000,
    });
    committingMs += performance.now() - startMs;
    recorder.recordTask({ run: "r1", key, kind: "pretrain", state: "running", attempt: 1 });
    recorder.recordArtifact({ record, measurements });
    if (task % 10 === 9) await recorder.flush();
  }
  const counts = { total: TASKS, cached: 0, ran: TASKS, failed: 0 };
  recorder.endRun("r1", { status: "done", counts, elapsedMs: 1 });
  await recorder.close();
});
say(`  of it ${(committingMs / 1000).toFixed(1)} s to make and commit the artifacts`);
say(`  database ${Math.round((await Deno.stat(folder.database)).size / 1e6)} MB`);

using beside = new TempDir();
const other = resultsFolder(beside.path);
const live = Recorder.open(other, { store: await ArtifactStore.open(other.store) });
await measured("recording what tasks measure on their way", ROWS / 10, async () => {
  for (let task = TASKS; task < TASKS * 1.1; task++) {
    for (const each of measurementsOf(task)) {
      live.recordMeasurements(keyOf(task), { attempt: 1, measurements: [each] });
    }
    if (task % 5 === 4) await live.flush();
  }
  await live.close();
});

const QUERIES: Readonly<Record<string, string>> = {
  "the grid": "FROM results WHERE experiment = 'ten'",
  "a column an axis":
    "SELECT tokens, axis_steps, avg(value) FROM results_of('ten') GROUP BY ALL ORDER BY ALL",
  means: "FROM means WHERE experiment = 'ten'",
  gains: "FROM gains WHERE experiment = 'ten' AND of = 'whole axis'",
  frontier: "FROM frontier WHERE experiment = 'ten'",
  costs: "SELECT kind, sum(own_flops) FROM costs GROUP BY ALL",
  "a cell's curve": `FROM curves WHERE experiment = 'ten' AND axes = '${
    JSON.stringify({ seed: 1, steps: 100, tokens: 1000 })
  }' AND name = 'lossNats'`,
  "all last losses": `SELECT key, max_by(value, step) FROM measurements
    WHERE name = 'lossNats' GROUP BY ALL`,
};
for (const [name, sql] of Object.entries(QUERIES)) {
  const times = [], cpuTimes = [];
  for (let i = 0; i < 3; i++) {
    const startMs = performance.now(), cpu = process.cpuUsage();
    const { batches } = await query(folder.database, sql);
    for await (const _ of batches);
    times.push(performance.now() - startMs);
    const { user, system } = process.cpuUsage(cpu);
    cpuTimes.push((user + system) / 1000);
  }
  const [wall, busy] = [times, cpuTimes].map((each) => Math.round(Math.min(...each)));
  say(`${name}: ${wall} ms (${busy} ms of CPU time)`);
}

const before = await digestOf(folder.database);
await measured("rebuilding", ROWS, async () => {
  await rebuild(folder, { store, onWarning: say });
});
const after = await digestOf(folder.database);
say(before === after ? "the rebuilt database is the same" : `${before}\n---\n${after}`);
