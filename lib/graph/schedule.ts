/**
 * Runs a plan: tasks in topological order, a few at once, longest way first.
 *
 * A failed task takes only its cone with it: whatever reads its artifact,
 * directly or not, is skipped, all else goes on. An interrupt starts nothing
 * more and lets running tasks save a checkpoint. What became of each task is told
 * and not kept: whoever listens keeps the states.
 */
import type { Plan, PlannedTask } from "./plan.ts";
import { ReadyQueue } from "./ready_queue.ts";
import type { TaskState } from "./task.ts";

/** What is told with a state. */
export interface StateDetail {
  /** What a failed task threw. */
  readonly error?: unknown;
  /** The key of the failed task because of which this one is skipped. */
  readonly because?: string;
}

/** A device that takes fewer tasks at a time than there are jobs. */
export interface DeviceLimit {
  /** How many of its tasks run at once, at least 1. */
  readonly slots: number;
  /** Whether a task needs it. */
  readonly isNeededBy: (planned: PlannedTask) => boolean;
}

/** How to run a plan. */
export interface ScheduleOptions {
  /** How many tasks run at once, at least 1. */
  readonly jobs: number;
  /**
   * Does a task and commits its artifact; "cached" if another run had done so meanwhile.
   * Rejects with the signal's reason when aborted.
   */
  readonly execute: (planned: PlannedTask, signal: AbortSignal) => Promise<"done" | "cached">;
  /** What computes numbers, where it takes fewer tasks at a time; no limit if absent. */
  readonly device?: DeviceLimit | undefined;
  /** Aborted: nothing more starts, and running tasks get the signal. */
  readonly signal?: AbortSignal;
  /** Whether tasks outside a failed one's cone still run; true if absent. */
  readonly keepGoing?: boolean;
  /** Told every change of state; the first one of each task too. */
  readonly onState: (planned: PlannedTask, state: TaskState, detail: StateDetail) => void;
}

/**
 * Runs what a plan says, and resolves when nothing runs any more.
 *
 * It does not reject because a task failed or the signal was aborted: the
 * states say so. It rejects only with what `onState` throws.
 */
export async function runPlan(plan: Plan, options: ScheduleOptions): Promise<void> {
  await new Schedule(plan, options).run();
}

class Schedule {
  readonly #plan: Plan;
  readonly #options: ScheduleOptions;
  /** Tasks that run, by what they read. */
  readonly #readers = new Map<string, string[]>();
  /** How many unfinished tasks each one waits for. */
  readonly #unmet = new Map<string, number>();
  readonly #ready: ReadyQueue;
  readonly #skipped = new Set<string>();
  readonly #stop = new AbortController();
  #running = 0;
  /** Those of them that need the device. */
  #onDevice = 0;
  #broken: { readonly error: unknown } | undefined;
  #finish: () => void = () => {};

  constructor(plan: Plan, options: ScheduleOptions) {
    if (!(options.jobs >= 1)) throw new Error(`jobs must be at least 1, not ${options.jobs}`);
    this.#plan = plan;
    this.#options = options;
    for (const planned of plan.tasks.values()) this.#link(planned);
    this.#ready = new ReadyQueue(
      remainingCosts(plan, this.#readers),
      (key) => this.#needsDevice(key),
    );
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    const stop = () => this.#stop.abort(signal?.reason);
    if (signal?.aborted === true) stop();
    signal?.addEventListener("abort", stop, { once: true });
    const finished = new Promise<void>((resolve) => this.#finish = resolve);
    try {
      this.#guard(() => {
        for (const planned of this.#plan.tasks.values()) this.#enter(planned);
      });
      this.#pump();
      await finished;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
    if (this.#broken !== undefined) throw this.#broken.error;
  }

  #link(planned: PlannedTask): void {
    if (planned.state !== "run") return;
    const { key } = planned.task;
    let unmet = 0;
    for (const need of needsOf(planned)) {
      if (this.#plan.tasks.get(need)?.state !== "run") continue;
      unmet++;
      const readers = this.#readers.get(need);
      if (readers === undefined) this.#readers.set(need, [key]);
      else readers.push(key);
    }
    this.#unmet.set(key, unmet);
  }

  #enter(planned: PlannedTask): void {
    const { key } = planned.task;
    if (planned.state !== "run") return this.#tell(key, planned.state);
    if (this.#unmet.get(key)! > 0) return this.#tell(key, "waiting");
    this.#makeReady(key);
  }

  #makeReady(key: string): void {
    this.#tell(key, "ready");
    this.#ready.push(key);
  }

  /** Starts what may start; ends the run when nothing runs. */
  #pump(): void {
    while (this.#running < this.#options.jobs && !this.#stop.signal.aborted) {
      const slots = this.#options.device?.slots ?? Infinity;
      const key = this.#ready.pop({ isDeviceTaken: this.#onDevice >= slots });
      if (key === undefined) break;
      const onDevice = this.#needsDevice(key) ? 1 : 0;
      this.#running++;
      this.#onDevice += onDevice;
      this.#execute(key).finally(() => {
        this.#running--;
        this.#onDevice -= onDevice;
        this.#pump();
      });
    }
    if (this.#running === 0) this.#finish();
  }

  #needsDevice(key: string): boolean {
    return this.#options.device?.isNeededBy(this.#plan.tasks.get(key)!) ?? false;
  }

  async #execute(key: string): Promise<void> {
    const { signal } = this.#stop;
    let failure: { readonly error: unknown } | undefined;
    let end: "done" | "cached" | undefined;
    try {
      this.#guard(() => this.#tell(key, "running"));
      if (this.#broken === undefined) {
        end = await this.#options.execute(this.#plan.tasks.get(key)!, signal);
      }
    } catch (error) {
      failure = { error };
    }
    this.#guard(() => {
      if (end !== undefined) return this.#complete(key, end);
      if (failure === undefined) return;
      if (signal.aborted && failure.error === signal.reason) return this.#tell(key, "interrupted");
      this.#fail(key, failure.error);
    });
  }

  #complete(key: string, end: "done" | "cached"): void {
    this.#tell(key, end);
    for (const reader of this.#readers.get(key) ?? []) {
      const unmet = this.#unmet.get(reader)! - 1;
      this.#unmet.set(reader, unmet);
      if (unmet === 0 && !this.#skipped.has(reader)) this.#makeReady(reader);
    }
  }

  #fail(key: string, error: unknown): void {
    this.#tell(key, "failed", { error });
    const cone = [...this.#readers.get(key) ?? []];
    for (let reader = cone.pop(); reader !== undefined; reader = cone.pop()) {
      if (this.#skipped.has(reader)) continue;
      this.#skipped.add(reader);
      this.#tell(reader, "skipped", { because: key });
      cone.push(...this.#readers.get(reader) ?? []);
    }
    if (this.#options.keepGoing === false) {
      this.#stop.abort(new DOMException("another task failed", "AbortError"));
    }
  }

  #tell(key: string, state: TaskState, detail: StateDetail = {}): void {
    this.#options.onState(this.#plan.tasks.get(key)!, state, detail);
  }

  /** Stops the run when the caller's `onState` throws; the run then rejects with it. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#broken ??= { error };
      this.#stop.abort(error);
    }
  }
}

/** Each key once of what a task reads: its inputs and its start. */
export function needsOf({ task, start }: PlannedTask): Set<string> {
  const needs = new Set(Object.values(task.inputs).flat().map((ref) => ref.key));
  if (start !== undefined) needs.add(start.key);
  return needs;
}

/**
 * By key in topological order, the cost of the longest chain from a task to the end.
 *
 * In FLOPs where known, else in steps; every task counts at least 1, so that the
 * longer chain goes first where nothing is known.
 */
function remainingCosts(
  plan: Plan,
  readers: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, number> {
  const remaining = new Map<string, number>();
  for (const [key, { state, cost }] of [...plan.tasks].toReversed()) {
    if (state !== "run") continue;
    let longest = 0;
    for (const reader of readers.get(key) ?? []) {
      longest = Math.max(longest, remaining.get(reader)!);
    }
    remaining.set(key, longest + 1 + (cost.flops > 0 ? cost.flops : cost.steps));
  }
  return new Map([...remaining].toReversed());
}
