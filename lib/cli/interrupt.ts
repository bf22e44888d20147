/**
 * Why a run stops before its end: a signal, or the process that started it is gone.
 *
 * One Ctrl-C reaches a run twice where `deno task` or `npx` pass on what the terminal
 * has told everybody already. So a signal soon after the first is the first once more;
 * a later one means it: leave at once.
 */
import { isInputUnreadable, isRunning, processFacts } from "../base/process.ts";
import { EXIT } from "./exit.ts";

/** What an interrupt may be given. */
export interface InterruptOptions {
  /** Tells a person what happens. */
  readonly print: (text: string) => void;
  /** Whether the run goes on without its terminal and without those who started it. */
  readonly isDetached: boolean;
  /** Ends the process with this code; for tests. */
  readonly exit?: (code: number) => void;
}

/** So soon after the first, a signal is the same one by another way. */
const SAME_WITHIN_MS = 1000;
const LOOK_EVERY_MS = 1000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Listens until it is disposed of. */
export class Interrupt implements Disposable {
  readonly #options: InterruptOptions;
  readonly #abort = new AbortController();
  readonly #undo: (() => void)[] = [];
  #firstAtMs: number | undefined;

  /** Begins to listen. */
  constructor(options: InterruptOptions) {
    this.#options = options;
    const isDetached = options.isDetached || processFacts(Deno.pid)?.ignoresHangup === true ||
      isInputUnreadable();
    for (const each of SIGNALS) {
      // Where a listener is needed even to ignore it: the default would end the process.
      const listener = each === "SIGHUP" && isDetached ? () => {} : () => this.#hear();
      Deno.addSignalListener(each, listener);
      this.#undo.push(() => Deno.removeSignalListener(each, listener));
    }
    if (isDetached) return;
    const starters = startersOf(Deno.pid);
    const timer = setInterval(() => {
      const gone = starters.find(({ pid, startedAt }) => !isRunning(pid, startedAt));
      if (gone === undefined) return;
      clearInterval(timer);
      this.#stop(`${gone.program} (process ${gone.pid}), which started this, is gone`);
    }, LOOK_EVERY_MS);
    this.#undo.push(() => clearInterval(timer));
  }

  /** Aborted when the run is to stop. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Listens no more. */
  [Symbol.dispose](): void {
    for (const undo of this.#undo) undo();
  }

  #hear(): void {
    if (this.#firstAtMs === undefined) return this.#stop();
    if (performance.now() - this.#firstAtMs < SAME_WITHIN_MS) return;
    (this.#options.exit ?? Deno.exit)(EXIT.interrupted);
  }

  #stop(why?: string): void {
    this.#firstAtMs ??= performance.now();
    if (this.#abort.signal.aborted) return;
    this.#abort.abort(new DOMException("the run was interrupted", "AbortError"));
    const stopping = "stopping: running tasks save a checkpoint";
    this.#options.print(
      why === undefined
        ? `${stopping}; once more, after a second, to leave at once`
        : `${why}; ${stopping} (run with --detached to go on)`,
    );
  }
}

/** A process that has a part in a run's start. */
interface Starter {
  /** Its number. */
  readonly pid: number;
  /** When it began; absent where the system does not tell. */
  readonly startedAt?: Date;
  /** The program that it runs. */
  readonly program: string;
}

/**
 * The processes between a person's shell and this one, such as `npx` and `deno task`:
 * those before it that are of its process group, which a shell makes for each command.
 */
function startersOf(pid: number): Starter[] {
  const own = processFacts(pid);
  const starters: Starter[] = [];
  for (let at = own?.parent ?? 0; at > 1;) {
    const facts = processFacts(at);
    if (facts === undefined || facts.group !== own!.group) break;
    starters.push({ pid: at, startedAt: facts.startedAt, program: facts.program });
    at = facts.parent;
  }
  return starters;
}
