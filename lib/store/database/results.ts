/** What the database knows of tasks by their keys, whatever experiment they stand in. */
import type { Json } from "../../base/canonical.ts";
import { FACT_NAMES, FACTS, type Facts } from "../../base/facts.ts";
import type { Score, TaskState } from "../../graph/task.ts";
import { queryRows } from "./query.ts";

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
    const standardError = numberOf(row["standard_error"]);
    outcome.scores.push({
      benchmark: String(row["benchmark"]),
      metric: String(row["metric"]),
      split: String(row["split"]),
      value: Number(row["value"]),
      ...(standardError === undefined ? {} : { standardError }),
    });
  }
  return outcomes;
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

function factsOf(row: Readonly<Record<string, Json>>): Facts {
  const known = FACT_NAMES.map((name) => [name, numberOf(row[FACTS[name].column])] as const)
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(known);
}

function numberOf(value: Json | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
