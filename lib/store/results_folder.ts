/** Where results stand: the names in a folder of results, spelled here and nowhere else. */

import { relative, resolve } from "node:path";
import { ExperimentError } from "../base/errors.ts";
import { HOME_MEND, startsAtHome } from "../base/home.ts";

/** The folders of a store. */
export const STORE_FOLDERS = {
  /** Committed artifacts. */
  objects: "objects",
  /** Held by whoever computes or reads a key. */
  locks: "locks",
  /** What is being written. */
  tmp: "tmp",
  /** Checkpoints of unfinished tasks. */
  scratch: "scratch",
  /** Artifacts that failed their check. */
  damaged: "damaged",
  /** The journals of runs. */
  runs: "runs",
  /** What runs tell while they are on, and what they are asked. */
  live: "live",
} as const;

/** The log that DuckDB may leave beside a database. */
export function logOf(database: string): string {
  return `${database}.wal`;
}

/** A folder of results by its parts. */
export interface ResultsFolder {
  /** The folder, as it was given. */
  readonly root: string;
  /** The artifacts. */
  readonly store: string;
  /** The database. */
  readonly database: string;
  /** The journals of runs, from which a lost database is made anew. */
  readonly runs: string;
  /** What runs tell while they are on. */
  readonly live: string;
}

/**
 * The parts of a folder of results.
 *
 * @throws ExperimentError "store/bad-root" for a folder that can hold no database
 */
export function resultsFolder(root: string): ResultsFolder {
  const folder = root.length > 1 ? root.replace(/\/+$/, "") : root;
  if (startsAtHome(folder)) {
    throw new ExperimentError("store/bad-root", "a ~ that no shell has made a folder of", {
      at: { file: folder },
      mend: HOME_MEND,
    });
  }
  const store = `${folder}/store`;
  const database = `${folder}/titrate.duckdb`;
  duckdbPath(database);
  const { runs, live } = STORE_FOLDERS;
  return { root: folder, store, database, runs: `${store}/${runs}`, live: `${store}/${live}` };
}

/**
 * A path as DuckDB takes it: "~" is no home folder, and "?" would end it, so that its
 * files would come to stand elsewhere.
 *
 * @throws ExperimentError "store/bad-root" where there is a "?"
 */
export function duckdbPath(path: string): string {
  const absolute = resolve(path);
  if (!absolute.includes("?")) return absolute;
  throw new ExperimentError("store/bad-root", "a database cannot stand below a name with a ?", {
    at: { file: absolute },
    mend: "name a results folder whose path has no question marks",
  });
}

/** Where a file stands, seen from a folder: the same when both are moved together. */
export function placeOf(file: string, folder: string): string {
  return relative(realPath(folder), realPath(file));
}

/** The path without links, also of what is not there. */
export function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return resolve(path);
  }
}
