/**
 * Runs a plan: tasks in topological order, a few at once, longest way first.
 *
 * A failed task takes only its cone with it: whatever reads its artifact,
 * directly or not, is skipped, all else goes on. An interrupt starts nothing
 * more and lets running tasks save a checkpoint.
 */
import type { Plan, PlannedTask } from "./plan.ts";
import { ReadyQueue } from "./ready_queue.ts";

/**
 * Where a task stands, always exactly one of:
 *
 * - "waiting": something it reads is not done
 * - "ready": all it reads is there; it waits for a free place
 * - "running": a worker has it
 * - "done": it ran, and its artifact is committed
 * - "cached": its artifact was there, or nobody needs it
 * - "failed": it ran and threw
 * - "skipped": something it reads failed
 *
 * Those that an interrupt stops go back to "ready": the next run goes on there.
 */
export type TaskState =
  | "waiting"
  | "ready"
  | "running"
  | "done"
  | "cached"
  | "failed"
  | "skipped";

/** What is told with a state. */
export interface StateDetail {
  /** What a failed task threw. */
  readonly error?: unknown;
  /** The key of the failed task because of which this one is skipped. */
  readonly because?: string;
}

/** How to run a plan. */
export interface ScheduleOptions {
  /** How many tasks run at once, at least 1. */
  readonly jobs: number;
  /** Does a task and commits its artifact; rejects with the signal's reason when aborted. */
  readonly execute: (planned: PlannedTask, signal: AbortSignal) => Promise<void>;
  /** Aborted: nothing more starts, and running tasks get the signal. */
  readonly signal?: AbortSignal;
  /** Whether tasks outside a failed one's cone still run; true if absent. */
  readonly keepGoing?: boolean;
  /** Told every change of state; the first one of each task too. */
  readonly onState?: (planned: PlannedTask, state: TaskState, detail: StateDetail) => void;
}

/** How a run ended. */
export interface RunOutcome {
  /** The last state of every task, by key. */
  readonly states: ReadonlyMap<string, TaskState>;
  /** How many tasks ended in each state. */
  readonly counts: Readonly<Record<TaskState, number>>;
  /** What failed tasks threw, by key, in the order in which they failed. */
  readonly failures: ReadonlyMap<string, unknown>;
  /** The failed task because of which a task is skipped, by the skipped one's key. */
  readonly because: ReadonlyMap<string, string>;
  /** Whether the caller's signal stopped the run before its end. */
  readonly isInterrupted: boolean;
}

/**
 * Runs what a plan says, and resolves when nothing runs any more.
 *
 * It does not reject because a task failed or the signal was aborted: the
 * outcome says so. It rejects only with what `onState` throws.
 */
export async function runPlan(plan: Plan, options: ScheduleOptions): Promise<RunOutcome> {
  return await new Schedule(plan, options).run();
}

class Schedule {
  readonly #plan: Plan;
  readonly #options: ScheduleOptions;
  /** Tasks that run, by what they read. */
  readonly #readers = new Map<string, string[]>();
  /** How many unfinished tasks each one waits for. */
  readonly #unmet = new Map<string, number>();
  readonly #ready: ReadyQueue;
  readonly #states = new Map<string, TaskState>();
  readonly #failures = new Map<string, unknown>();
  readonly #because = new Map<string, string>();
  readonly #stop = new AbortController();
  #running = 0;
  #broken: { readonly error: unknown } | undefined;
  #finish: () => void = () => {};

  constructor(plan: Plan, options: ScheduleOptions) {
    if (!(options.jobs >= 1)) throw new Error(`jobs must be at least 1, not ${options.jobs}`);
    this.#plan = plan;
    this.#options = options;
    for (const planned of plan.tasks.values()) this.#link(planned);
    this.#ready = new ReadyQueue(remainingCosts(plan, this.#readers));
  }

  async run(): Promise<RunOutcome> {
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
    return this.#outcome();
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
    if (planned.state !== "run") return this.#tell(key, "cached");
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
      const key = this.#ready.pop();
      if (key === undefined) break;
      this.#running++;
      this.#execute(key).finally(() => {
        this.#running--;
        this.#pump();
      });
    }
    if (this.#running === 0) this.#finish();
  }

  async #execute(key: string): Promise<void> {
    const { signal } = this.#stop;
    let failure: { readonly error: unknown } | undefined;
    try {
      this.#guard(() => this.#tell(key, "running"));
      if (this.#broken === undefined) {
        await this.#options.execute(this.#plan.tasks.get(key)!, signal);
      }
    } catch (error) {
      failure = { error };
    }
    this.#guard(() => {
      if (failure === undefined) return this.#complete(key);
      if (signal.aborted && failure.error === signal.reason) return this.#tell(key, "ready");
      this.#fail(key, failure.error);
    });
  }

  #complete(key: string): void {
    this.#tell(key, "done");
    for (const reader of this.#readers.get(key) ?? []) {
      const unmet = this.#unmet.get(reader)! - 1;
      this.#unmet.set(reader, unmet);
      if (unmet === 0 && this.#states.get(reader) === "waiting") this.#makeReady(reader);
    }
  }

  #fail(key: string, error: unknown): void {
    this.#failures.set(key, error);
    this.#tell(key, "failed", { error });
    const cone = [...this.#readers.get(key) ?? []];
    for (let reader = cone.pop(); reader !== undefined; reader = cone.pop()) {
      if (this.#states.get(reader) !== "waiting") continue;
      this.#because.set(reader, key);
      this.#tell(reader, "skipped", { because: key });
      cone.push(...this.#readers.get(reader) ?? []);
    }
    if (this.#options.keepGoing === false) {
      this.#stop.abort(new DOMException("another task failed", "AbortError"));
    }
  }

  #tell(key: string, state: TaskState, detail: StateDetail = {}): void {
    this.#states.set(key, state);
    this.#options.onState?.(this.#plan.tasks.get(key)!, state, detail);
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

  #outcome(): RunOutcome {
    const counts = {
      waiting: 0,
      ready: 0,
      running: 0,
      done: 0,
      cached: 0,
      failed: 0,
      skipped: 0,
    };
    for (const state of this.#states.values()) counts[state]++;
    return {
      states: this.#states,
      counts,
      failures: this.#failures,
      because: this.#because,
      isInterrupted: this.#options.signal?.aborted === true && counts.ready + counts.waiting > 0,
    };
  }
}

/** Each key once of what a task reads: its inputs and its start. */
function needsOf({ task, start }: PlannedTask): Set<string> {
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
