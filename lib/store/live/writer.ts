/**
 * Writes what a run tells for those who watch it.
 *
 * Nothing waits for the disk: what happens is taken in at once and written every second.
 * Where it cannot be written (a full disk, a folder that is gone) it is dropped, and once
 * writing works again all states are told anew; the run itself never fails for it.
 */
import { writeAll } from "../../base/files.ts";
import type { TaskState } from "../../base/task_state.ts";
import {
  LIVE_FILES,
  LIVE_FORMAT,
  type LiveEnd,
  type LiveEvent,
  type LiveNow,
  type LivePlan,
  type LiveRequest,
} from "./records.ts";
import { sweepLive } from "./sweep.ts";

/** What a writer asks its run. */
export interface LiveSource {
  /** What runs at this moment. */
  now(): LiveNow;
  /** The state of every task, in the order of the plan. */
  states(): TaskState[];
  /** Given what a person asks, each once. */
  onRequest(request: LiveRequest): void;
  /** Told once why nothing can be written for now. */
  onWarning(message: string): void;
}

const WRITE_EVERY_MS = 1000;

/** How long the end of a run waits for a disk that does not answer. */
const CLOSE_LIMIT_MS = 2000;

/** Notes that are kept of a task, and of the run itself; and of each, the beginning. */
const MOST_NOTES = 200;
const MOST_CHARACTERS = 2000;

/** Events that wait while they cannot be written; the states are told anew after that. */
const MOST_WAITING = 20_000;

/** Writes what a run tells; close it at its end. */
export class LiveWriter {
  readonly #dir: string;
  readonly #source: LiveSource;
  readonly #heard = new Set<string>();
  readonly #notes = new Map<string | undefined, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #waiting: LiveEvent[] = [];
  #hasLost = false;
  #hasWarned = false;

  private constructor(dir: string, source: LiveSource) {
    this.#dir = dir;
    this.#source = source;
  }

  /**
   * Begins a run's folder and writes from then on.
   *
   * @returns undefined where it cannot be made; the source is told why
   */
  static async open(
    live: string,
    plan: Omit<LivePlan, "version">,
    source: LiveSource,
  ): Promise<LiveWriter | undefined> {
    const dir = `${live}/${plan.run}`;
    try {
      await Deno.mkdir(`${dir}/${LIVE_FILES.requests}`, { recursive: true });
      await replace(`${dir}/${LIVE_FILES.plan}`, JSON.stringify({ ...LIVE_FORMAT, ...plan }));
      await sweepLive(live, plan.run);
    } catch (error) {
      source.onWarning(`the live page cannot show this run: ${reasonOf(error)}`);
      return undefined;
    }
    const writer = new LiveWriter(dir, source);
    writer.#wake();
    return writer;
  }

  /** Takes in what happened; it is written within a second. */
  tell(event: LiveEvent): void {
    if (event.type === "note") {
      const count = (this.#notes.get(event.key) ?? 0) + 1;
      this.#notes.set(event.key, count);
      if (count > MOST_NOTES + 1) return;
      const text = count > MOST_NOTES
        ? "what is told from here on is not kept"
        : event.text.slice(0, MOST_CHARACTERS);
      event = { ...event, text };
    }
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(event);
    else this.#hasLost = true;
  }

  /** Writes how the run ended, and what is left to write. */
  async close(end?: LiveEnd): Promise<void> {
    if (end !== undefined) this.#waiting.push({ type: "end", atMs: Date.now(), end });
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#hasWarned = true;
    let late: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([
      this.#writing.then(() => this.#write()),
      new Promise<void>((resolve) => late = setTimeout(resolve, CLOSE_LIMIT_MS)),
    ]);
    clearTimeout(late);
  }

  #wake(): void {
    this.#timer = setTimeout(() => {
      this.#writing = this.#turn().finally(() => {
        if (this.#timer !== undefined) this.#wake();
      });
    }, WRITE_EVERY_MS);
  }

  async #turn(): Promise<void> {
    await this.#listen();
    await this.#write();
  }

  async #write(): Promise<void> {
    const events = this.#waiting, isAfterLoss = this.#hasLost;
    this.#waiting = [];
    this.#hasLost = false;
    if (isAfterLoss) {
      events.push({ type: "states", atMs: Date.now(), states: this.#source.states() });
    }
    try {
      // What is replaced goes first: where it cannot be, nothing is appended again and again.
      await replace(`${this.#dir}/${LIVE_FILES.now}`, JSON.stringify(this.#source.now()));
      if (events.length > 0) await this.#append(events, { isAfterLoss });
      this.#hasWarned = false;
    } catch (error) {
      // Of states the newest count, and they are told anew; what a task said is kept as it fits.
      this.#waiting = [...events.filter(({ type }) => type !== "states"), ...this.#waiting]
        .slice(-MOST_WAITING);
      this.#hasLost = true;
      if (this.#hasWarned) return;
      this.#hasWarned = true;
      this.#source.onWarning(`the live page lags behind: ${reasonOf(error)}`);
    }
  }

  async #append(
    events: readonly LiveEvent[],
    { isAfterLoss }: { readonly isAfterLoss: boolean },
  ): Promise<void> {
    // A write that failed may have left half a line.
    const text = (isAfterLoss ? "\n" : "") +
      events.map((event) => `${JSON.stringify(event)}\n`).join("");
    using file = await Deno.open(`${this.#dir}/${LIVE_FILES.events}`, {
      append: true,
      create: true,
    });
    await writeAll(file, new TextEncoder().encode(text));
  }

  /** Looks for what a person asks. */
  async #listen(): Promise<void> {
    try {
      for await (const { name } of Deno.readDir(`${this.#dir}/${LIVE_FILES.requests}`)) {
        if (this.#heard.has(name)) continue;
        this.#heard.add(name);
        const request = requestOf(name);
        if (request !== undefined) this.#source.onRequest(request);
      }
    } catch {
      // The folder is gone: then nobody can ask anything.
    }
  }
}

/** What a file in the folder of requests asks; undefined for one that is none. */
function requestOf(name: string): LiveRequest | undefined {
  if (name === "cancel") return { type: "cancel-run" };
  const [, key] = /^cancel-([0-9a-f]{64})$/.exec(name) ?? [];
  return key === undefined ? undefined : { type: "cancel-task", key };
}

/** Puts a file in its place in one go, so that nobody reads half of it. */
async function replace(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  await Deno.writeTextFile(fresh, text);
  await Deno.rename(fresh, path);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
