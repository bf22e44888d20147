/**
 * A database made anew from the store alone: tasks, params, scores and measurements
 * from the artifacts, runs, cells, history and curves from the journals of runs.
 *
 * Everything that becomes a row is checked first; what is not what was written is left
 * out with a warning.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { readJournals } from "../journal.ts";
import type { ArtifactStore } from "../objects/artifacts.ts";
import type { ResultsFolder } from "../results_folder.ts";
import { Batch } from "./_batch.ts";
import { settleKilled } from "./killed.ts";
import {
  putArtifact,
  putCells,
  putFits,
  putHistory,
  putRunEnd,
  putRunStart,
  putTask,
} from "./_put.ts";
import type { OpenOptions } from "./_attach.ts";
import { remakeDatabase } from "./database.ts";

/** Where a database is made from, and who is told. */
export interface FillOptions {
  /** The artifacts. */
  readonly store: ArtifactStore;
  /** The folder of journals. */
  readonly runs: string;
  /** Told what cannot be used, and why. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** What a rebuild found. */
export interface Rebuilt {
  /** How many artifacts were recorded. */
  readonly artifacts: number;
  /** How many runs were recorded. */
  readonly runs: number;
  /** Where the former database is now, if there was one. */
  readonly former?: string;
}

/** Rows that are kept in memory before they are written. */
const ROWS_A_BATCH = 100_000;

/**
 * Makes the database of a folder of results anew; the former one is kept beside.
 *
 * @throws ExperimentError as `remakeDatabase`, `ArtifactStore.readRows` and `readJournals`
 */
export async function rebuild(
  folder: ResultsFolder,
  { store, onWarning, ...options }: OpenOptions & Omit<FillOptions, "runs">,
): Promise<Rebuilt> {
  let counts = { artifacts: 0, runs: 0 };
  const former = await remakeDatabase(folder.database, {
    ...options,
    onWarning,
    fill: async (connection) => {
      counts = await fillFromStore(connection, { store, runs: folder.runs, onWarning });
    },
  });
  return { ...counts, ...(former === undefined ? {} : { former }) };
}

/** Fills an empty database; returns how many artifacts and runs it holds then. */
export async function fillFromStore(
  connection: DuckDBConnection,
  { store, runs, onWarning }: FillOptions,
): Promise<{ artifacts: number; runs: number }> {
  let batch = new Batch();
  const counts = { artifacts: 0, runs: 0 };
  const done = new Set<string>();
  const write = async () => {
    await connection.run("BEGIN");
    await batch.writeTo(connection);
    await connection.run("COMMIT");
    batch = new Batch();
  };
  for await (const key of store.keys()) {
    const rows = await store.readRows(key);
    if (rows === undefined) continue;
    putArtifact(batch, rows);
    done.add(key);
    counts.artifacts++;
    if (batch.size >= ROWS_A_BATCH) await write();
  }
  // Run by run: a later one's cells take over those of an earlier one, as they did.
  for await (
    const { start, place, end, cells, tasks = [], fits, identities } of readJournals(
      runs,
      onWarning,
    )
  ) {
    const { run, experiment } = start;
    putRunStart(batch, start, place);
    if (end !== undefined) putRunEnd(batch, run, end);
    if (cells !== undefined) putCells(batch, experiment, { ...cells, cells: cells.rows });
    for (const task of tasks) {
      const { key, kind, state } = task;
      if (!done.has(key)) {
        if (state !== "done") putTask(batch, { ...task, run });
      } else if (state === "done" || state === "running") {
        // The rest of it its artifact says.
        putTask(batch, { run, key, kind, state: "done" });
      }
    }
    if (fits !== undefined) putFits(batch, experiment, fits);
    const history = cells?.isHistory === true ? cells.rows : [];
    putHistory(batch, { run, experiment, identities, cells: history });
    counts.runs++;
    await write();
  }
  await write();
  await settleKilled(connection);
  return counts;
}
