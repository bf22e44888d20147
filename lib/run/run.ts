/**
 * Runs a study: executes what is not cached, records everything, fits the curves.
 *
 * Composes planner, scheduler, workers and recorder; what a person sees is told
 * as events and shown by the command line.
 */
import { ExperimentError, type Fault, fault } from "../base/errors.ts";
import { deviceOf } from "../engine/devices.ts";
import { type JobEvent, LocalExecutor } from "../executor/local.ts";
import { runPlan, type StateDetail, type TaskState } from "../graph/schedule.ts";
import type { PlannedTask } from "../graph/plan.ts";
import { readMeasurements } from "../store/objects/measurements.ts";
import { Recorder } from "../store/database/recorder.ts";
import type { FitRow } from "../store/database/rows.ts";
import type { RunEvent } from "./events.ts";
import { fitCurves } from "./fits.ts";
import { readResults, type ResultRow } from "./results.ts";
import { kinds } from "../tasks/registry.ts";
import { allCells, cellRows, labelOf, type Study } from "./study.ts";

/** How to run a study. */
export interface RunOptions {
  /** Tasks at once. */
  readonly jobs: number;
  /** Whether the first failure stops the rest. */
  readonly failFast?: boolean;
  /** The command line's arguments, for the record. */
  readonly argv?: readonly string[];
  /** Aborted when the run is interrupted. */
  readonly signal?: AbortSignal;
  /** Told what happens. */
  readonly onEvent: (event: RunEvent) => void;
}

/** How a run ended. */
export interface RunReport {
  /** The experiment's name. */
  readonly experiment: string;
  /** The run's id. */
  readonly run: string;
  /**
   * Tasks of the experiment: `cached` were there or not needed, `failed` includes skipped ones.
   * What is missing from `total` was not started: after an interrupt, or a failure with fail-fast.
   */
  readonly tasks: {
    readonly total: number;
    readonly cached: number;
    readonly ran: number;
    readonly failed: number;
  };
  /** From start to end. */
  readonly elapsedMs: number;
  /** Whether the signal stopped it before its end. */
  readonly isInterrupted: boolean;
  /** The scores of the experiment's cells. */
  readonly rows: readonly ResultRow[];
  /** The scaling curves. */
  readonly fits: readonly FitRow[];
}

/** Opening DuckDB costs some hundredths of a second of a core that trainings could use. */
const RECORD_EVERY_MS = 3000;

/** Runs what the plan of a study says. Failures of tasks are in the report, not thrown. */
export async function runStudy(study: Study, options: RunOptions): Promise<RunReport> {
  const { experiment, plan, graph } = study;
  const startedMs = performance.now();
  const startedAt = new Date().toISOString();
  const run = `${startedAt.replace(/[-:]|\.\d+/g, "")}-${crypto.randomUUID().slice(0, 4)}`;
  const warn = (message: string) => options.onEvent({ type: "warning", message });

  const recorder = Recorder.open(study.database, {
    onWarning: warn,
    intervalMs: RECORD_EVERY_MS,
  });
  recorder.beginRun({
    run,
    experiment: experiment.name,
    file: experiment.file,
    text: experiment.text,
    startedAt,
    argv: options.argv ?? [],
  });
  // All of the spec's, so that cells outside `only` show no results of another spec.
  recorder.recordCells(experiment.name, { cells: await allCells(study), replace: true });
  const cached = [...plan.tasks.values()].filter(({ state }) => state === "cached");
  recorder.recordCached(study.store, cached.map(({ task }) => task.key));
  if (plan.counts.run > 0) {
    const { identities } = graph;
    const cells = cellRows(experiment, graph);
    recorder.recordHistory({ run, experiment: experiment.name, identities, cells });
  }
  // A database that cannot be used is better learnt of now than after hours.
  if (plan.counts.run > 0) await recorder.flush();

  const outcome = await execute(study, { ...options, recorder, run });
  await recorder.flush();
  const rows = await readResults(study.database, experiment.name, kinds);
  const fits = fitCurves(experiment.fits, rows);
  recorder.recordFits(experiment.name, fits);

  const { counts, isInterrupted } = outcome;
  const tasks = {
    total: plan.tasks.size,
    cached: counts.cached,
    ran: counts.done,
    failed: counts.failed + counts.skipped,
  };
  const elapsedMs = Math.round(performance.now() - startedMs);
  const status = isInterrupted ? "interrupted" : tasks.failed > 0 ? "failed" : "done";
  recorder.endRun(run, { status, counts: tasks, elapsedMs });
  await recorder.close();
  return { experiment: experiment.name, run, tasks, elapsedMs, isInterrupted, rows, fits };
}

interface ExecuteOptions extends RunOptions {
  readonly recorder: Recorder;
  readonly run: string;
}

async function execute(study: Study, options: ExecuteOptions) {
  const { plan, store } = study;
  const { jobs, signal, onEvent, recorder, run } = options;
  const device = deviceOf(study.options.device);
  const active = new Set<string>();
  await using executor = new LocalExecutor({
    worker: new URL("../tasks/worker.ts", import.meta.url),
    flags: workerFlags(study.options.results),
    jobs,
    store,
  });
  const startedMs = new Map<string, number>();
  const attempts = new Map<string, number>();

  return await runPlan(plan, {
    jobs,
    keepGoing: options.failFast !== true,
    ...(signal === undefined ? {} : { signal }),
    execute: async (planned, taskSignal) => {
      const { flops } = planned.cost;
      const threads = device.threads({ flops, jobs, active: active.size });
      const { record } = await executor.execute(jobOf(planned, study, threads), {
        signal: taskSignal,
        onEvent: (event) => hear(planned, event),
      });
      recorder.recordArtifact(record, await readMeasurements(store.dirOf(planned.task.key)));
    },
    onState: tell,
  });

  function hear({ task }: PlannedTask, event: JobEvent): void {
    const { key } = task;
    const label = labelOf(task);
    if (event.type === "waiting") {
      const message = `waits for ${event.holder}, which computes the same task`;
      onEvent({ type: "warning", label, message });
    } else if (event.type === "started") {
      attempts.set(key, event.attempt);
      recorder.recordTask({ run, key, kind: task.kind, state: "running", attempt: event.attempt });
    } else if (event.event.type === "measurement") {
      const { step, name, split, value } = event.event;
      const measurements = [{ step, name, split, value }];
      recorder.recordMeasurements(key, { attempt: attempts.get(key) ?? 1, measurements });
    } else if (event.event.type === "progress") onEvent({ ...event.event, key, label });
    else onEvent({ ...event.event, label });
  }

  function tell({ task }: PlannedTask, state: TaskState, detail: StateDetail): void {
    const { key, kind } = task;
    const label = labelOf(task);
    if (state === "ready" || state === "running") active.add(key);
    else active.delete(key);
    if (state === "waiting" || state === "skipped" || state === "failed") {
      const message = state === "failed" ? messageOf(detail.error) : undefined;
      const recorded = state === "failed" ? "failed" as const : "waiting" as const;
      recorder.recordTask({ run, key, kind, state: recorded, message });
    }
    if (state === "waiting") return;
    if (state === "ready") {
      // Back from running: an interrupt stopped it.
      if (startedMs.has(key)) {
        recorder.recordTask({ run, key, kind, state });
        onEvent({ type: "state", key, label, state: "interrupted" });
      }
      return;
    }
    if (state === "running") startedMs.set(key, performance.now());
    const elapsedMs = performance.now() - (startedMs.get(key) ?? performance.now());
    const because = detail.because === undefined ? undefined : plan.tasks.get(detail.because);
    onEvent({
      type: "state",
      key,
      label,
      state,
      ...(state === "done" || state === "failed" ? { elapsedMs } : {}),
      ...(state === "failed" ? { faults: faultsOf(detail.error) } : {}),
      ...(because === undefined ? {} : { reason: `${labelOf(because.task)} failed` }),
    });
  }
}

/** The flags of workers: what they may do, each permission named. */
function workerFlags(results: string): string[] {
  return [
    "--frozen",
    "--allow-read",
    `--allow-write=${results}`,
    "--allow-env",
    "--allow-ffi",
    "--allow-sys",
  ];
}

function jobOf({ task, start, replaces }: PlannedTask, { options, code }: Study, threads: number) {
  return {
    key: task.key,
    kind: task.kind,
    version: task.version,
    params: task.params,
    inputs: task.inputs,
    device: { name: options.device, threads },
    numerics: deviceOf(options.device).numerics,
    code: code.get(task.kind)!,
    ...(start === undefined ? {} : { start }),
    ...(replaces === undefined ? {} : { replaces }),
    strictCode: options.strictCode ?? false,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a failed task threw, as faults: a bug shows its stack. */
function faultsOf(error: unknown): readonly Fault[] {
  if (error instanceof ExperimentError) return error.faults;
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  return [fault("run/bug", text, { mend: "this is a bug of Titrate: please report it" })];
}
