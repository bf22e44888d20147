/**
 * What a run tells while it is on: one type of event, for the database, the terminal
 * and whatever else listens. A task's own events pass through as it told them.
 */
import type { Fault } from "../base/errors.ts";
import type { TaskState } from "../base/task_state.ts";
import type { JobEvent } from "../executor/executor.ts";
import type { PlannedTask } from "../graph/plan.ts";
import type { TaskEvent } from "../graph/task.ts";

/** How far a running task has come in what it does just now. */
export type Progress = Extract<TaskEvent, { type: "progress" }>;

/** A task of a run as it stands now; the tracker keeps it current. */
export interface TrackedTask {
  /** What the plan says of it. */
  readonly planned: PlannedTask;
  /** It as a person would name it: its first stage and cell. */
  readonly label: string;
  /** Where it stands. */
  readonly state: TaskState;
  /** How often its key was tried, this time included; absent before a worker has it. */
  readonly attempt?: number;
  /** Another run that computes the same task, in words, while this one waits for it. */
  readonly waitsFor?: string;
  /** When it started, on the tracker's clock; absent before. */
  readonly startedAtMs?: number;
  /** From start to end; absent until it has ended. */
  readonly elapsedMs?: number;
  /** What it told last; absent before it told anything. */
  readonly progress?: Progress;
  /** Why it failed. */
  readonly faults?: readonly Fault[];
  /** The failed or cancelled task because of which it is skipped. */
  readonly because?: TrackedTask;
  /** Whether it is interrupted by itself, as a person asked for. */
  readonly isCancelled?: true;
}

/** One thing that happened. */
export type RunEvent =
  /** The task's state is another one now. */
  | { readonly type: "state"; readonly task: TrackedTask }
  /** What the task, or the worker that does it, tells. */
  | (JobEvent & { readonly task: TrackedTask })
  /** Something doubtful that concerns the run as a whole. */
  | { readonly type: "warning"; readonly task?: undefined; readonly message: string };

/** Told every event in order, after the tracker has taken it in. */
export type RunListener = (event: RunEvent) => void;
