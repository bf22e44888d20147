/**
 * Executes jobs on this machine, in warm worker processes.
 *
 * A worker is kept for further jobs on the same device, whatever their kind, so
 * that modules and libraries load once; it is given up when another device needs its place, or
 * a task the part of a device's memory that it holds.
 */
import { ExperimentError } from "../../base/errors.ts";
import type { Grant } from "../../base/rights.ts";
import type { ArtifactStore } from "../../store/objects/artifacts.ts";
import type { ExecuteOptions, Executor, Job, JobEvent, JobLoad, JobResult } from "../executor.ts";
import { WorkerProcess } from "./worker_process.ts";

/** What a local executor is made with. */
export interface LocalExecutorOptions {
  /** The module that calls `serveWorker`. */
  readonly worker: URL;
  /** What the workers may do. */
  readonly grant: Grant;
  /** The environment from which they get what they are known to need; this process's if absent. */
  readonly env?: Readonly<Record<string, string>>;
  /** Variables of it that tasks ask for by name: the secrets of a spec. */
  readonly also?: readonly string[];
  /** How many worker processes there are at most, at least 1. */
  readonly slots: number;
  /** Where the artifacts are. */
  readonly store: ArtifactStore;
  /** How many threads a task of this weight may use; 1 if absent. */
  readonly threads?: (load: JobLoad) => number;
  /**
   * What a worker that did a job stays warm for, besides its threads; the job's device
   * if absent. A device that takes few tasks is opened by a worker that does no others.
   */
  readonly warmFor?: (job: Job) => string;
  /**
   * Whether a worker that is warm for something must end before a job begins, since it holds
   * what that needs; none need if absent.
   */
  readonly endsBefore?: (warmFor: string, job: Job) => boolean;
  /** The part of its device's memory that a job may take; all if absent. */
  readonly memoryShare?: (job: Job) => number | undefined;
  /** How long an aborted job may take to save a checkpoint; 10,000 if absent. */
  readonly graceMs?: number;
}

interface Place {
  /** What it is warm for, and with how many threads. */
  readonly purpose: Purpose;
  readonly worker: WorkerProcess;
}

interface Purpose {
  readonly warmFor: string;
  readonly threads: number;
}

/** What a worker is found or started for. */
interface Need {
  readonly job: Job;
  readonly threads: number;
}

/** A pool of worker processes; `close` it. */
export class LocalExecutor implements Executor {
  readonly #options: LocalExecutorOptions;
  /** Workers without a job, the longest idle first. */
  readonly #idle: Place[] = [];
  readonly #busy = new Set<Place>();
  /** Those that end, until they are gone. */
  readonly #leaving = new Map<Place, Promise<void>>();
  /** Jobs that are on. */
  #taken = 0;
  /** Workers that are there or about to start. */
  #processes = 0;
  #isClosed = false;

  /** Starts nothing yet: workers start with the first jobs. */
  constructor(options: LocalExecutorOptions) {
    if (!(options.slots >= 1)) throw new Error(`slots must be at least 1, not ${options.slots}`);
    this.#options = options;
  }

  /** How many jobs it takes at a time. */
  get slots(): number {
    return this.#options.slots;
  }

  /**
   * Does a job at once, in a warm worker or a new one.
   *
   * @throws ExperimentError what the task threw, "executor/worker-died" or
   *   "executor/no-worker"; the signal's reason when aborted; Error with the worker's
   *   stack for a bug
   */
  async execute(job: Job, options: ExecuteOptions = {}): Promise<JobResult> {
    const { store, slots, threads } = this.#options;
    options.signal?.throwIfAborted();
    if (this.#isClosed) throw new Error("the executor is closed");
    if (this.#taken >= slots) throw new Error(`all ${slots} slots are taken`);
    this.#taken++;
    try {
      const load = options.load ?? { flops: 0, active: 1 };
      const wasThere = await this.#run({ job, threads: threads?.(load) ?? 1 }, options);
      const record = await store.find(job.key);
      if (record === undefined) {
        throw new ExperimentError(
          "executor/results-lost",
          `what this ${job.kind} had made was deleted before it was recorded`,
          {
            at: { file: store.root },
            mend: "leave the results folder alone while a run is on; run again",
          },
        );
      }
      return { record, wasThere };
    } finally {
      this.#taken--;
    }
  }

  /** Asks a worker, which stays warm for the first job. */
  async check(device: string): Promise<void> {
    const threads = this.#options.threads?.({ flops: 0, active: 1 }) ?? 1;
    const { place } = await this.#occupy({ warmFor: device, threads });
    try {
      await place.worker.check(device);
    } finally {
      this.#release(place);
    }
  }

  /** Ends all workers, busy ones too, and waits until they are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const places = [...this.#idle.splice(0), ...this.#busy];
    await Promise.all([...places.map(({ worker }) => worker.close()), ...this.#leaving.values()]);
  }

  /** Closes it at the end of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(need: Need, { signal, onEvent }: ExecuteOptions): Promise<boolean> {
    const { root } = this.#options.store;
    const { job, threads } = need;
    const memoryShare = this.#options.memoryShare?.(job);
    for (;;) {
      await this.#makeRoom(job);
      const { place, isWarm } = await this.#occupy(this.#purposeOf(need));
      let isHeard = false;
      const hear = (event: JobEvent) => {
        isHeard = true;
        onEvent?.(event);
      };
      try {
        const given = { threads, memoryShare, store: root };
        return await place.worker.run(job, { ...given, signal, onEvent: hear });
      } catch (error) {
        // A warm worker that died before it took the job is no fault of the job.
        const isDead = error instanceof ExperimentError && error.code === "executor/worker-died";
        if (!isDead || !isWarm || isHeard || this.#isClosed) throw error;
      } finally {
        this.#release(place);
      }
    }
  }

  /**
   * Ends the idle workers that hold what a job needs, and waits until they are gone, and those
   * too that end for another job.
   */
  async #makeRoom(job: Job): Promise<void> {
    const { endsBefore } = this.#options;
    if (endsBefore === undefined) return;
    const holdsIt = ({ purpose }: Place) => endsBefore(purpose.warmFor, job);
    for (const place of this.#idle.filter(holdsIt)) {
      this.#idle.splice(this.#idle.indexOf(place), 1);
      this.#processes--;
      this.#leave(place);
    }
    await Promise.all(
      [...this.#leaving].flatMap(([place, leaving]) => holdsIt(place) ? [leaving] : []),
    );
  }

  /** Ends a worker; `close` waits for it too. */
  #leave(place: Place): Promise<void> {
    const leaving = place.worker.close().finally(() => this.#leaving.delete(place));
    this.#leaving.set(place, leaving);
    return leaving;
  }

  /** A worker for a purpose: a warm one, or a new one, perhaps in an idle one's place. */
  async #occupy(purpose: Purpose): Promise<{ place: Place; isWarm: boolean }> {
    const { warmFor, threads } = purpose;
    const warm = this.#idle.findLastIndex((place) =>
      place.purpose.warmFor === warmFor && place.purpose.threads === threads
    );
    const [known] = warm === -1 ? [] : this.#idle.splice(warm, 1);
    const place = known ?? await this.#start(purpose);
    this.#busy.add(place);
    return { place, isWarm: known !== undefined };
  }

  async #start(purpose: Purpose): Promise<Place> {
    if (this.#processes < this.#options.slots) {
      this.#processes++;
    } else {
      // Its memory, on a GPU above all, must be free before the next one starts.
      await this.#leave(this.#idle.shift()!);
    }
    if (this.#isClosed) throw new Error("the executor is closed");
    const { worker: module, grant, also, graceMs = 10_000 } = this.#options;
    const env = this.#options.env ?? Deno.env.toObject();
    try {
      return { purpose, worker: new WorkerProcess({ module, grant, env, also, graceMs }) };
    } catch (cause) {
      this.#processes--;
      throw notStarted(cause);
    }
  }

  #purposeOf({ job, threads }: Need): Purpose {
    return { warmFor: this.#options.warmFor?.(job) ?? job.device, threads };
  }

  #release(place: Place): void {
    this.#busy.delete(place);
    if (place.worker.isAlive) this.#idle.push(place);
    else this.#processes--;
  }
}

/** The error for a process that the system does not start. */
function notStarted(cause: unknown): ExperimentError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ExperimentError("executor/no-worker", `cannot start a worker: ${why}`, {
    mend: "see that memory is left and that this user may have more processes; " +
      "fewer tasks at once (--jobs) need fewer",
    cause,
  });
}
