/**
 * A run as the page shows it: plain objects of texts and numbers, so that the page's script
 * has nothing to reckon. Each part is sent by itself, when it has changed.
 */
import { formatCount } from "../base/count.ts";
import { formatFault } from "../base/errors.ts";
import type { TaskState } from "../base/task_state.ts";
import { formatDuration, formatNumber } from "../report/text/format.ts";
import type { Curve, LiveNow } from "../store/live/records.ts";
import type { RunStatus, RunWatch, WatchedTask } from "./run_watch.ts";

/** A run in short. */
export interface RunHead {
  /** The run's id. */
  readonly run: string;
  /** What its results are filed under. */
  readonly experiment: string;
  /** What makes it a variant of its spec. */
  readonly variant: string;
  /** How it stands. */
  readonly status: RunStatus;
  /** When it began, "2026-11-26 08:30 UTC". */
  readonly startedAt: string;
  /** How it was called. */
  readonly command: string;
  /** "7 of 12 tasks, 12.3 s, about 1 min 02 s left". */
  readonly summary: string;
  /** How many tasks are in each state, those in no state left out. */
  readonly counts: readonly { readonly state: TaskState; readonly count: number }[];
  /** Whether it can be cancelled. */
  readonly canCancel: boolean;
  /** Whether it left something undone that could be run again. */
  readonly canRerun: boolean;
  /** What it said of itself as a whole, the newest last. */
  readonly warnings: readonly string[];
}

/** A task that runs. */
export interface RunningView {
  /** Its key. */
  readonly key: string;
  /** It as a person would name it. */
  readonly label: string;
  /** "step 120 of 800". */
  readonly what: string;
  /** From 0 to 1; absent where nothing is counted. */
  readonly share: number | undefined;
  /** "loss 3.412", "12k tokens/s", "2 min left"; how long it runs where that is not known. */
  readonly facts: readonly string[];
  /** Its loss so far. */
  readonly curve: Curve | undefined;
}

/** What failed: tasks with the same faults are told once. */
export interface FailureView {
  /** The tasks, in the order of the plan. */
  readonly tasks: readonly { readonly key: string; readonly label: string }[];
  /** What, where, and how to mend it. */
  readonly faults: readonly string[];
  /** How many tasks were skipped because of them. */
  readonly skipped: number;
}

/** The curves of a stage, of ended and running tasks. */
export interface CurvesView {
  /** The stage. */
  readonly stage: string;
  /** What is counted across. */
  readonly unit: string;
  /** In the order of the plan. */
  readonly lines: readonly {
    readonly label: string;
    readonly isRunning: boolean;
    readonly points: Curve["points"];
  }[];
}

/** One task in full. */
export interface TaskView {
  /** Its key. */
  readonly key: string;
  /** It as a person would name it. */
  readonly label: string;
  /** Its kind. */
  readonly kind: string;
  /** Where it stands. */
  readonly state: TaskState;
  /** From start to end. */
  readonly elapsed: string;
  /** What it scored. */
  readonly score: string;
  /** What is wrong, and how to mend it. */
  readonly faults: readonly string[];
  /** What it said, with the time of day in UTC. */
  readonly notes: readonly {
    readonly at: string;
    readonly text: string;
    readonly isWarning: boolean;
  }[];
  /** Whether it can be cancelled. */
  readonly canCancel: boolean;
  /** Whether it can be run again: what is done stays done. */
  readonly canRerun: boolean;
}

/** States as they are shown, from what is done to what is to come. */
const IN_ORDER: readonly TaskState[] = [
  "done",
  "cached",
  "unneeded",
  "running",
  "failed",
  "skipped",
  "interrupted",
  "ready",
  "waiting",
];
const WAITING: readonly TaskState[] = ["ready", "waiting"];
const UNDONE: ReadonlySet<TaskState> = new Set([
  "failed",
  "skipped",
  "interrupted",
  "waiting",
  "ready",
]);

/** Most lines of a list of tasks; the rest is counted. */
const MOST_LISTED = 24;
const MOST_WARNINGS = 20;

/** Whether a task has not come to what it was to be. */
function isUndone({ state }: WatchedTask): boolean {
  return UNDONE.has(state);
}

/** A run in short. */
export function headOf(watch: RunWatch, command: string): RunHead {
  const { plan, tasks, status, isOn, now, elapsedMs } = watch;
  const all = [...tasks.values()];
  const counts = IN_ORDER.map((state) => ({
    state,
    count: all.filter((each) => each.state === state).length,
  })).filter(({ count }) => count > 0);
  const parts = [`${watch.finished} of ${all.length} tasks`];
  if (elapsedMs !== undefined) parts.push(formatDuration(Math.floor(elapsedMs / 1000) * 1000));
  const { ms = 0, unknown = 0 } = now?.left ?? {};
  if (status === "running" && ms > 0) {
    parts.push(`${unknown > 0 ? "over" : "about"} ${formatDuration(ms)} left`);
  }
  return {
    run: plan.run,
    experiment: plan.experiment,
    variant: plan.variant ?? "",
    status,
    startedAt: formatMoment(plan.startedAt),
    command,
    summary: parts.join(", "),
    counts,
    canCancel: isOn,
    canRerun: !isOn && all.some(isUndone),
    warnings: watch.notes.filter(({ isWarning }) => isWarning).slice(-MOST_WARNINGS)
      .map(({ text }) => text),
  };
}

/** What runs now. */
export function runningOf({ tasks, now, isOn }: RunWatch): RunningView[] {
  if (now === undefined || !isOn) return [];
  return now.running.flatMap((each) => {
    const task = tasks.get(each.key);
    return task?.state === "running" ? [runningView(task, each)] : [];
  });
}

function runningView({ task }: WatchedTask, each: LiveNow["running"][number]): RunningView {
  const { key, done, total, phase, lossNats, tokensPerSecond, leftMs, elapsedMs } = each;
  const facts: string[] = [];
  if (typeof lossNats === "number") facts.push(`loss ${lossNats.toFixed(3)}`);
  if (typeof tokensPerSecond === "number") facts.push(`${formatCount(tokensPerSecond)} tokens/s`);
  facts.push(
    leftMs === undefined
      ? formatDuration(Math.floor(elapsedMs / 1000) * 1000)
      : `${formatDuration(leftMs)} left`,
  );
  const isCounted = done !== undefined && total !== undefined && (phase === undefined || total > 1);
  return {
    key,
    label: task.label,
    what: whatOf(each),
    share: isCounted && total > 0 ? Math.min(1, done / total) : undefined,
    facts,
    curve: each.curve,
  };
}

function whatOf({ waitsFor, phase, done, total, unit }: LiveNow["running"][number]): string {
  if (waitsFor !== undefined) return `waits for ${waitsFor}`;
  if (done === undefined || total === undefined) return "starting";
  if (phase !== undefined && total <= 1) return phase;
  const count = unit === "steps" ? `step ${done} of ${total}` : `${done} of ${total} ${unit}`;
  return phase === undefined ? count : `${phase}, ${count}`;
}

/** What waits, what may start first; those beyond a number are counted. */
export function queueOf({ tasks, isOn }: RunWatch): {
  readonly tasks: readonly {
    readonly key: string;
    readonly label: string;
    readonly state: TaskState;
  }[];
  readonly more: number;
} {
  const all = isOn ? [...tasks.values()] : [];
  const waiting = WAITING.flatMap((state) => all.filter((each) => each.state === state));
  return {
    tasks: waiting.slice(0, MOST_LISTED).map(({ task: { key, label }, state }) => ({
      key,
      label,
      state,
    })),
    more: Math.max(0, waiting.length - MOST_LISTED),
  };
}

/** What failed, with its mend. */
export function failuresOf({ tasks }: RunWatch): FailureView[] {
  const all = [...tasks.values()];
  const failed = Map.groupBy(
    all.filter(({ state }) => state === "failed"),
    ({ faults }) => JSON.stringify(faults),
  );
  return [...failed.values()].slice(0, MOST_LISTED).map((same) => {
    const keys = new Set(same.map(({ task }) => task.key));
    return {
      tasks: same.map(({ task: { key, label } }) => ({ key, label })),
      faults: faultsOf(same[0]!),
      skipped: all.filter(({ because }) => because !== undefined && keys.has(because)).length,
    };
  });
}

function faultsOf({ faults }: WatchedTask): string[] {
  return faults.map((each) => formatFault(each as Parameters<typeof formatFault>[0]));
}

/** The losses of all trainings, by stage. */
export function curvesOf({ tasks, now }: RunWatch): CurvesView[] {
  const growing = new Map(now?.running.map(({ key, curve }) => [key, curve]));
  const stages = new Map<string, { unit: string; lines: CurvesView["lines"][number][] }>();
  for (const { task, state, curve: ended } of tasks.values()) {
    const curve = ended ?? growing.get(task.key);
    const [cell] = task.cells;
    if (curve === undefined || curve.points.length < 2 || cell === undefined) continue;
    const of = stages.get(cell.stage) ?? { unit: curve.unit, lines: [] };
    stages.set(cell.stage, of);
    of.lines.push({ label: task.label, isRunning: state === "running", points: curve.points });
  }
  return [...stages].map(([stage, of]) => ({ stage, ...of }));
}

/** One task in full; undefined where the run has it not. */
export function taskOf(watch: RunWatch, key: string, score: string): TaskView | undefined {
  const each = watch.tasks.get(key);
  if (each === undefined) return undefined;
  const { task, state, elapsedMs, notes } = each;
  return {
    key,
    label: task.label,
    kind: task.kind,
    state,
    elapsed: elapsedMs === undefined ? "" : formatDuration(elapsedMs),
    score,
    faults: faultsOf(each),
    notes: notes.map(({ atMs, text, isWarning }) => ({
      at: new Date(atMs).toISOString().slice(11, 19),
      text,
      isWarning,
    })),
    canCancel: watch.isOn && (state === "running" || WAITING.includes(state)),
    canRerun: !watch.isOn && isUndone(each) && task.cells.length > 0,
  };
}

/** A moment as "2026-11-26 08:30 UTC". */
export function formatMoment(iso: string): string {
  return `${iso.slice(0, 16).replace("T", " ")} UTC`;
}

/** A value of a metric as people read it. */
export function formatScore(value: number, unit: string | undefined): string {
  return unit === "fraction" ? `${(100 * value).toFixed(1)} %` : formatNumber(value);
}
