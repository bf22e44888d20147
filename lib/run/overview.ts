/**
 * What there is in a folder of results: the last run of every experiment, what failed,
 * and what takes room. A run whose process is gone is told as killed.
 */
import {
  readFailures,
  readLatestRuns,
  readSizes,
  readStateCounts,
  type RecordedFault,
  type RecordedRun,
} from "../store/database/overview.ts";
import { ArtifactStore } from "../store/objects/artifacts.ts";
import type { ResultsFolder } from "../store/results_folder.ts";
import type { TaskState } from "../graph/task.ts";

/** What takes room in a folder of results, in bytes. */
export interface Sizes {
  /** Artifacts that are there, by the kind of task that made them. */
  readonly artifacts: ReadonlyMap<string, { readonly count: number; readonly bytes: number }>;
  /** Checkpoints of unfinished tasks. */
  readonly scratch: number;
  /** Damaged artifacts that were set aside, and what is being written. */
  readonly aside: number;
  /** The database. */
  readonly database: number;
}

/** A folder of results at a glance. */
export interface Overview {
  /** The last run of each experiment, the latest first; "killed" where its process is gone. */
  readonly runs: readonly RecordedRun[];
  /** Tasks by state, by experiment. */
  readonly states: ReadonlyMap<string, ReadonlyMap<TaskState, number>>;
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
  const { database } = folder;
  return {
    runs: await readLatestRuns(database),
    states: await readStateCounts(database),
    failures: await readFailures(database),
    sizes: await sizesOf(folder),
  };
}

/** By what is recorded of artifacts, so that no file of theirs has to be looked at. */
async function sizesOf({ database, store: root }: ResultsFolder): Promise<Sizes> {
  const store = await ArtifactStore.open(root, { isReadOnly: true });
  const artifacts = new Map<string, { count: number; bytes: number }>();
  for (const { key, kind, bytes } of await readSizes(database)) {
    if (!store.has(key)) continue;
    const of = artifacts.get(kind) ?? { count: 0, bytes: 0 };
    artifacts.set(kind, { count: of.count + 1, bytes: of.bytes + bytes });
  }
  return {
    artifacts,
    scratch: await bytesBelow(`${root}/scratch`),
    aside: await bytesBelow(`${root}/damaged`) + await bytesBelow(`${root}/tmp`),
    database: await bytesBelow(database) + await bytesBelow(`${database}.wal`),
  };
}

/** The size of a file, or of all files below a folder; 0 for what is not there, or goes meanwhile. */
async function bytesBelow(path: string): Promise<number> {
  try {
    const info = await Deno.lstat(path);
    if (!info.isDirectory) return info.size;
    let bytes = 0;
    for await (const { name } of Deno.readDir(path)) bytes += await bytesBelow(`${path}/${name}`);
    return bytes;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
