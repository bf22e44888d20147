/** What a run tells the recorder: runs, cells, tasks and fits as plain objects. */
import type { StudyFit } from "../../analysis/scaling.ts";
import type { JsonObject } from "../../base/canonical.ts";
import type { Fault } from "../../base/errors.ts";
import type { FitFact } from "../../base/facts.ts";
import type { TaskState } from "../../base/task_state.ts";
import type { TextFile } from "../../base/text_file.ts";
import type { Metric } from "../../base/measures.ts";

/** The process that runs, to find out later whether it is still there. */
export interface RunProcess {
  /** The computer's name; absent where the process may not ask for it. */
  readonly host?: string | undefined;
  /** Its processor, as the system names it. */
  readonly processor?: string | undefined;
  /** The process's number on that computer. */
  readonly pid: number;
  /** When the process started, ISO 8601 in UTC: numbers are used again. */
  readonly startedAt?: string | undefined;
}

/** What others published of a benchmark. */
export interface PublishedRow {
  /** What kind of task it is, in the words of the table: "NER". */
  readonly task?: string;
  /** The data set as it is called there. */
  readonly dataset: string;
  /** The metric as it is called there. */
  readonly publishedMetric: string;
  /** Whose value it is. */
  readonly model: string;
  /** In the metric's unit; rates are fractions. */
  readonly value: number;
  /** Where it was published. */
  readonly source: string;
  /** The study's own name of the data set; absent where it has none. */
  readonly benchmark?: string;
  /** The study's own name of the metric; absent where it has none. */
  readonly metric?: string;
}

/** A run as it begins. */
export interface RunStart {
  /** The run's id, unique in the database; ids sort by time. */
  readonly run: string;
  /** What it is recorded under: the spec's name, or that of a variant of it. */
  readonly experiment: string;
  /** The spec's name, where `experiment` is a variant's. */
  readonly name?: string | undefined;
  /** What makes it a variant, such as "stages.ner.with.epochs=10"; absent for the spec as it stands. */
  readonly variant?: string | undefined;
  /** The spec's path. */
  readonly file: string;
  /** One line on what it asks, where the spec says so. */
  readonly about?: string | undefined;
  /** The names of its axes in their order, in which labels name them. */
  readonly axes?: readonly string[] | undefined;
  /** The spec and every file that it extends, as written; the spec first. */
  readonly files: readonly TextFile[];
  /** ISO 8601 in UTC. */
  readonly startedAt: string;
  /** The arguments of the command line. */
  readonly argv?: readonly string[] | undefined;
  /** Titrate's version. */
  readonly version?: string | undefined;
  /** The commit that is checked out, where that is known. */
  readonly commit?: string | undefined;
  /** Absent where nothing is known of it. */
  readonly process?: RunProcess | undefined;
  /** What others published, in the order of its table. */
  readonly published?: readonly PublishedRow[] | undefined;
  /** What kinds declare of their metrics, by kind and metric. */
  readonly metrics?: Readonly<Record<string, Readonly<Record<string, Metric>>>> | undefined;
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
  /** Where its stage stands in the spec. */
  readonly at?: { readonly file: string; readonly line?: number | undefined } | undefined;
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
  /** Where it stands; "done" comes with the artifact. */
  readonly state: TaskState;
  /** The attempt that is meant; absent, the one recorded before stays. */
  readonly attempt?: number | undefined;
  /** Why it failed, with place and mend. */
  readonly faults?: readonly Fault[] | undefined;
}

/** A fit as it is recorded. */
export interface FitRow extends StudyFit {
  /** As of `StudyFit`; the database has names of columns. */
  readonly against: FitFact | readonly FitFact[];
  /** The task that fitted it; absent where a cell that it should read has no score. */
  readonly key?: string;
}
