/**
 * Runs a plan: tasks in topological order, a few at once, longest way first.
 *
 * A failed task takes only its cone with it: whatever reads its artifact,
 * directly or not, is skipped, all else goes on; so does a cancelled one. An interrupt
 * starts nothing more and lets running tasks save a checkpoint. What became of each task is told
 * and not kept: whoever listens keeps the states.
 *
 * Tasks that wait for a choice are planned anew when it is made: see `late.ts`.
 */
import type { TaskState } from "../base/task_state.ts";
import type { Settled } from "./late.ts";
import { isWaiting, placeOf, type Plan, type PlannedTask } from "./plan.ts";
import { ReadyQueue } from "./ready_queue.ts";

/** What is told with a state. */
export interface StateDetail {
  /** What a failed task threw. */
  readonly error?: unknown;
  /** The key of the failed or cancelled task because of which this one is skipped. */
  readonly because?: string;
  /** Whether it was interrupted by itself, as a person asked for. */
  readonly isCancelled?: true;
}

/** Cancels a task of a run, by its key; one that is over or not of the run is left alone. */
export type Cancel = (key: string) => void;

/** A device that takes fewer tasks at a time than there are jobs. */
export interface DeviceLimit {
  /** How many places it has, at least 1. */
  readonly slots: number;
  /** How many of them a task takes while it runs, at most all; 0 where it computes nothing there. */
  readonly takes: (planned: PlannedTask) => number;
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
  /** What computes numbers, where that has fewer places than there are jobs; no limit if absent. */
  readonly device?: DeviceLimit | undefined;
  /** Aborted: nothing more starts, and running tasks get the signal. */
  readonly signal?: AbortSignal;
  /** Told at the beginning how to cancel a task: a running one saves a checkpoint. */
  readonly onStart?: (cancel: Cancel) => void;
  /** Whether tasks outside a failed one's cone still run; true if absent. */
  readonly keepGoing?: boolean;
  /** Settles tasks that wait for choices, as those are made; without it none waits. */
  readonly late?: {
    /** Whether something waits for the task that stands under a key. */
    readonly isAwaited: (key: string) => boolean;
    /** Those that have their keys now, by those that they stood under, in order. */
    readonly settle: (key: string) => Promise<ReadonlyMap<string, Settled>>;
  } | undefined;
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
  /** By the key under which each stands in the plan. */
  readonly #tasks: Map<string, PlannedTask>;
  readonly #options: ScheduleOptions;
  /** Tasks that run, by what they read. */
  readonly #readers = new Map<string, string[]>();
  /** The unfinished tasks that each one waits for. */
  readonly #unmet = new Map<string, Set<string>>();
  /** The places of those that got their keys in the course of the run. */
  readonly #placeOf = new Map<string, string>();
  /** Those of which nothing more comes. */
  readonly #ended = new Set<string>();
  readonly #ready: ReadyQueue;
  /** Tasks of which nothing more comes though they never ran: skipped or cancelled. */
  readonly #leftOut = new Set<string>();
  readonly #stop = new AbortController();
  /** Stops a running task alone. */
  readonly #aborts = new Map<string, AbortController>();
  readonly #begun = new Set<string>();
  #running = 0;
  /** The places of the device that they take. */
  #taken = 0;
  #broken: { readonly error: unknown } | undefined;
  #finish: () => void = () => {};

  constructor(plan: Plan, options: ScheduleOptions) {
    if (!(options.jobs >= 1)) throw new Error(`jobs must be at least 1, not ${options.jobs}`);
    this.#tasks = new Map(plan.tasks);
    this.#options = options;
    for (const planned of plan.tasks.values()) this.#link(planned);
    this.#ready = new ReadyQueue(
      remainingCosts(plan, this.#readers),
      (key) => this.#takes(key),
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
        for (const planned of this.#tasks.values()) this.#enter(planned);
        this.#options.onStart?.((key) =>
          this.#guard(() => this.#cancel(this.#placeOf.get(key) ?? key))
        );
      });
      await this.#settleCached();
      this.#pump();
      await finished;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
    if (this.#broken !== undefined) throw this.#broken.error;
  }

  #link(planned: PlannedTask): void {
    if (planned.state !== "run") return;
    const place = placeOf(planned), unmet = new Set<string>();
    for (const key of needsOf(planned)) {
      const need = this.#placeOf.get(key) ?? key;
      if (this.#tasks.get(need)?.state !== "run" || this.#ended.has(need)) continue;
      unmet.add(need);
      const readers = this.#readers.get(need);
      if (readers === undefined) this.#readers.set(need, [place]);
      else readers.push(place);
    }
    this.#unmet.set(place, unmet);
  }

  #enter(planned: PlannedTask): void {
    const place = placeOf(planned);
    if (planned.state !== "run") return this.#tell(place, planned.state);
    if (this.#unmet.get(place)!.size > 0 || isWaiting(planned)) return this.#tell(place, "waiting");
    this.#makeReady(place);
  }

  /** Settles what waits for choices that were there before. */
  async #settleCached(): Promise<void> {
    for (const [key, { state }] of this.#tasks) {
      if (state !== "cached" || this.#options.late?.isAwaited(key) !== true) continue;
      const settled = await this.#settled(key);
      this.#guard(() => this.#settle(settled));
    }
  }

  /**
   * What has its key now that a task is there, and what follows other choices that turn out to
   * be there; a bug of whoever settles it ends the run.
   */
  async #settled(place: string): Promise<ReadonlyMap<string, Settled>> {
    const all = new Map<string, Settled>(), { late } = this.#options;
    if (late?.isAwaited(place) !== true) return all;
    try {
      const open = [place];
      for (const choice of open) { // grows as choices are met
        for (const [each, settled] of await late.settle(choice)) {
          all.set(each, settled);
          const isThere = "planned" in settled && settled.planned.state === "cached";
          if (isThere && late.isAwaited(each)) open.push(each);
        }
      }
    } catch (error) {
      this.#guard(() => {
        throw error;
      });
    }
    return all;
  }

  /** Plans tasks anew that have their keys now. */
  #settle(settled: ReadonlyMap<string, Settled>): void {
    for (const [place, each] of settled) {
      if (this.#leftOut.has(place) || this.#ended.has(place)) continue;
      if ("error" in each) {
        this.#fail(place, each.error);
        continue;
      }
      const { planned } = each;
      this.#tasks.set(place, planned);
      this.#placeOf.set(planned.task.key, place);
      if (planned.state === "run") {
        this.#link(planned);
        if (this.#unmet.get(place)!.size === 0) this.#makeReady(place);
      } else this.#complete(place, planned.state);
    }
  }

  #makeReady(key: string): void {
    this.#tell(key, "ready");
    this.#ready.push(key);
  }

  /** Starts what may start; ends the run when nothing runs. */
  #pump(): void {
    while (this.#running < this.#options.jobs && !this.#stop.signal.aborted) {
      const slots = this.#options.device?.slots ?? Infinity;
      const key = this.#ready.pop({ free: slots - this.#taken });
      if (key === undefined) break;
      if (this.#leftOut.has(key)) continue;
      const takes = this.#takes(key);
      this.#running++;
      this.#taken += takes;
      this.#execute(key).finally(() => {
        this.#running--;
        this.#taken -= takes;
        this.#pump();
      });
    }
    if (this.#running === 0) this.#finish();
  }

  #takes(key: string): number {
    const { device } = this.#options;
    if (device === undefined) return 0;
    const takes = device.takes(this.#tasks.get(key)!);
    if (takes <= device.slots) return takes;
    throw new Error(`${key} takes ${takes} places of a device that has ${device.slots}`);
  }

  async #execute(key: string): Promise<void> {
    const own = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, own.signal]);
    this.#aborts.set(key, own);
    this.#begun.add(key);
    let failure: { readonly error: unknown } | undefined;
    let end: "done" | "cached" | undefined;
    let settled: ReadonlyMap<string, Settled> = new Map();
    try {
      this.#guard(() => this.#tell(key, "running"));
      if (this.#broken === undefined) {
        end = await this.#options.execute(this.#tasks.get(key)!, signal);
        settled = await this.#settled(key);
      }
    } catch (error) {
      failure = { error };
    }
    this.#aborts.delete(key);
    this.#guard(() => {
      if (end !== undefined) {
        this.#complete(key, end);
        return this.#settle(settled);
      }
      if (failure === undefined) return;
      if (!signal.aborted || failure.error !== signal.reason) return this.#fail(key, failure.error);
      if (own.signal.aborted && signal.reason === own.signal.reason) return this.#leaveOut(key);
      this.#tell(key, "interrupted");
    });
  }

  /** A running task is told to stop; one that waits is left out at once. */
  #cancel(key: string): void {
    if (this.#aborts.has(key)) {
      this.#aborts.get(key)!.abort(new DOMException("the task was cancelled", "AbortError"));
      return;
    }
    const hasNotBegun = this.#unmet.has(key) && !this.#begun.has(key) && !this.#leftOut.has(key);
    if (!hasNotBegun || this.#ended.has(key) || this.#stop.signal.aborted) return;
    this.#leftOut.add(key);
    this.#leaveOut(key);
  }

  #leaveOut(key: string): void {
    this.#ended.add(key);
    this.#tell(key, "interrupted", { isCancelled: true });
    this.#skipReaders(key);
  }

  #complete(key: string, end: "done" | "cached" | "unneeded"): void {
    this.#ended.add(key);
    this.#tell(key, end);
    for (const reader of this.#readers.get(key) ?? []) {
      const unmet = this.#unmet.get(reader)!;
      if (!unmet.delete(key) || unmet.size > 0 || this.#leftOut.has(reader)) continue;
      // What waits for a choice is made ready once it has its key.
      if (!isWaiting(this.#tasks.get(reader)!)) this.#makeReady(reader);
    }
  }

  #fail(key: string, error: unknown): void {
    this.#ended.add(key);
    this.#tell(key, "failed", { error });
    this.#skipReaders(key);
    if (this.#options.keepGoing === false) {
      this.#stop.abort(new DOMException("another task failed", "AbortError"));
    }
  }

  /** Skips whatever reads an artifact that does not come, directly or not. */
  #skipReaders(key: string): void {
    const cone = [...this.#readers.get(key) ?? []];
    for (let reader = cone.pop(); reader !== undefined; reader = cone.pop()) {
      if (this.#leftOut.has(reader)) continue;
      this.#leftOut.add(reader);
      this.#tell(reader, "skipped", { because: key });
      for (const next of this.#readers.get(reader) ?? []) cone.push(next);
    }
  }

  #tell(key: string, state: TaskState, detail: StateDetail = {}): void {
    this.#options.onState(this.#tasks.get(key)!, state, detail);
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
