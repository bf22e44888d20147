/**
 * The one writer of a run: takes rows at any time, writes them every second.
 *
 * Rows wait in memory while another program has the database and are written
 * once it is free; writing the same rows twice changes nothing. What comes from
 * artifacts could also be rebuilt from them, so a lost database loses no result.
 */
import { canonical } from "../../base/canonical.ts";
import { FACTS } from "../../base/facts.ts";
import type { ArtifactStore } from "../objects/artifacts.ts";
import { Batch, type Row } from "./_batch.ts";
import { inTransaction } from "./database.ts";
import { flattenParams } from "./_params.ts";
import { missingTasks } from "./_missing.ts";
import { readMeasurements, type RecordedMeasurement } from "../objects/measurements.ts";
import type { ArtifactRecord } from "../objects/record.ts";
import type { CellRow, FitRow, HistoryRows, RunEnd, RunStart, TaskRow } from "./rows.ts";

/** How a recorder writes. */
export interface RecorderOptions {
  /** Told once when rows cannot be written for now. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** How long rows wait before they are written; 1000 if absent. */
  readonly intervalMs?: number | undefined;
  /** How long `flush` and `close` wait for another program; `LOCK_LIMIT_MS` if absent. */
  readonly lockLimitMs?: number | undefined;
}

/** Rows that are written without waiting for the interval to end. */
const MOST_WAITING_ROWS = 50_000;
/** Artifacts that are read before their rows are written. */
const ARTIFACTS_A_BATCH = 64;
/** How long a write in the background waits: the next one comes soon. */
const BACKGROUND_LOCK_LIMIT_MS = 2_000;

/** Writes what a run has to say; close it at the end. */
export class Recorder {
  /** The database's path. */
  readonly path: string;
  readonly #options: RecorderOptions;
  readonly #cached = new Map<string, ArtifactStore>();
  #batch = new Batch();
  #writing: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isFlushing = false;
  #hasWarned = false;
  #isClosed = false;

  private constructor(path: string, options: RecorderOptions) {
    this.path = path;
    this.#options = options;
  }

  /** A recorder for a database, which is made by the first write. */
  static open(path: string, options: RecorderOptions = {}): Recorder {
    return new Recorder(path, options);
  }

  /** Records that a run begins, and its experiment. */
  beginRun({ run, experiment, file, text, startedAt, argv }: RunStart): void {
    this.#batch.put("experiments", [{ experiment, file, text, latest_run: run }]);
    this.#batch.put("runStarts", [{
      run,
      experiment,
      file,
      text,
      argv: canonical(argv ?? []),
      status: "running",
      started_at: startedAt,
    }]);
    this.#wake();
  }

  /** Records how a run ended, now. */
  endRun(run: string, { status, counts, elapsedMs }: RunEnd): void {
    const ended_at = new Date().toISOString();
    this.#batch.put("runEnds", [{ run, status, ended_at, elapsed_ms: elapsedMs, ...counts }]);
    this.#wake();
  }

  /**
   * Records which tasks stand at which cells of an experiment.
   *
   * @param options `replace` drops the experiment's other cells, as a full run does
   */
  recordCells(
    experiment: string,
    { cells, replace }: { readonly cells: readonly CellRow[]; readonly replace: boolean },
  ): void {
    const rows = cells.map(({ stage, axes, key, seed, place }, index): Row => (
      { experiment, stage, axes: canonical(axes), key, seed, place: place ?? index }
    ));
    if (replace) this.#batch.replace("cells", experiment, rows);
    else this.#batch.put("cells", rows);
    this.#wake();
  }

  /**
   * Records what the keys of a run are made of and where they stood, for later
   * runs to say what changed.
   */
  recordHistory({ run, experiment, identities, cells }: HistoryRows): void {
    this.#batch.put(
      "identities",
      [...identities].map(([key, identity]) => ({ key, identity: canonical(identity) })),
    );
    this.#batch.put(
      "history",
      cells.map(({ stage, axes, key }) => (
        { experiment, stage, axes: canonical(axes), key, latest_run: run }
      )),
    );
    this.#wake();
  }

  /** Records what became of a task in a run. */
  recordTask({ key, kind, state, run, attempt, message }: TaskRow): void {
    this.#batch.put("taskStates", [{ key, kind, state, run, attempt, message }]);
    this.#wake();
  }

  /** Records measurements of a running task; equal (step, name, split) replace each other. */
  recordMeasurements(
    key: string,
    { attempt, measurements }: {
      readonly attempt: number;
      readonly measurements: readonly RecordedMeasurement[];
    },
  ): void {
    this.#batch.put("measurements", measurementRows(key, attempt, measurements));
    this.#wake();
  }

  /**
   * Records a committed artifact: its task as done, params, scores and measurements.
   *
   * Replaces all of these that were there of its key.
   */
  recordArtifact(record: ArtifactRecord, measurements: readonly RecordedMeasurement[]): void {
    this.#putArtifact(record, measurements);
    this.#wake();
  }

  /**
   * Sees to it that cached artifacts are recorded: those that the database does
   * not know are read from the store when rows are next written.
   */
  recordCached(store: ArtifactStore, keys: Iterable<string>): void {
    for (const key of keys) this.#cached.set(key, store);
    this.#wake();
  }

  /** Records the scaling curves of an experiment in place of its former ones. */
  recordFits(experiment: string, fits: readonly FitRow[]): void {
    this.#batch.replace(
      "fits",
      experiment,
      fits.map(({ cell, against, parameters, intervals, goodness, warnings, ...rest }) => ({
        experiment,
        ...rest,
        against: FACTS[against].column,
        cell: canonical(cell),
        parameters: jsonText(parameters),
        intervals: jsonText(intervals),
        goodness: jsonText(goodness),
        warnings: jsonText(warnings),
      })),
    );
    this.#wake();
  }

  /**
   * Writes everything that waits. Call it after `beginRun` to learn early that the
   * database cannot be used.
   *
   * @throws ExperimentError as `openDatabase`; the rows are kept and tried again
   */
  async flush(): Promise<void> {
    await this.#flush(this.#options.lockLimitMs);
  }

  /**
   * Writes everything that waits, and ends.
   *
   * @throws ExperimentError as `openDatabase`, when rows could not be written
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.flush();
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #putArtifact(record: ArtifactRecord, measurements: readonly RecordedMeasurement[]): void {
    const { key, outcome: { facts, scores } } = record;
    this.#batch.put("taskArtifacts", [{
      key,
      kind: record.kind,
      version: record.version,
      state: "done",
      attempt: record.attempt,
      device: record.device,
      engine: record.engine,
      code: record.code,
      started_at: record.startedAt,
      elapsed_ms: record.elapsedMs,
      steps: facts.steps,
      unique_tokens: facts.uniqueTokens,
      seen_tokens: facts.seenTokens,
      epochs: facts.epochs,
      parameters: facts.parameters,
      flops: facts.flops,
    }]);
    this.#batch.replace("params", key, flattenParams(key, record.params));
    this.#batch.replace("scores", key, scores.map((score) => ({ key, ...score })));
    this.#batch.replace("measurements", key, measurementRows(key, record.attempt, measurements));
  }

  /** Sees to it that what waits is written soon: at once if it is a lot. */
  #wake(): void {
    if (this.#isClosed) throw new Error("the recorder is closed");
    const isUrgent = this.#batch.size >= MOST_WAITING_ROWS;
    if (this.#isFlushing || (this.#timer !== undefined && !isUrgent)) return;
    clearTimeout(this.#timer);
    const waitMs = isUrgent ? 0 : this.#options.intervalMs ?? 1000;
    this.#timer = setTimeout(() => this.#flushInBackground(), waitMs);
  }

  async #flushInBackground(): Promise<void> {
    this.#isFlushing = true;
    try {
      await this.#flush(BACKGROUND_LOCK_LIMIT_MS);
    } catch (error) {
      if (!this.#hasWarned) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#options.onWarning?.(`results wait to be written to ${this.path}: ${reason}`);
      }
      this.#hasWarned = true;
    }
    this.#isFlushing = false;
    this.#timer = undefined;
    if (!this.#isClosed && !this.#isEmpty) this.#wake();
  }

  get #isEmpty(): boolean {
    return this.#batch.isEmpty && this.#cached.size === 0;
  }

  async #flush(lockLimitMs: number | undefined): Promise<void> {
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

  async #write(lockLimitMs: number | undefined): Promise<void> {
    const batch = this.#batch;
    const cached = [...this.#cached.keys()];
    this.#batch = new Batch();
    let missing: string[];
    try {
      missing = await inTransaction(this.path, {
        lockLimitMs,
        work: async (connection) => {
          await batch.writeTo(connection);
          return await missingTasks(connection, cached);
        },
      });
    } catch (error) {
      batch.absorb(this.#batch);
      this.#batch = batch;
      throw error;
    }
    const unread = new Set(missing.slice(ARTIFACTS_A_BATCH));
    for (const key of missing.slice(0, ARTIFACTS_A_BATCH)) {
      const store = this.#cached.get(key)!;
      const record = await store.find(key);
      if (record !== undefined) {
        this.#putArtifact(record, await readMeasurements(store.dirOf(key)));
      }
    }
    for (const key of cached) if (!unread.has(key)) this.#cached.delete(key);
  }
}

function measurementRows(
  key: string,
  attempt: number,
  measurements: readonly RecordedMeasurement[],
): Row[] {
  return measurements.map(({ step, name, split, value }) => (
    { key, attempt, step, name, split, value }
  ));
}

/** JSON text; NaN and the infinities, which JSON has not, become null. */
function jsonText(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}
