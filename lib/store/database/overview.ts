/** What the database knows of experiments as a whole: their last runs, failures and sizes. */
import type { Json, JsonObject } from "../../base/canonical.ts";
import type { TaskState } from "../../base/task_state.ts";
import { axisNames, inOrder } from "./axes.ts";
import { isGone, type RunProcess } from "./killed.ts";
import { queryRows } from "./query.ts";

/** The last run of an experiment, as far as it is recorded. */
export interface RecordedRun extends RunProcess {
  /** What its results are filed under. */
  readonly experiment: string;
  /** What makes it a variant of its spec; absent if it is none. */
  readonly variant?: string;
  /** The run's id. */
  readonly run: string;
  /** When it began, "2026-11-26 02:13:08" in UTC. */
  readonly startedAt: string;
  /** How it ended, "running", or "killed" where its process is gone. */
  readonly status: string;
  /** Tasks of the run, once it has ended. */
  readonly tasks?: Readonly<Record<"total" | "cached" | "ran" | "failed", number>>;
  /** How long it took, once it has ended. */
  readonly elapsedMs?: number;
  /** The arguments of its command line. */
  readonly argv: readonly string[];
}

/**
 * The last run of every experiment, the latest first; "killed" where its process is gone.
 *
 * @throws ExperimentError as `query`
 */
export async function readLatestRuns(database: string): Promise<RecordedRun[]> {
  const rows = await queryRows(
    database,
    `SELECT runs.* REPLACE (
       strftime(runs.started_at, '%Y-%m-%d %H:%M:%S') AS started_at,
       CAST(epoch_ms(process_started_at) AS DOUBLE) AS process_started_at)
     FROM experiments JOIN runs ON runs.run = experiments.latest_run
     ORDER BY runs.started_at DESC`,
  );
  const runs: RecordedRun[] = rows.map((row) => ({
    experiment: String(row["experiment"]),
    ...known("variant", row["variant"]),
    run: String(row["run"]),
    startedAt: String(row["started_at"]),
    status: String(row["status"]),
    argv: (row["argv"] ?? []) as string[],
    ...(typeof row["total"] === "number"
      ? {
        tasks: {
          total: row["total"],
          cached: Number(row["cached"]),
          ran: Number(row["ran"]),
          failed: Number(row["failed"]),
        },
      }
      : {}),
    ...known("elapsedMs", row["elapsed_ms"]),
    ...known("host", row["host"]),
    ...known("pid", row["pid"]),
    ...(typeof row["process_started_at"] === "number"
      ? { processStartedAt: new Date(row["process_started_at"]) }
      : {}),
  }));
  return runs.map((run) => (
    run.status === "running" && isGone(run) ? { ...run, status: "killed" } : run
  ));
}

/**
 * How many of the tasks that stand at cells are in each state, by experiment.
 *
 * @throws ExperimentError as `query`
 */
export async function readStateCounts(
  database: string,
): Promise<ReadonlyMap<string, ReadonlyMap<TaskState, number>>> {
  const rows = await queryRows(
    database,
    `SELECT experiment, state, count(DISTINCT tasks.key) AS tasks
     FROM cells JOIN tasks ON tasks.key = cells.wanted_key
     GROUP BY ALL ORDER BY experiment, state`,
  );
  const counts = new Map<string, Map<TaskState, number>>();
  for (const { experiment, state, tasks } of rows) {
    const of = counts.get(String(experiment)) ?? new Map<TaskState, number>();
    counts.set(String(experiment), of.set(state as TaskState, Number(tasks)));
  }
  return counts;
}

/** What the done tasks of an experiment cost on one device, each once however many cells it has. */
export interface RecordedCost {
  /** What the results are filed under. */
  readonly experiment: string;
  /** The device; absent of tasks that compute on none. */
  readonly device?: string;
  /** How many tasks. */
  readonly tasks: number;
  /** How long they took, one after the other. */
  readonly elapsedMs: number;
  /** Of training; absent where none was trained. */
  readonly flops?: number;
  /** The size of their artifacts. */
  readonly bytes: number;
}

/**
 * What experiments cost, tasks that several have in each of them.
 *
 * @throws ExperimentError as `query`
 */
export async function readCosts(database: string): Promise<RecordedCost[]> {
  const rows = await queryRows(
    database,
    `SELECT experiment, CASE WHEN engine IS NOT NULL THEN device END AS device,
       count(*) AS tasks, 1000 * sum(seconds) AS elapsed_ms, sum(own_flops) AS flops,
       sum(bytes) AS bytes
     FROM costs GROUP BY ALL ORDER BY experiment, device NULLS LAST`,
  );
  return rows.map((row) => ({
    experiment: String(row["experiment"]),
    ...known("device", row["device"]),
    tasks: Number(row["tasks"]),
    elapsedMs: Number(row["elapsed_ms"]),
    ...known("flops", row["flops"]),
    bytes: Number(row["bytes"]),
  }));
}

/** A fault of a failed task, with the cell that the task stands at: one that the spec asks for. */
export interface RecordedFault {
  /** What the results of the cell are filed under. */
  readonly experiment: string;
  /** The stage of the cell. */
  readonly stage: string;
  /** The axis values of the cell. */
  readonly axes: JsonObject;
  /** The kind of the task. */
  readonly kind: string;
  /** The key of the task. */
  readonly key: string;
  /** Names the kind of fault. */
  readonly code: string;
  /** What is wrong. */
  readonly message: string;
  /** The file that is to blame. */
  readonly file?: string;
  /** The line, counted from 1. */
  readonly line?: number;
  /** The column, counted from 1. */
  readonly column?: number;
  /** What to do about it. */
  readonly mend?: string;
}

/**
 * The faults of tasks that failed when they ran last, cell by cell.
 *
 * @throws ExperimentError as `query`
 */
export async function readFailures(database: string): Promise<RecordedFault[]> {
  const rows = await queryRows(database, "FROM failures");
  const names = await axisNames(database);
  return rows.map((row) => ({
    experiment: String(row["experiment"]),
    stage: String(row["stage"]),
    axes: inOrder(row["axes"], names.get(String(row["experiment"]))),
    kind: String(row["kind"]),
    key: String(row["key"]),
    code: String(row["code"]),
    message: String(row["message"]),
    ...known("file", row["file"]),
    ...known("line", row["line_number"]),
    ...known("column", row["column_number"]),
    ...known("mend", row["mend"]),
  }));
}

/** An artifact that was recorded, whether or not it is there still. */
export interface RecordedSize {
  /** Its key. */
  readonly key: string;
  /** The kind of its task. */
  readonly kind: string;
  /** The size of its files. */
  readonly bytes: number;
}

/**
 * The sizes of all artifacts that were recorded, each once whatever it is part of.
 *
 * @throws ExperimentError as `query`
 */
export async function readSizes(database: string): Promise<RecordedSize[]> {
  const rows = await queryRows(
    database,
    "SELECT key, kind, bytes FROM tasks WHERE state = 'done' AND bytes IS NOT NULL",
  );
  return rows.map(({ key, kind, bytes }) => (
    { key: String(key), kind: String(kind), bytes: Number(bytes) }
  ));
}

/** A property whose value is known; the type is that of the column. */
function known<Name extends string>(
  name: Name,
  value: Json | undefined,
  // deno-lint-ignore no-explicit-any -- the type of the column
): { readonly [K in Name]?: any } {
  return value === null || value === undefined ? {} : { [name]: value } as { [K in Name]: Json };
}
