/** One run as it tells itself: its tasks with their states, what they said, their curves. */
import type { TaskState } from "../base/task_state.ts";
import { EventReader, isOn, readNow, readPlan } from "../store/live/reader.ts";
import type {
  Curve,
  LiveEnd,
  LiveEvent,
  LiveFault,
  LiveNow,
  LivePlan,
  LiveTask,
} from "../store/live/records.ts";

/** What a task said, or what became of it. */
export interface Note {
  /** When, in milliseconds since 1970. */
  readonly atMs: number;
  /** What. */
  readonly text: string;
  /** Whether it is a warning or a failure. */
  readonly isWarning: boolean;
}

/** A task as it stands. */
export interface WatchedTask {
  /** What it is. */
  readonly task: LiveTask;
  /** The key of its artifact. */
  artifact: string;
  /** Where it stands. */
  state: TaskState;
  /** From start to end, once it has ended. */
  elapsedMs?: number | undefined;
  /** Why it failed. */
  faults: readonly LiveFault[];
  /** The task because of which it is skipped. */
  because?: string | undefined;
  /** Whether a person stopped it. */
  isCancelled: boolean;
  /** What it said, the newest last. */
  readonly notes: Note[];
  /** Its loss, once it has ended. */
  curve?: Curve | undefined;
}

/** How a run stands: as it ended, or "running", "killed", or "silent" on another computer. */
export type RunStatus = LiveEnd["status"] | "running" | "killed" | "silent";

/** Notes that are kept of a task, the newest ones. */
const MOST_NOTES = 300;

/** A run of another computer that said nothing for so long may be gone. */
const SILENT_AFTER_MS = 60_000;

const UNFINISHED: ReadonlySet<TaskState> = new Set(["waiting", "ready", "running", "interrupted"]);

/** Watches one run; `refresh` it. */
export class RunWatch {
  /** What the run is. */
  readonly plan: LivePlan;
  /** Its tasks by key, in the order of the plan. */
  readonly tasks: ReadonlyMap<string, WatchedTask>;
  /** What it said of itself as a whole. */
  readonly notes: Note[] = [];
  /** What runs, as of the last look. */
  now: LiveNow | undefined;
  /** How it ended. */
  end: (LiveEnd & { readonly atMs: number }) | undefined;
  readonly #live: string;
  readonly #events: EventReader;
  #status: RunStatus = "running";

  private constructor(live: string, plan: LivePlan) {
    this.#live = live;
    this.plan = plan;
    this.#events = new EventReader(live, plan.run);
    this.tasks = new Map(plan.tasks.map((task) => [
      task.key,
      { task, artifact: task.key, state: task.state, faults: [], isCancelled: false, notes: [] },
    ]));
  }

  /** Begins to watch; undefined where the run left nothing that can be read. */
  static async open(live: string, run: string): Promise<RunWatch | undefined> {
    const plan = await readPlan(live, run);
    return plan === undefined || plan.run !== run ? undefined : new RunWatch(live, plan);
  }

  /** How it stands, as of the last look. */
  get status(): RunStatus {
    return this.#status;
  }

  /** Whether its process is there, as far as that is known. */
  get isOn(): boolean {
    return this.#status === "running" || this.#status === "silent";
  }

  /** How many of its tasks nothing more comes of. */
  get finished(): number {
    return [...this.tasks.values()].filter(({ state }) => !UNFINISHED.has(state)).length;
  }

  /** From its beginning to its end, or to its last word. */
  get elapsedMs(): number | undefined {
    return this.end?.elapsedMs ?? this.now?.elapsedMs;
  }

  /** Takes in what the run told since the last look. */
  async refresh(): Promise<void> {
    if (this.end !== undefined) return;
    // In this order: what ended between the two looks is asked once more, not lost.
    const isThere = isOn(this.plan);
    for (const event of await this.#events.next()) this.#take(event);
    this.now = await readNow(this.#live, this.plan.run) ?? this.now;
    this.#status = this.#statusNow(isThere);
    if (this.#status !== "killed") return;
    for (const each of this.tasks.values()) {
      if (each.state === "running") each.state = "interrupted";
    }
  }

  #statusNow(isThere: boolean): RunStatus {
    if (this.end !== undefined) return this.end.status;
    if (!isThere) return "killed";
    const lastMs = this.now?.atMs ?? Date.parse(this.plan.startedAt);
    return Date.now() - lastMs > SILENT_AFTER_MS ? "silent" : "running";
  }

  #take(event: LiveEvent): void {
    if (event.type === "end") {
      this.end = { ...event.end, atMs: event.atMs };
    } else if (event.type === "states") {
      for (const [i, each] of [...this.tasks.values()].entries()) {
        each.state = event.states[i] ?? each.state;
      }
    } else if (event.type === "note") {
      const { atMs, text, isWarning } = event;
      const notes = event.key === undefined ? this.notes : this.tasks.get(event.key)?.notes;
      if (notes !== undefined) keep(notes, { atMs, text, isWarning });
    } else {
      const task = this.tasks.get(event.key);
      if (task === undefined) return;
      if (event.type === "curve") task.curve = event.curve;
      else this.#enter(task, event);
    }
  }

  #enter(task: WatchedTask, event: Extract<LiveEvent, { type: "state" }>): void {
    const { atMs, state, elapsedMs, faults = [], because, isCancelled = false } = event;
    const { artifact = task.artifact } = event;
    Object.assign(task, { artifact, state, elapsedMs, faults, because, isCancelled });
    const blamed = because === undefined ? "" : `: ${this.tasks.get(because)?.task.label}`;
    const text = isCancelled ? "cancelled by the user" : `${state}${blamed}`;
    keep(task.notes, { atMs, text, isWarning: state === "failed" });
  }
}

function keep(notes: Note[], note: Note): void {
  notes.push(note);
  if (notes.length > MOST_NOTES) notes.shift();
}
