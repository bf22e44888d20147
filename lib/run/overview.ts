/**
 * What there is in a folder of results: the last run of every experiment, what failed,
 * and what takes room. A run whose process is gone is told as killed.
 */
import type { TaskState } from "../base/task_state.ts";
import {
  readCosts,
  readFailures,
  readLatestRuns,
  readSizes,
  readStateCounts,
  type RecordedCost,
  type RecordedFault,
  type RecordedRun,
} from "../store/database/overview.ts";
import { ArtifactStore } from "../store/objects/artifacts.ts";
import type { ResultsFolder } from "../store/results_folder.ts";
import { type SizesBeside, sizesBeside } from "../store/sizes.ts";
import { type LiveProgress, progressOf } from "./live_progress.ts";

/** What takes room in a folder of results, in bytes. */
export interface Sizes extends SizesBeside {
  /** Artifacts that are there, by the kind of task that made them. */
  readonly artifacts: ReadonlyMap<string, { readonly count: number; readonly bytes: number }>;
}

/** A folder of results at a glance. */
export interface Overview {
  /** The last run of each experiment, the latest first; "killed" where its process is gone. */
  readonly runs: readonly RecordedRun[];
  /** Tasks by state, by experiment. */
  readonly states: ReadonlyMap<string, ReadonlyMap<TaskState, number>>;
  /** How far runs have come that are on, or were when they were killed, by their ids. */
  readonly progress: ReadonlyMap<string, LiveProgress>;
  /** What experiments cost, by device. */
  readonly costs: readonly RecordedCost[];
  /** The faults of failed tasks. */
  readonly failures: readonly RecordedFault[];
  /** What takes room. */
  readonly sizes: Sizes;
}

/**
 * Looks at a folder of results; reads only.
 *
 * @throws ExperimentError "store/no-database" before the first run, and as `query`
 */
export async function overviewOf(folder: ResultsFolder): Promise<Overview> {
  const { database, live } = folder;
  const runs = await readLatestRuns(database);
  const progress = new Map<string, LiveProgress>();
  for (const { run, status } of runs) {
    if (status !== "running" && status !== "killed") continue;
    const found = await progressOf(live, run);
    if (found !== undefined) progress.set(run, found);
  }
  return {
    runs,
    states: await readStateCounts(database),
    progress,
    costs: await readCosts(database),
    failures: await readFailures(database),
    sizes: await sizesOf(folder),
  };
}

/** By what is recorded of artifacts, so that no file of theirs has to be looked at. */
async function sizesOf(folder: ResultsFolder): Promise<Sizes> {
  const store = await ArtifactStore.open(folder.store, { isReadOnly: true });
  const artifacts = new Map<string, { count: number; bytes: number }>();
  for (const { key, kind, bytes } of await readSizes(folder.database)) {
    if (!store.has(key)) continue;
    const of = artifacts.get(kind) ?? { count: 0, bytes: 0 };
    artifacts.set(kind, { count: of.count + 1, bytes: of.bytes + bytes });
  }
  return { artifacts, ...await sizesBeside(folder) };
}
