/**
 * The one writer of a run: takes rows at any time, writes them every second.
 *
 * A run never fails for want of the database: rows wait in memory while it cannot be
 * written, and writing the same rows twice changes nothing. Runs, cells and history go
 * into the run's journal too, the rest stands in the artifacts: a lost database is made
 * anew from both.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { resultsFlag } from "../../base/command.ts";
import { ExperimentError } from "../../base/errors.ts";
import type { Measurement } from "../../base/measures.ts";
import type { ArtifactRows, ArtifactStore } from "../objects/artifacts.ts";
import { placeOf, type ResultsFolder } from "../results_folder.ts";
import { StandingFolder } from "../standing_folder.ts";
import { Batch } from "./_batch.ts";
import { JournalKeeper } from "./_journal_keeper.ts";
import { missingTasks } from "./_missing.ts";
import { checkName } from "./_name_check.ts";
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
import { LOCK_LIMIT_MS } from "./_attach.ts";
import { writeDatabase } from "./database.ts";
import { fillFromStore } from "./rebuild.ts";
import type { CellRow, FitRow, HistoryRows, RunEnd, RunStart, TaskRow } from "./rows.ts";

/** How a recorder writes. */
export interface RecorderOptions {
  /** Where artifacts stand. */
  readonly store: ArtifactStore;
  /** Told once when rows cannot be written for now, and what was put right. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** How long rows wait before they are written; 1000 if absent. */
  readonly intervalMs?: number | undefined;
  /** How long they wait at most where a write takes long; 20,000 if absent. */
  readonly longestIntervalMs?: number | undefined;
  /** How long `flush` and `close` wait for another program; `LOCK_LIMIT_MS` if absent. */
  readonly lockLimitMs?: number | undefined;
}

/** Rows that are written without waiting for the interval to end. */
const MOST_WAITING_ROWS = 50_000;
/** Artifacts that are read before their rows are written. */
const ARTIFACTS_A_BATCH = 64;
/** How long a write in the background waits: the next one comes soon. */
const BACKGROUND_LOCK_LIMIT_MS = 2_000;
/** Of the time, a writer spends one part in so many on writing, as long as rows need not wait. */
const WRITING_SHARE = 10;
/** A write that took a minute, as on a machine that does much else, is no reason to wait ten. */
const LONGEST_INTERVAL_MS = 20_000;

/** Writes what a run has to say; close it at the end. */
export class Recorder {
  readonly #folder: ResultsFolder;
  readonly #standing: StandingFolder;
  readonly #options: RecorderOptions;
  readonly #cached = new Set<string>();
  readonly #there = new Set<string>();
  readonly #journal: JournalKeeper;
  #batch = new Batch();
  #isNameChecked = false;
  #writing: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isFlushing = false;
  #hasWarned = false;
  #isClosed = false;
  #hasSettledKilled = false;
  #latestWriteMs = 0;

  private constructor(folder: ResultsFolder, options: RecorderOptions) {
    this.#folder = folder;
    this.#standing = new StandingFolder(folder.root);
    this.#options = options;
    this.#journal = new JournalKeeper(folder.runs, (key) => options.store.has(key));
  }

  /** A recorder for a folder of results, whose database is made by the first write. */
  static open(folder: ResultsFolder, options: RecorderOptions): Recorder {
    return new Recorder(folder, options);
  }

  /** The database's path. */
  get path(): string {
    return this.#folder.database;
  }

  /** Records that a run begins, and its experiment. */
  beginRun(start: RunStart): void {
    const place = placeOf(start.file, this.#folder.root);
    this.#journal.begin(start, place);
    putRunStart(this.#batch, start, place);
    this.#wake();
  }

  /** Records how a run ended, now. */
  endRun(run: string, end: RunEnd): void {
    const ended = { ...end, endedAt: new Date().toISOString() };
    this.#journal.end(ended);
    putRunEnd(this.#batch, run, ended);
    this.#wake();
  }

  /**
   * Records which tasks are to stand at which cells of an experiment. A cell goes on
   * showing the results that it has until those of its new task are there.
   *
   * @param options `replace` drops the experiment's other cells: for a run of a whole spec
   */
  recordCells(
    experiment: string,
    options: { readonly cells: readonly CellRow[]; readonly replace: boolean },
  ): void {
    this.#journal.tellCells(options);
    putCells(this.#batch, experiment, options);
    this.#wake();
  }

  /**
   * Records what the keys of a run are made of and where they stood, for later
   * runs to say what changed.
   */
  recordHistory(history: HistoryRows): void {
    const identities = [...history.identities];
    this.#journal.tellHistory({ cells: history.cells, identities });
    putHistory(this.#batch, { ...history, identities });
    this.#wake();
  }

  /**
   * Records that cells of the run have other tasks than those that they were told to have, since
   * these have their keys only now.
   *
   * @param moved the keys by those that cells were recorded with
   */
  moveCells(
    { run, experiment, keys, identities }: {
      readonly run: string;
      readonly experiment: string;
      readonly keys: ReadonlyMap<string, string>;
      readonly identities: HistoryRows["identities"];
    },
  ): void {
    const made = [...identities];
    const cells = this.#journal.moveCells({ keys, identities: made });
    putCells(this.#batch, experiment, { cells, replace: false });
    putHistory(this.#batch, { run, experiment, identities: made, cells });
    this.#wake();
  }

  /** Records where a task stands. */
  recordTask(row: TaskRow): void {
    const { run: _, ...task } = row;
    this.#journal.tellTask(task);
    putTask(this.#batch, row);
    this.#wake();
  }

  /** Records measurements of a running task; equal (step, name, split) replace each other. */
  recordMeasurements(
    key: string,
    taken: { readonly attempt: number; readonly measurements: readonly Measurement[] },
  ): void {
    this.#batch.measured.add(key, taken);
    this.#wake();
  }

  /**
   * Records a committed artifact: its task as done, params, scores and measurements.
   *
   * Replaces all of these that were there of its key.
   */
  recordArtifact(rows: ArtifactRows): void {
    const { key, kind, attempt } = rows.record;
    this.#there.add(key);
    this.#journal.tellDone({ key, kind, attempt });
    putArtifact(this.#batch, rows);
    this.#wake();
  }

  /**
   * Sees to it that artifacts that were there before are recorded: those that the
   * database does not know are read from the store when rows are next written.
   */
  recordCached(keys: Iterable<string>): void {
    for (const key of keys) {
      this.#cached.add(key);
      this.#there.add(key);
    }
    this.#wake();
  }

  /** Records the scaling curves of an experiment in place of its former ones. */
  recordFits(experiment: string, fits: readonly FitRow[]): void {
    this.#journal.tellFits(fits);
    putFits(this.#batch, experiment, fits);
    this.#wake();
  }

  /**
   * Writes everything that waits. Call it after `beginRun` to learn early that the
   * database cannot be used at all.
   *
   * A database that another program keeps is no error: the rows wait, with a warning.
   *
   * @throws ExperimentError "store/name-taken" when the run's name is another spec's;
   *   as `writeDatabase`, but for "store/database-locked"; the rows are kept and tried again
   */
  async flush(): Promise<void> {
    try {
      await this.#flush(this.#options.lockLimitMs ?? BACKGROUND_LOCK_LIMIT_MS);
    } catch (error) {
      if (!(error instanceof ExperimentError) || error.code !== "store/database-locked") {
        throw error;
      }
      this.#warnOnce(error);
    }
  }

  /** Keys of artifacts that were recorded in this run and are gone: somebody deleted them. */
  lost(): string[] {
    return [...this.#there].filter((key) => !this.#options.store.has(key));
  }

  /**
   * Writes everything that waits, as long as it takes within the limit, and ends.
   *
   * @returns whether all is in the database; if not, a warning says why
   */
  async close(): Promise<boolean> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    try {
      await this.#flush(BACKGROUND_LOCK_LIMIT_MS).catch(async (error: unknown) => {
        if (!(error instanceof ExperimentError)) throw error;
        this.#warnOnce(error);
        await this.#flush(this.#options.lockLimitMs ?? LOCK_LIMIT_MS);
      });
      return true;
    } catch (error) {
      if (!(error instanceof ExperimentError)) throw error;
      this.#options.onWarning?.(
        `not all results are in ${this.path}: ${error.message}; they are safe in the store: ` +
          `deno task rebuild${resultsFlag(this.#folder.root)} records them`,
      );
      return false;
    }
  }

  /** Ends without writing what waits: there is nowhere to write it. */
  async abandon(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#writing?.catch(() => {});
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Sees to it that what waits is written soon: at once if it is a lot. */
  #wake(): void {
    if (this.#isClosed) throw new Error("the recorder is closed");
    const isUrgent = this.#batch.size >= MOST_WAITING_ROWS && !this.#hasWarned;
    if (this.#isFlushing || (this.#timer !== undefined && !isUrgent)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flushInBackground(), isUrgent ? 0 : this.#waitMs);
  }

  get #waitMs(): number {
    const { intervalMs = 1000, longestIntervalMs = LONGEST_INTERVAL_MS } = this.#options;
    const shareMs = Math.min(WRITING_SHARE * this.#latestWriteMs, longestIntervalMs);
    return Math.max(intervalMs, shareMs);
  }

  async #flushInBackground(): Promise<void> {
    this.#isFlushing = true;
    const startMs = performance.now();
    try {
      await this.#flush(BACKGROUND_LOCK_LIMIT_MS);
      this.#hasWarned = false;
    } catch (error) {
      this.#warnOnce(error);
    }
    this.#latestWriteMs = performance.now() - startMs;
    this.#isFlushing = false;
    this.#timer = undefined;
    if (!this.#isClosed && !this.#isEmpty) this.#wake();
  }

  #warnOnce(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.onWarning?.(`results wait to be written to ${this.path}: ${reason}`);
  }

  get #isEmpty(): boolean {
    return this.#batch.isEmpty && this.#cached.size === 0 && this.#journal.isWritten;
  }

  async #flush(lockLimitMs: number): Promise<void> {
    // Whoever waits here may find that the write before it failed; it tries itself.
    while (this.#writing !== undefined) await this.#writing.catch(() => {});
    while (!this.#isEmpty) {
      this.#writing = this.#write(lockLimitMs);
      try {
        await this.#writing;
      } finally {
        this.#writing = undefined;
      }
    }
  }

  async #write(lockLimitMs: number): Promise<void> {
    await this.#standing.check();
    const { store, onWarning } = this.#options;
    const batch = this.#batch;
    const cached = [...this.#cached];
    this.#batch = new Batch();
    let missing: string[];
    try {
      missing = await writeDatabase(this.path, {
        lockLimitMs,
        onWarning,
        fill: async (connection) => {
          await fillFromStore(connection, { store, runs: this.#folder.runs, onWarning });
        },
        work: async (connection) => {
          await this.#checkName(connection);
          await this.#journal.save();
          await batch.writeTo(connection);
          if (!this.#hasSettledKilled) {
            await settleKilled(connection, this.#journal.begun?.start.run);
          }
          return await missingTasks(connection, cached);
        },
      });
    } catch (error) {
      batch.absorb(this.#batch);
      this.#batch = batch;
      // A run that may not have its name leaves nothing behind.
      if (!isNameTaken(error)) await this.#journal.save();
      throw error;
    }
    this.#hasSettledKilled = true;
    await this.#standing.check();
    const unread = new Set(missing);
    for (const key of missing.slice(0, ARTIFACTS_A_BATCH)) {
      const rows = await store.readRows(key);
      if (rows !== undefined) putArtifact(this.#batch, rows);
      unread.delete(key);
      if (this.#batch.size >= MOST_WAITING_ROWS) break;
    }
    for (const key of cached) if (!unread.has(key)) this.#cached.delete(key);
  }

  /** Once is enough: from then on the name is recorded as this spec's. */
  async #checkName(connection: DuckDBConnection): Promise<void> {
    const { begun } = this.#journal;
    if (this.#isNameChecked || begun === undefined) return;
    const { start: { experiment, file }, place } = begun;
    await checkName(connection, this.#folder.root, { experiment, file, place });
    this.#isNameChecked = true;
  }
}

function isNameTaken(error: unknown): boolean {
  return error instanceof ExperimentError && error.code === "store/name-taken";
}
