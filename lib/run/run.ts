/**
 * Runs a study: executes what is not cached, records everything, fits the curves.
 *
 * Composes planner, scheduler, workers, tracker and recorder; what a person sees is
 * told by the tracker and shown by the command line.
 */
import { agreeing, counted } from "../base/count.ts";
import { ExperimentError } from "../base/errors.ts";
import { deviceOf } from "../engine/devices.ts";
import type { Executor } from "../executor/executor.ts";
import type { Identity } from "../graph/key.ts";
import { Late, type Settled } from "../graph/late.ts";
import type { TaskCell } from "../graph/node.ts";
import { runPlan } from "../graph/schedule.ts";
import { Seeds } from "../graph/seeds.ts";
import type { Metric } from "../base/measures.ts";
import type { TaskKind } from "../graph/task.ts";
import { cellOfCurve } from "../experiment/fit_requests.ts";
import type { ScalingFit } from "../analysis/scaling.ts";
import type { AnswerCell, StudyRecord } from "../report/answer/study_record.ts";
import { formatCell } from "../report/text/labels.ts";
import { Recorder } from "../store/database/recorder.ts";
import { readOutcomes, type RecordedOutcome } from "../store/database/results.ts";
import type { CellRow, FitRow, PublishedRow, RunEnd } from "../store/database/rows.ts";
import { fitArtifact } from "../tasks/fit_artifact.ts";
import { Cancels } from "./cancels.ts";
import { fitCurves } from "./fits.ts";
import { FolderWatch } from "./folder_watch.ts";
import { jobOf } from "./job.ts";
import { provenance } from "./provenance.ts";
import { recordEvents } from "./record_events.ts";
import { type ResultRow, rowsOfCells } from "./results.ts";
import { allCells, cellRows, choiceFinder, deviceLimitOf, type Study } from "./study.ts";
import { tellLive } from "./tell_live.ts";
import type { Tracker } from "./tracker.ts";
import { Trajectories } from "./trajectories.ts";

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
  /** What the results are filed under. */
  readonly experiment: string;
  /** What makes it a variant of its spec; absent if it is none. */
  readonly variant?: string;
  /** The run's id. */
  readonly run: string;
  /**
   * Tasks of the experiment: `cached` were there or not needed, `failed` includes those skipped
   * for it. What is missing from `total` was not started or not ended: after an interrupt, a
   * cancelled task, or a failure with fail-fast.
   */
  readonly tasks: {
    readonly total: number;
    readonly cached: number;
    readonly ran: number;
    readonly failed: number;
  };
  /** From start to end. */
  readonly elapsedMs: number;
  /** Whether it was stopped before its end, or a task of it was cancelled. */
  readonly isInterrupted: boolean;
  /** What the spec asks, and every cell of it with what became of it. */
  readonly study: Pick<StudyRecord, "about" | "cells">;
  /** The scores of the spec's cells, of its own tasks whatever else is recorded. */
  readonly rows: readonly ResultRow[];
  /** The scaling curves. */
  readonly fits: readonly FitRow[];
  /** What others published of its benchmarks. */
  readonly published: readonly PublishedRow[];
}

/** Opening DuckDB costs some hundredths of a second of a core that trainings could use. */
const RECORD_EVERY_MS = 3000;

/**
 * Runs what the plan of a study says. Failures of tasks are in the report, not thrown.
 *
 * @throws ExperimentError where nothing can be computed on the device, before anything is recorded;
 *   "store/folder-gone" where the folder of results is moved away meanwhile
 */
export async function runStudy(study: Study, options: RunOptions): Promise<RunReport> {
  const { experiment, plan, graph, filing: { experiment: name, variant } } = study;
  const { tracker, signal } = options;
  await checkDevice(study, options.executor);
  const { version, commit, ...process } = provenance();
  const startedAt = new Date().toISOString();
  const run = `${startedAt.replace(/[-:]|\.\d+/g, "")}-${crypto.randomUUID().slice(0, 4)}`;

  const recorder = Recorder.open(study.folder, {
    store: study.store,
    onWarning: (message) => tracker.warn(message),
    intervalMs: RECORD_EVERY_MS,
  });
  recorder.beginRun({
    run,
    experiment: name,
    name: experiment.name,
    variant,
    file: experiment.file,
    about: experiment.about,
    axes: Object.keys(experiment.axes),
    files: experiment.files,
    startedAt,
    argv: options.argv ?? [],
    version,
    commit,
    process,
    metrics: metricsOf(experiment.kinds),
    published: study.published,
  });
  const asked = cellRows(experiment, graph);
  const isWhole = (study.options.only ?? []).length === 0;
  recorder.recordCells(name, { cells: asked, replace: isWhole });
  const there = [...plan.tasks.values()].filter(({ state }) => state === "cached");
  recorder.recordCached(there.map(({ task }) => task.key));
  const hasWork = plan.counts.run > 0;
  if (hasWork) {
    const identities = [...graph.identities].filter(([key]) => !graph.waiting.has(key));
    recorder.recordHistory({ run, experiment: name, identities, cells: asked });
    // A database that cannot be used is better learnt of now than after hours.
    await recorder.flush();
  }

  tracker.listen(recordEvents(recorder, run));
  const late = new Late(graph, plan, { ...study.planOptions, chosenOf: choiceFinder(study.store) });
  const trajectories = new Trajectories(graph), seeds = new Seeds(graph);
  const stop = new AbortController();
  using watch = new FolderWatch(study.folder.root);
  const stopped = AbortSignal.any([
    stop.signal,
    watch.signal,
    ...(signal === undefined ? [] : [signal]),
  ]);
  const cancels = new Cancels(tracker, stop);
  const about = { run, startedAt, argv: options.argv ?? [], process };
  const live = await tellLive(study, {
    about,
    jobs: options.executor.slots,
    tracker,
    onRequest: (request) => cancels.take(request),
  });
  try {
    await execute(study, {
      ...options,
      signal: stopped,
      recorder,
      cancels,
      run,
      late,
      trajectories,
      seeds,
      watch,
    });
    if (hasWork) await watch.check();
  } catch (error) {
    if (watch.signal.aborted) await recorder.abandon();
    await live?.close();
    throw error;
  }
  if (hasWork) await recorder.flush();
  const cells = await allCells(study, (place) => late.keyOf(place));
  const outcomes = await outcomesOf(cells, study, tracker);
  const rows = rowsOfCells(cells, { outcomes, kinds: experiment.kinds });
  const fits = await fitCurves(experiment.fits, {
    rows,
    cells,
    made: (spec, curve) => fitOf(cellOfCurve(spec, curve), study, late),
    trajectoryOf: trajectories.of,
  });
  recorder.recordFits(name, fits);

  const { cached, unneeded, done, failed, skipped } = tracker.counts;
  const gone = recorder.lost();
  if (gone.length > 0) tracker.warn(lossOf(gone.length));
  const tasks = {
    total: plan.tasks.size,
    cached: cached + unneeded,
    ran: done - gone.length,
    failed: failed + skipped - cancels.skippedTasks() + gone.length,
  };
  const elapsedMs = Math.round(tracker.elapsedMs);
  const isInterrupted = !tracker.isComplete && (stopped.aborted || cancels.hasCancelled());
  const status = isInterrupted ? "interrupted" : tasks.failed > 0 ? "failed" : "done";
  const end: RunEnd = { status, counts: tasks, elapsedMs };
  recorder.endRun(run, end);
  await live?.close(end);
  // With nothing to do, this is the one time that the database is opened.
  if (!hasWork) await recorder.flush();
  await recorder.close();
  return {
    experiment: name,
    ...(variant === undefined ? {} : { variant }),
    run,
    tasks,
    elapsedMs,
    isInterrupted,
    published: study.published,
    study: {
      about: experiment.about,
      cells: cells.map((cell) => ({ ...cell, state: stateOf(cell.key, { outcomes, tracker }) })),
    },
    rows,
    fits,
  };
}

/** What became of the task at a cell; one that `only` left out may be there from before. */
function stateOf(
  key: string,
  { outcomes, tracker }: {
    readonly outcomes: ReadonlyMap<string, RecordedOutcome>;
    readonly tracker: Tracker;
  },
): AnswerCell["state"] {
  const state = tracker.tasks.get(key)?.state;
  if (state === "failed" || state === "skipped") return state;
  return outcomes.has(key) || state === "unneeded" ? "there" : "missing";
}

/**
 * What the tasks at cells said of their artifacts: from the artifacts, by their keys, so
 * that no other run has a say in it. The database is asked for those that are gone.
 */
async function outcomesOf(
  cells: readonly CellRow[],
  { store, folder, plan, outcomes: known }: Study,
  tracker: Tracker,
): Promise<Map<string, RecordedOutcome>> {
  const outcomes = new Map<string, RecordedOutcome>();
  const gone: string[] = [];
  for (const key of new Set(cells.map((cell) => cell.key))) {
    // What was there stays as the plan read it; what ran has another record since.
    const cached = plan.tasks.get(key)?.state === "cached" ? known.get(key) : undefined;
    const record = cached === undefined ? await store.find(key) : undefined;
    if (cached !== undefined) outcomes.set(key, cached);
    else if (record !== undefined) outcomes.set(key, { kind: record.kind, ...record.outcome });
    else gone.push(key);
  }
  if (gone.length === 0) return outcomes;
  try {
    for (const [key, outcome] of await readOutcomes(folder.database, gone)) {
      outcomes.set(key, outcome);
    }
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    tracker.warn(`results whose artifacts are gone are not shown: ${error.message}`);
  }
  return outcomes;
}

/** What kinds declare of their metrics, by kind. */
function metricsOf(kinds: ReadonlyMap<string, TaskKind>): Record<string, Record<string, Metric>> {
  return Object.fromEntries(
    [...kinds.values()].flatMap(({ kind, metrics }) =>
      metrics === undefined ? [] : [[kind, metrics]]
    ),
  );
}

function lossOf(count: number): string {
  return `${counted(count, "artifact")} of this run ${
    agreeing(count, "was", "were")
  } deleted while ` +
    `it was on: run again, and ${agreeing(count, "it is", "they are")} computed anew`;
}

function lost(): ExperimentError {
  return new ExperimentError(
    "run/results-lost",
    "what it made was deleted before it was recorded",
    {
      mend: "leave the results folder alone while a run is on; run again",
    },
  );
}

interface ExecuteOptions extends RunOptions {
  readonly recorder: Recorder;
  readonly cancels: Cancels;
  readonly run: string;
  readonly late: Late;
  readonly trajectories: Trajectories;
  readonly seeds: Seeds;
  readonly watch: FolderWatch;
}

/** Asks for the device once, where a task that is to run computes numbers on it. */
async function checkDevice(study: Study, executor: Executor): Promise<void> {
  const { plan, options } = study;
  if (deviceOf(options.device).check === undefined) return;
  const { takes } = deviceLimitOf(study);
  const isUsed = [...plan.tasks.values()].some((each) => each.state === "run" && takes(each) > 0);
  if (isUsed) await executor.check(options.device);
}

async function execute(study: Study, options: ExecuteOptions): Promise<void> {
  const { plan, store } = study;
  const { executor, signal, tracker, recorder, cancels, late, watch } = options;
  const origins = { trajectoryOf: options.trajectories.of, seedOf: options.seeds.of };
  await runPlan(plan, {
    jobs: executor.slots,
    device: deviceLimitOf(study),
    keepGoing: options.failFast !== true,
    ...(signal === undefined ? {} : { signal }),
    execute: async (planned, taskSignal) => {
      // What is begun now would begin a second folder in the place of the one that is gone.
      await watch.check();
      const active = tracker.counts.ready + tracker.counts.running;
      const job = jobOf(planned, study, origins);
      const { record, wasThere } = await executor.execute(job, {
        signal: taskSignal,
        onEvent: (event) => tracker.hear(planned, event),
        load: { flops: planned.cost.flops, active },
      }).catch(async (error) => {
        // Whatever a task says that fails for want of the folder.
        await watch.check();
        throw error;
      });
      const rows = await store.readRows(record.key);
      if (rows === undefined) throw lost();
      recorder.recordArtifact(rows);
      return wasThere ? "cached" : "done";
    },
    late: {
      isAwaited: (key) => late.isAwaited(key),
      async settle(key) {
        const settled = await late.settle(key);
        recordSettled(settled, study, options);
        return settled;
      },
    },
    onState: (planned, state, detail) => tracker.enter(planned, state, detail),
    onStart: (cancel) => cancels.begin(cancel),
  });
}

/** Records tasks that have their keys now, at their cells, and what was there of them. */
function recordSettled(
  settled: ReadonlyMap<string, Settled>,
  { filing: { experiment } }: Study,
  { recorder, run, trajectories, seeds }: ExecuteOptions,
): void {
  const keys = new Map<string, string>();
  const identities: [string, Identity][] = [], cached: string[] = [];
  for (const [place, each] of settled) {
    if ("error" in each) continue;
    const { planned: { task, state }, identity } = each;
    keys.set(place, task.key);
    identities.push([task.key, identity]);
    if (state === "cached") cached.push(task.key);
    trajectories.add(task);
    seeds.add(task);
  }
  recorder.moveCells({ run, experiment, keys, identities });
  recorder.recordCached(cached);
}

/** The curve that the task at a cell of a fit made, if it is there and undamaged. */
async function fitOf(
  { stage, axes }: TaskCell,
  { graph, store }: Study,
  late: Late,
): Promise<{ key: string; fit: ScalingFit } | undefined> {
  const place = graph.ofRequest.get(formatCell(stage, axes));
  const key = place === undefined ? undefined : late.keyOf(place);
  if (key === undefined || await store.verify(key) === undefined) return undefined;
  return { key, fit: await fitArtifact.open(store.dirOf(key)) };
}
