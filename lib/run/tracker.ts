/**
 * Where a run stands: the one place that keeps states, counts and times of its tasks.
 *
 * Scheduler and workers tell it what happens; it takes that in and passes it on as
 * events. The database, the terminal and plain lines are its listeners, and ask it
 * for a snapshot when they show the whole.
 */
import { ExperimentError, type Fault, fault, type SourcePosition } from "../base/errors.ts";
import { TASK_STATES, type TaskState } from "../base/task_state.ts";
import type { JobEvent } from "../executor/executor.ts";
import { durationOf, Forecast } from "../graph/forecast.ts";
import { placeOf, type Plan, type PlannedTask } from "../graph/plan.ts";
import type { DeviceLimit, StateDetail } from "../graph/schedule.ts";
import type { RunEvent, RunListener, TrackedTask } from "./events.ts";
import { labelOf } from "./study.ts";

/** How many tasks are in each state. */
export type StateCounts = Readonly<Record<TaskState, number>>;

/** A running task, and how long it has to go. */
export interface RunningTask {
  /** The task. */
  readonly task: TrackedTask;
  /** Since it started. */
  readonly elapsedMs: number;
  /** Since it began what it does just now; absent before it told what that is. */
  readonly phaseMs?: number;
  /** To the end of what it does just now, by its speed so far; absent where that is not known. */
  readonly leftMs?: number;
}

/** A run at one moment. */
export interface RunSnapshot {
  /** Tasks of the run, those cached included. */
  readonly total: number;
  /** Those of which nothing more comes in this run. */
  readonly finished: number;
  /** Tasks by state. */
  readonly counts: StateCounts;
  /** What runs, the longest running first. */
  readonly running: readonly RunningTask[];
  /** Since the tracker was made. */
  readonly elapsedMs: number;
}

/** How much longer a run will take. */
export interface TimeLeft {
  /** Of all whose duration is known. */
  readonly ms: number;
  /** Tasks of whose duration nothing is known: they come on top. */
  readonly unknown: number;
}

/** What a tracker may be given. */
export interface TrackerOptions {
  /** What tasks will take, as far as it is known; learns from those that are done. */
  readonly forecast?: Forecast;
  /** How many tasks run at once; 1 if absent. */
  readonly slots?: number;
  /** The device, where it takes fewer. */
  readonly device?: DeviceLimit;
  /** Where the spec asks for a task: what blames no file itself is blamed on that place. */
  readonly placeOf?: (key: string) => SourcePosition | undefined;
  /** The time in milliseconds; a clock that never goes back unless given. */
  readonly now?: () => number;
}

/** A task as the tracker changes it. */
type Entry = { -readonly [Name in keyof TrackedTask]: TrackedTask[Name] } & {
  /** The first report of the phase that is on: speed is measured from there. */
  since?: { readonly phase: string | undefined; readonly done: number; readonly atMs: number };
};

const UNFINISHED: readonly TaskState[] = ["waiting", "ready", "running"];

/** Keeps track of one run of a plan. */
export class Tracker {
  readonly #tasks: ReadonlyMap<string, Entry>;
  readonly #counts = Object.fromEntries(TASK_STATES.map((state) => [state, 0])) as Record<
    TaskState,
    number
  >;
  readonly #running = new Set<Entry>();
  readonly #listeners: RunListener[] = [];
  readonly #placeOf: TrackerOptions["placeOf"];
  readonly #now: () => number;
  readonly #startedAtMs: number;
  readonly #forecast: Forecast;
  readonly #slots: number;
  readonly #device: DeviceLimit | undefined;

  /** Nothing has happened yet; the time that the run takes counts from here. */
  constructor(plan: Plan, options: TrackerOptions = {}) {
    const { now = () => performance.now(), forecast = new Forecast(), slots = 1 } = options;
    this.#now = now;
    this.#forecast = forecast;
    this.#slots = slots;
    this.#device = options.device;
    this.#placeOf = options.placeOf;
    this.#startedAtMs = now();
    this.#tasks = new Map([...plan.tasks].map(([key, planned]) => [key, entryOf(planned)]));
    for (const { state } of this.#tasks.values()) this.#counts[state]++;
  }

  /** Every task by key, in the order of the plan. */
  get tasks(): ReadonlyMap<string, TrackedTask> {
    return this.#tasks;
  }

  /** How many tasks are in each state now. */
  get counts(): StateCounts {
    return this.#counts;
  }

  /** Whether everything came to an end: nothing was left out, and nothing stopped midway. */
  get isComplete(): boolean {
    return this.#counts.interrupted === 0 && this.#finished() === this.#tasks.size;
  }

  /** Since the tracker was made. */
  get elapsedMs(): number {
    return this.#now() - this.#startedAtMs;
  }

  /** Adds a listener for all that happens from now on. */
  listen(listener: RunListener): void {
    this.#listeners.push(listener);
  }

  /** Takes in that a task is in another state. */
  enter(
    planned: PlannedTask,
    state: TaskState,
    { error, because, isCancelled }: StateDetail = {},
  ): void {
    const entry = this.#entry(placeOf(planned));
    // What waited for a choice has its own key now.
    entry.planned = planned;
    this.#counts[entry.state]--;
    this.#counts[state]++;
    entry.state = state;
    if (state === "running") {
      entry.startedAtMs = this.#now();
      this.#running.add(entry);
    } else if (this.#running.delete(entry)) {
      entry.elapsedMs = this.#now() - entry.startedAtMs!;
    }
    if (state === "done") this.#learn(entry);
    if (state === "failed") entry.faults = this.#faultsOf(placeOf(planned), error);
    if (because !== undefined) entry.because = this.#entry(because);
    if (isCancelled === true) entry.isCancelled = true;
    this.#tell({ type: "state", task: entry });
  }

  /** Takes in what a running task, or the worker that does it, tells. */
  hear(planned: PlannedTask, event: JobEvent): void {
    const entry = this.#entry(placeOf(planned));
    if (event.type === "waiting") entry.waitsFor = event.holder;
    else if (event.type === "started") {
      entry.attempt = event.attempt;
      delete entry.waitsFor;
    } else if (event.type === "progress") {
      const { phase, done } = event;
      if (entry.since === undefined || entry.since.phase !== phase || entry.since.done > done) {
        entry.since = { phase, done, atMs: this.#now() };
      }
      entry.progress = event;
    }
    this.#tell({ ...event, task: entry });
  }

  /** Passes on something doubtful that concerns the run as a whole. */
  warn(message: string): void {
    this.#tell({ type: "warning", message });
  }

  /** The run as it stands now. */
  snapshot(): RunSnapshot {
    const nowMs = this.#now();
    return {
      total: this.#tasks.size,
      finished: this.#finished(),
      counts: { ...this.#counts },
      running: [...this.#running].map((task) => {
        const leftMs = leftOfPhase(task, nowMs);
        const phaseMs = task.since === undefined ? undefined : nowMs - task.since.atMs;
        return {
          task,
          elapsedMs: nowMs - task.startedAtMs!,
          ...(phaseMs === undefined ? {} : { phaseMs }),
          ...(leftMs === undefined ? {} : { leftMs }),
        };
      }),
      elapsedMs: nowMs - this.#startedAtMs,
    };
  }

  /** How much longer the run will take; looks at every task. */
  timeLeft(): TimeLeft {
    const nowMs = this.#now();
    const left = [...this.#tasks.values()].filter(({ state }) => UNFINISHED.includes(state));
    const { wallMs, unknown } = durationOf(left.map(({ planned }) => planned), {
      slots: this.#slots,
      device: this.#device,
      msOf: (planned) => this.#leftOf(this.#entry(placeOf(planned)), nowMs),
    });
    return { ms: wallMs, unknown };
  }

  /** Of a task that has not ended: what it should take, less what it took; a phase is no less. */
  #leftOf(entry: Entry, nowMs: number): number | undefined {
    const { planned: { task, cost, bytes }, state, startedAtMs } = entry;
    const wholeMs = this.#forecast.msOf(task.kind, cost, bytes);
    if (state !== "running") return wholeMs;
    const phaseMs = leftOfPhase(entry, nowMs);
    if (wholeMs === undefined) return phaseMs;
    return Math.max(wholeMs - (nowMs - startedAtMs!), phaseMs ?? 0);
  }

  #learn({ planned: { task, cost, bytes }, elapsedMs }: Entry): void {
    if (elapsedMs !== undefined) this.#forecast.add({ kind: task.kind, elapsedMs, bytes, cost });
  }

  #faultsOf(key: string, error: unknown): readonly Fault[] {
    const at = this.#placeOf?.(key);
    const faults = faultsOf(error);
    return at === undefined ? faults : faults.map((each) => ({ at, ...each }));
  }

  #entry(key: string): Entry {
    const entry = this.#tasks.get(key);
    if (entry === undefined) throw new Error(`the run has no task ${key}`);
    return entry;
  }

  #finished(): number {
    return UNFINISHED.reduce((left, state) => left - this.#counts[state], this.#tasks.size);
  }

  #tell(event: RunEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function entryOf(planned: PlannedTask): Entry {
  const state = planned.state === "run" ? "waiting" : planned.state;
  return { planned, label: labelOf(planned.task), state };
}

/** By the speed since the phase was first heard of; a resumed task starts midway. */
function leftOfPhase({ progress, since }: Entry, nowMs: number): number | undefined {
  if (progress === undefined || since === undefined) return undefined;
  const gone = progress.done - since.done, left = progress.total - progress.done;
  return gone > 0 && left > 0 ? (nowMs - since.atMs) / gone * left : undefined;
}

/** What a failed task threw, as faults: a bug shows its stack. */
function faultsOf(error: unknown): readonly Fault[] {
  if (error instanceof ExperimentError) return error.faults;
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  return [fault("run/bug", text, { mend: "this is a bug of Titrate: please report it" })];
}
