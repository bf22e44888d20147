/**
 * Runs a study: executes what is not cached, records everything, fits the curves.
 *
 * Composes planner, scheduler, workers, tracker and recorder; what a person sees is
 * told by the tracker and shown by the command line.
 */
import { deviceOf } from "../engine/devices.ts";
import type { Executor, Job } from "../executor/executor.ts";
import { runPlan } from "../graph/schedule.ts";
import type { PlannedTask } from "../graph/plan.ts";
import { readMeasurements } from "../store/objects/measurements.ts";
import { Recorder } from "../store/database/recorder.ts";
import type { FitRow } from "../store/database/rows.ts";
import { fitCurves } from "./fits.ts";
import { recordEvents } from "./record_events.ts";
import { readResults, type ResultRow } from "./results.ts";
import { allCells, cellRows, type Study } from "./study.ts";
import type { Tracker } from "./tracker.ts";
import { trajectoryFinder } from "./trajectories.ts";

/** How to run a study. */
export interface RunOptions {
  /** Does the tasks, as many at once as it has slots; the caller closes it. */
  readonly executor: Executor;
  /** Whether the first failure stops the rest. */
  readonly failFast?: boolean;
  /** The command line's arguments, for the record. */
  readonly argv?: readonly string[];
  /** Aborted when the run is interrupted. */
  readonly signal?: AbortSignal;
  /** Keeps track of the run for whoever listens to it; made of the study's plan. */
  readonly tracker: Tracker;
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
  const { tracker, signal } = options;
  const startedAt = new Date().toISOString();
  const run = `${startedAt.replace(/[-:]|\.\d+/g, "")}-${crypto.randomUUID().slice(0, 4)}`;

  const recorder = Recorder.open(study.database, {
    onWarning: (message) => tracker.warn(message),
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
  const cells = await allCells(study);
  recorder.recordCells(experiment.name, { cells, replace: true });
  const there = [...plan.tasks.values()].filter(({ state }) => state === "cached");
  recorder.recordCached(study.store, there.map(({ task }) => task.key));
  if (plan.counts.run > 0) {
    const { identities } = graph;
    const asked = cellRows(experiment, graph);
    recorder.recordHistory({ run, experiment: experiment.name, identities, cells: asked });
  }
  // A database that cannot be used is better learnt of now than after hours.
  if (plan.counts.run > 0) await recorder.flush();

  tracker.listen(recordEvents(recorder, run));
  await execute(study, { ...options, recorder });
  await recorder.flush();
  const rows = await readResults(study.database, experiment.name, study.options.kinds);
  const fits = fitCurves(experiment.fits, { rows, cells, trajectoryOf: trajectoryFinder(graph) });
  recorder.recordFits(experiment.name, fits);

  const { cached, unneeded, done, failed, skipped } = tracker.counts;
  const tasks = {
    total: plan.tasks.size,
    cached: cached + unneeded,
    ran: done,
    failed: failed + skipped,
  };
  const elapsedMs = Math.round(tracker.elapsedMs);
  const isInterrupted = signal?.aborted === true && !tracker.isComplete;
  const status = isInterrupted ? "interrupted" : tasks.failed > 0 ? "failed" : "done";
  recorder.endRun(run, { status, counts: tasks, elapsedMs });
  await recorder.close();
  return { experiment: experiment.name, run, tasks, elapsedMs, isInterrupted, rows, fits };
}

interface ExecuteOptions extends RunOptions {
  readonly recorder: Recorder;
}

async function execute(study: Study, options: ExecuteOptions): Promise<void> {
  const { plan, store } = study;
  const { executor, signal, tracker, recorder } = options;
  await runPlan(plan, {
    jobs: executor.slots,
    keepGoing: options.failFast !== true,
    ...(signal === undefined ? {} : { signal }),
    execute: async (planned, taskSignal) => {
      const active = tracker.counts.ready + tracker.counts.running;
      const { record, wasThere } = await executor.execute(jobOf(planned, study), {
        signal: taskSignal,
        onEvent: (event) => tracker.hear(planned, event),
        load: { flops: planned.cost.flops, active },
      });
      recorder.recordArtifact(record, await readMeasurements(store.dirOf(planned.task.key)));
      return wasThere ? "cached" : "done";
    },
    onState: (planned, state, detail) => tracker.enter(planned, state, detail),
  });
}

function jobOf({ task, start, replaces }: PlannedTask, { options, code }: Study): Job {
  return {
    key: task.key,
    kind: task.kind,
    version: task.version,
    params: task.params,
    inputs: task.inputs,
    device: options.device,
    numerics: deviceOf(options.device).numerics,
    code: code.get(task.kind)!,
    ...(start === undefined ? {} : { start }),
    ...(replaces === undefined ? {} : { replaces }),
    strictCode: options.strictCode ?? false,
  };
}
