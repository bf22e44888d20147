/**
 * A folder of results as it changes: its runs, and what the watched ones tell.
 *
 * Only files are read that runs write for this, or that never change; the database is left
 * alone, since a run that writes to it would have to make way for its readers.
 */
import { ExperimentError } from "../base/errors.ts";
import { readJournalHead } from "../store/journal.ts";
import { formatAge } from "../report/text/format.ts";
import { isRunId, liveRuns } from "../store/live/reader.ts";
import { realPath, type ResultsFolder } from "../store/results_folder.ts";
import { type RunStatus, RunWatch } from "./run_watch.ts";
import { formatMoment } from "./run_view.ts";
import { Scores } from "./scores.ts";

/** A run in the list of runs. */
export interface RunLine {
  /** The run's id. */
  readonly run: string;
  /** What its results are filed under. */
  readonly experiment: string;
  /** How it stands; "over" where it left no word of how it ended. */
  readonly status: RunStatus | "over";
  /** "2026-11-26 08:30 UTC". */
  readonly startedAt: string;
  /** How long ago it began, "5 min"; "now" within the first. */
  readonly age: string;
  /** "7 of 12 tasks". */
  readonly tasks: string;
  /** Whether there is more to be seen of it. */
  readonly isWatched: boolean;
}

/** Runs that are listed, the newest ones. */
const MOST_RUNS = 200;

/** Runs that are kept in memory with all their tasks. */
const MOST_WATCHED = 30;

/** Two looks within this time are one, whoever asks. */
const LOOK_EVERY_MS = 900;

/** Watches a folder of results; `refresh` it. */
export class ResultsWatch {
  /** The scores of its artifacts. */
  readonly scores: Scores;
  readonly #folder: ResultsFolder;
  readonly #watches = new Map<string, RunWatch>();
  readonly #lines = new Map<
    string,
    RunLine & { readonly atMs: number; readonly isOver: boolean }
  >();
  /** When the journals were written that were read. */
  readonly #readAt = new Map<string, number | undefined>();
  #names: string[] = [];
  #looking: Promise<void> | undefined;
  #lookedAtMs = -Infinity;

  private constructor(folder: ResultsFolder, scores: Scores) {
    this.#folder = folder;
    this.scores = scores;
  }

  /**
   * Begins to watch a folder, which need not be there yet.
   *
   * @throws ExperimentError "ui/links-out"
   */
  static async open(folder: ResultsFolder): Promise<ResultsWatch> {
    const root = realPath(folder.root);
    for (const part of [folder.store, folder.live, folder.runs]) {
      const real = realPath(part);
      if (real.startsWith(`${root}/`)) continue;
      throw new ExperimentError("ui/links-out", `${part} is a link to ${real}`, {
        mend: "only what stands in the folder of results is shown: name the one that it is in",
      });
    }
    return new ResultsWatch(folder, await Scores.open(folder));
  }

  /** Looks at everything, unless somebody has just done so. */
  async refresh(): Promise<void> {
    if (performance.now() - this.#lookedAtMs < LOOK_EVERY_MS) return;
    this.#looking ??= this.#look().finally(() => {
      this.#lookedAtMs = performance.now();
      this.#looking = undefined;
    });
    await this.#looking;
  }

  /** The runs, the newest first. */
  runs(): RunLine[] {
    const nowMs = Date.now();
    return this.#names.flatMap((run) => {
      const line = this.#lines.get(run);
      if (line === undefined) return [];
      const { atMs, isOver: _, ...shown } = line;
      return [{ ...shown, age: ageOf(nowMs - atMs) }];
    });
  }

  /** What a run tells; undefined for one that left nothing, or is none of this folder. */
  run(run: string): RunWatch | undefined {
    return this.#watches.get(run);
  }

  /** The run that a reader wants who names none: the newest that is on, else the newest. */
  latest(): string | undefined {
    const watched = this.#names.filter((run) => this.#watches.has(run));
    return watched.find((run) => this.#watches.get(run)!.isOn) ?? watched[0];
  }

  async #look(): Promise<void> {
    const { live, runs } = this.#folder;
    const told = (await liveRuns(live)).toReversed();
    const journals = await journalsIn(runs);
    this.#names = [...new Set([...told, ...journals.keys()])].sort().reverse().slice(0, MOST_RUNS);
    const watched = new Set(told.slice(0, MOST_WATCHED));
    for (const run of this.#watches.keys()) if (!watched.has(run)) this.#watches.delete(run);
    for (const run of this.#lines.keys()) {
      if (!this.#names.includes(run)) this.#lines.delete(run);
    }
    for (const run of this.#readAt.keys()) if (!journals.has(run)) this.#readAt.delete(run);
    for (const run of this.#names) {
      if (watched.has(run) && await this.#lookAtLive(run)) continue;
      if (journals.has(run)) await this.#lookAtJournal(run);
    }
  }

  async #lookAtLive(run: string): Promise<boolean> {
    const watch = this.#watches.get(run) ?? await RunWatch.open(this.#folder.live, run);
    if (watch === undefined) return false;
    this.#watches.set(run, watch);
    await watch.refresh();
    const { plan: { experiment, startedAt }, status, finished, tasks } = watch;
    this.#lines.set(run, {
      run,
      experiment,
      status,
      startedAt: formatMoment(startedAt),
      age: "",
      tasks: `${finished} of ${tasks.size} tasks`,
      isWatched: true,
      atMs: Date.parse(startedAt),
      isOver: watch.end !== undefined,
    });
    return true;
  }

  async #lookAtJournal(run: string): Promise<void> {
    const known = this.#lines.get(run);
    if (known?.isOver === true) return;
    // One of a run that was killed stays without an end: it is read again when it is written.
    const writtenAtMs = await writtenAt(`${this.#folder.runs}/${run}.json`);
    const isRead = this.#readAt.has(run) && this.#readAt.get(run) === writtenAtMs;
    if (isRead && known?.isWatched !== true) return;
    this.#readAt.set(run, writtenAtMs);
    const head = await readJournalHead(this.#folder.runs, run);
    if (head === undefined) return;
    const { start: { experiment, startedAt }, end } = head;
    const { total = 0, failed = 0 } = end?.counts ?? {};
    this.#lines.set(run, {
      run,
      experiment,
      status: end?.status ?? "over",
      startedAt: formatMoment(startedAt),
      age: "",
      tasks: end === undefined ? "" : `${total - failed} of ${total} tasks`,
      isWatched: false,
      atMs: Date.parse(startedAt),
      // What has not ended may still do so, but for those of which others tell more.
      isOver: end !== undefined,
    });
  }
}

/** The runs of which there are journals; no link is taken for one. */
async function journalsIn(folder: string): Promise<ReadonlySet<string>> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return new Set(
      entries.filter(({ isFile, name }) => isFile && name.endsWith(".json"))
        .map(({ name }) => name.slice(0, -".json".length)).filter(isRunId),
    );
  } catch {
    return new Set();
  }
}

/** When a file was written, in milliseconds since 1970; undefined where nobody knows. */
async function writtenAt(path: string): Promise<number | undefined> {
  try {
    return (await Deno.lstat(path)).mtime?.getTime();
  } catch {
    return undefined;
  }
}

/** How long ago; of less than a minute the list of runs tells no seconds, which change each time. */
function ageOf(ms: number): string {
  return ms < 60_000 ? "now" : formatAge(ms);
}
