/** What the database knows of experiments, runs and tasks: every question that Titrate itself asks. */
import type { Json, JsonObject } from "../../base/canonical.ts";
import { FACT_NAMES, FACTS, type Facts } from "../../base/facts.ts";
import { ExperimentError } from "../../base/errors.ts";
import type { Score } from "../../base/measures.ts";
import type { TaskState } from "../../base/task_state.ts";
import { axisNames, inOrder } from "./axes.ts";
import { queryRows } from "./query.ts";

/** Errors of a database that a run makes anew, or waits for: what it would tell is not known now. */
const PASSING: ReadonlySet<string> = new Set([
  "store/database-locked",
  "store/not-a-database",
  "store/older-format",
]);

/** Whether a question failed for a reason that the next run does away with. */
export function isPassing(error: unknown): error is ExperimentError {
  return error instanceof ExperimentError && PASSING.has(error.code);
}

/** What a task said of its artifact. */
export interface RecordedOutcome {
  /** The kind of the task. */
  readonly kind: string;
  /** How far training had come. */
  readonly facts: Facts;
  /** What was measured at its end. */
  readonly scores: readonly Score[];
}

/**
 * What is recorded of tasks that were done once, also where their artifacts are gone.
 *
 * @throws ExperimentError as `query`
 */
export async function readOutcomes(
  database: string,
  keys: readonly string[],
): Promise<Map<string, RecordedOutcome>> {
  const rows = await queryRows(
    database,
    `SELECT * FROM tasks JOIN scores USING (key)
     WHERE key IN (SELECT unnest(from_json($1, '["VARCHAR"]')))`,
    { values: [JSON.stringify(keys)] },
  );
  const outcomes = new Map<string, RecordedOutcome & { scores: Score[] }>();
  for (const row of rows) {
    const key = String(row["key"]);
    let outcome = outcomes.get(key);
    if (outcome === undefined) {
      outcome = { kind: String(row["kind"]), facts: factsOf(row), scores: [] };
      outcomes.set(key, outcome);
    }
    outcome.scores.push(scoreOf(row));
  }
  return outcomes;
}

/** A score that a cell of an experiment shows. */
export interface RecordedScore extends Score {
  /** The task that measured it. */
  readonly key: string;
  /** Its kind. */
  readonly kind: string;
  /** The stage by name. */
  readonly stage: string;
  /** Axis values by axis name. */
  readonly axes: JsonObject;
  /** The seed of the task. */
  readonly seed: number | undefined;
  /** How far training had come. */
  readonly facts: Facts;
}

/**
 * The scores that an experiment's cells show, in the order of its stages and cells.
 *
 * @throws ExperimentError as `query`
 */
export async function readScores(database: string, experiment: string): Promise<RecordedScore[]> {
  const rows = await queryRows(database, "FROM results WHERE experiment = $1", {
    values: [experiment],
  });
  const names = (await axisNames(database)).get(experiment);
  return rows.map((row) => ({
    key: String(row["key"]),
    kind: String(row["kind"]),
    stage: String(row["stage"]),
    axes: inOrder(row["axes"], names),
    seed: numberOf(row["seed"]),
    facts: factsOf(row),
    ...scoreOf(row),
  }));
}

/**
 * The names of the experiments that are recorded, in order.
 *
 * @throws ExperimentError as `query`
 */
export async function readExperiments(database: string): Promise<string[]> {
  const rows = await queryRows(database, "SELECT experiment FROM experiments ORDER BY ALL");
  return rows.map(({ experiment }) => String(experiment));
}

/** What became of a task when a run had it last. */
export interface RecordedState {
  /** Where it stood then. */
  readonly state: TaskState;
  /** The run. */
  readonly run: string;
  /** Why it failed. */
  readonly message?: string;
}

/**
 * What became of tasks, by their keys; those that no run had are absent.
 *
 * @throws ExperimentError as `query`
 */
export async function readStates(
  database: string,
  keys: readonly string[],
): Promise<Map<string, RecordedState>> {
  const rows = await queryRows(
    database,
    `SELECT key, state, run, message FROM tasks
     WHERE key IN (SELECT unnest(from_json($1, '["VARCHAR"]')))`,
    { values: [JSON.stringify(keys)] },
  );
  return new Map(rows.map(({ key, state, run, message }) => [String(key), {
    state: state as TaskState,
    run: String(run),
    ...(typeof message === "string" ? { message } : {}),
  }]));
}

function scoreOf(row: Readonly<Record<string, Json>>): Score {
  const standardError = numberOf(row["standard_error"]);
  return {
    benchmark: String(row["benchmark"]),
    metric: String(row["metric"]),
    split: String(row["split"]),
    value: Number(row["value"]),
    ...(standardError === undefined ? {} : { standardError }),
  };
}

function factsOf(row: Readonly<Record<string, Json>>): Facts {
  const known = FACT_NAMES.map((name) => [name, numberOf(row[FACTS[name].column])] as const)
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(known);
}

function numberOf(value: Json | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
