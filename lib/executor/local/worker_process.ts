/**
 * The driver's side of one worker: a process that does one job at a time.
 *
 * It runs in a process group of its own, so that the terminal's Ctrl-C reaches
 * only the driver. Closing its input ends it; after a grace it is killed.
 */
import { ExperimentError } from "../../base/errors.ts";
import type { Grant } from "../../base/rights.ts";
import type { Job, JobEvent } from "../executor.ts";
import {
  formatMessage,
  type FromWorker,
  MARK,
  messageLines,
  parseMessage,
  PROTOCOL,
  type ToWorker,
} from "../protocol.ts";
import { ENV_PROGRAM, libraryPaths, workerEnvironment } from "./environment.ts";

/** How to start worker processes. */
export interface WorkerCommand {
  /** The module that calls `serveWorker`. */
  readonly module: URL;
  /** What they may do. */
  readonly grant: Grant;
  /** Their whole environment; library paths in it are set by another program. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables of it that tasks ask for by name. */
  readonly also?: readonly string[] | undefined;
  /** How long an aborted job may take to save a checkpoint before it is killed. */
  readonly graceMs: number;
}

/** What a job is run with. */
export interface JobRun {
  /** How many threads it may use. */
  readonly threads: number;
  /** The part of its device's memory that is its own; absent: all. */
  readonly memoryShare?: number | undefined;
  /** The root of the store. */
  readonly store: string;
  /** Aborted: the worker is asked to stop, and killed when it does not. */
  readonly signal?: AbortSignal | undefined;
  /** Told what happens, in order. */
  readonly onEvent?: ((event: JobEvent) => void) | undefined;
}

/** How much of a dead worker's last words is shown. */
const TAIL_CHARACTERS = 2000;
const CLOSE_GRACE_MS = 2000;

interface Pending {
  /** What the worker is at, for the message that it died. */
  readonly at: string;
  readonly run: Pick<JobRun, "signal" | "onEvent">;
  readonly resolve: (wasThere: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** A worker process, started by its constructor. */
export class WorkerProcess {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #graceMs: number;
  readonly #ended: Promise<void>;
  #tail = "";
  #pending: Pending | undefined;
  #isAlive = true;

  /**
   * Starts the process; how it fares from then on is told by `run`.
   *
   * @throws what the system says if it starts none
   */
  constructor({ module, grant: { flags, startIn }, env, also, graceMs }: WorkerCommand) {
    const deno = Deno.execPath();
    const args = ["run", "--quiet", ...flags, module.href, Deno.cwd()];
    const paths = libraryPaths(env);
    const [program, given] = paths.length === 0
      ? [deno, args]
      : [ENV_PROGRAM, [...paths, deno, ...args]];
    this.#child = new Deno.Command(program, {
      args: given,
      clearEnv: true,
      env: workerEnvironment(env, also),
      ...(startIn === undefined ? {} : { cwd: startIn }),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
    this.#graceMs = graceMs;
    this.#input = this.#child.stdin.getWriter();
    this.#ended = this.#serve();
  }

  /** Whether the process can still be given a job. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** The process's id. */
  get pid(): number {
    return this.#child.pid;
  }

  /**
   * Does a job.
   *
   * @returns whether the artifact was there already
   * @throws ExperimentError what the task threw, or "executor/worker-died"; the
   *   signal's reason when aborted; Error with the worker's stack for a bug
   */
  async run(job: Job, run: JobRun): Promise<boolean> {
    run.signal?.throwIfAborted();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const abort = () => {
      this.#send({ type: "abort", key: job.key });
      timer = setTimeout(() => this.#kill(), this.#graceMs);
    };
    try {
      run.signal?.addEventListener("abort", abort, { once: true });
      const { threads, memoryShare, store } = run;
      const message = { type: "job", job, threads, memoryShare, store } as const;
      return await this.#ask(message, { at: `doing a task of ${job.kind}`, run });
    } finally {
      run.signal?.removeEventListener("abort", abort);
      clearTimeout(timer);
    }
  }

  /**
   * Asks whether a device can be used where the worker runs.
   *
   * @throws ExperimentError why not, or "executor/worker-died"
   */
  async check(device: string): Promise<void> {
    await this.#ask({ type: "check", device }, {
      at: `that looks at the device ${device}`,
      run: {},
    });
  }

  /** Sends what is answered by a last message, and waits for it. */
  async #ask(
    message: Exclude<ToWorker, { type: "abort" }>,
    { at, run }: Pick<Pending, "at" | "run">,
  ): Promise<boolean> {
    if (this.#pending !== undefined) throw new Error("a worker does one job at a time");
    if (!this.#isAlive) throw await this.#deathOf(at);
    const result = new Promise<boolean>((resolve, reject) => {
      this.#pending = { at, run, resolve, reject };
    });
    this.#send(message);
    return await result;
  }

  /** Ends the process, even in the midst of a job, and waits until it is gone. */
  async close(): Promise<void> {
    this.#input.close().catch(() => {});
    const timer = setTimeout(() => this.#kill(), CLOSE_GRACE_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  #send(message: ToWorker): void {
    // A worker that is dead cannot be written to; `#serve` tells that it died.
    this.#input.write(new TextEncoder().encode(formatMessage(message))).catch(() => {});
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It is gone already.
    }
  }

  /** Reads what the worker says until it is gone. */
  async #serve(): Promise<void> {
    await Promise.all([this.#readOutput(), this.#readErrors()]);
    await this.#child.status;
    this.#isAlive = false;
    this.#input.close().catch(() => {});
    const pending = this.#take();
    if (pending === undefined) return;
    const { at, run, reject } = pending;
    reject(run.signal?.aborted === true ? run.signal.reason : await this.#deathOf(at));
  }

  async #readOutput(): Promise<void> {
    for await (const line of messageLines(this.#child.stdout)) {
      const mark = line.indexOf(MARK);
      if (mark !== 0) this.#keep(`${mark === -1 ? line : line.slice(0, mark)}\n`);
      if (mark === -1) continue;
      try {
        this.#receive(parseMessage<FromWorker>(line.slice(mark + 1)));
      } catch (error) {
        this.#take()?.reject(error);
        this.#kill();
      }
    }
  }

  async #readErrors(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of this.#child.stderr) {
      this.#keep(decoder.decode(bytes, { stream: true }));
    }
  }

  #keep(text: string): void {
    this.#tail = (this.#tail + text).slice(-TAIL_CHARACTERS);
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "hello":
        if (message.protocol === PROTOCOL) return;
        throw new Error(`the worker speaks protocol ${message.protocol}, not ${PROTOCOL}`);
      case "done":
        return this.#take()?.resolve(message.wasThere);
      case "failed":
        return this.#take()?.reject(ExperimentError.of(message.faults));
      case "bug": {
        const bug = new Error(message.message);
        bug.stack = message.stack;
        return this.#take()?.reject(bug);
      }
      case "aborted": {
        const pending = this.#take();
        return pending?.reject(pending.run.signal?.reason);
      }
      default:
        this.#pending?.run.onEvent?.(message);
    }
  }

  #take(): Pending | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  async #deathOf(at: string): Promise<ExperimentError> {
    const { code, signal } = await this.#child.status;
    const how = signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`;
    const advice = signal === "SIGKILL"
      ? "if memory ran out, give the task less, such as a smaller batch or fewer jobs; run again, " +
        "it goes on from its last checkpoint"
      : "run again, it goes on from its last checkpoint; what it said last may tell why it died";
    const words = this.#tail.trim();
    return new ExperimentError(
      "executor/worker-died",
      `the worker ${at} ${how}`,
      { mend: words === "" ? advice : `${advice}:\n${words.replace(/^/gm, "    ")}` },
    );
  }
}
