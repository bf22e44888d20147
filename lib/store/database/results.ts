/** What the database knows of tasks by their keys, whatever experiment they stand in. */
import type { Json } from "../../base/canonical.ts";
import { FACT_NAMES, FACTS, type Facts } from "../../base/facts.ts";
import type { Score } from "../../graph/task.ts";
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

function factsOf(row: Readonly<Record<string, Json>>): Facts {
  const known = FACT_NAMES.map((name) => [name, numberOf(row[FACTS[name].column])] as const)
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(known);
}

function numberOf(value: Json | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
