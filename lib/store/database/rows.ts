/** What a run tells the recorder: runs, cells, tasks and fits as plain objects. */
import type { ScalingFit } from "../../analysis/scaling.ts";
import type { JsonObject } from "../../base/canonical.ts";
import type { FitFact } from "../../base/facts.ts";
import type { TaskState } from "../../graph/task.ts";

/** A run as it begins. */
export interface RunStart {
  /** The run's id, unique in the database. */
  readonly run: string;
  /** The experiment's name. */
  readonly experiment: string;
  /** The spec's path. */
  readonly file: string;
  /** The spec's text. */
  readonly text: string;
  /** ISO 8601 in UTC. */
  readonly startedAt: string;
  /** The arguments of the command line. */
  readonly argv?: readonly string[];
}

/** A run as it ends. */
export interface RunEnd {
  /** How it ended. */
  readonly status: "done" | "failed" | "interrupted";
  /** How many tasks there were and what became of them. */
  readonly counts: {
    readonly total: number;
    readonly cached: number;
    readonly ran: number;
    readonly failed: number;
  };
  /** How long it took. */
  readonly elapsedMs: number;
}

/** A cell and the task that stands at it. */
export interface CellRow {
  /** The stage's name. */
  readonly stage: string;
  /** The values of the axes that the stage varies with. */
  readonly axes: JsonObject;
  /** The key of its task. */
  readonly key: string;
  /** The seed that the results view shows. */
  readonly seed?: number | undefined;
  /** Where it stands among the experiment's cells, in the order of the spec. */
  readonly place?: number | undefined;
}

/** What the keys of a run are made of, and where they stood. */
export interface HistoryRows {
  /** The run's id; ids sort by time. */
  readonly run: string;
  /** The experiment's name. */
  readonly experiment: string;
  /** What each key is the hash of. */
  readonly identities: Iterable<readonly [key: string, identity: unknown]>;
  /** The cells and their keys. */
  readonly cells: readonly CellRow[];
}

/** What became of a task in a run; cached ones keep what is recorded of them. */
export interface TaskRow {
  /** The run that says so. */
  readonly run: string;
  /** The task's key. */
  readonly key: string;
  /** The kind of the task. */
  readonly kind: string;
  /** Where it stands. */
  readonly state: TaskState;
  /** The attempt that is meant; absent, the one recorded before stays. */
  readonly attempt?: number | undefined;
  /** Why it failed. */
  readonly message?: string | undefined;
}

/** A scaling curve and what it is of. */
export interface FitRow extends ScalingFit {
  /** The fit's name in the spec. */
  readonly fit: string;
  /** The values of the axes that it is made for. */
  readonly cell: JsonObject;
  /** The stage whose scores are fitted. */
  readonly stage: string;
  /** Of the scores. */
  readonly benchmark: string;
  /** Of the scores. */
  readonly metric: string;
  /** Of the scores. */
  readonly split: string;
  /** The fact on the horizontal axis; the database has the name of its column in `results`. */
  readonly against: FitFact;
}
