/** What the database knows of experiments, runs and tasks: every question that Titrate itself asks. */
import type { Json } from "../../base/canonical.ts";
import { FACT_NAMES, FACTS, type Facts } from "../../base/facts.ts";
import { resolve } from "node:path";
import { ExperimentError } from "../../base/errors.ts";
import type { Score, TaskState } from "../../graph/task.ts";
import { placeOf, realPath, type ResultsFolder } from "../results_folder.ts";
import { queryRows } from "./query.ts";

/** How long a question of minor importance waits for the database. */
const SHORT_LIMIT_MS = 1_000;

/**
 * Sees to it that the results of one spec do not take the place of another's: a name
 * belongs to a file as long as that file is there. A file that has moved keeps its results.
 *
 * @throws ExperimentError "store/name-taken"
 */
export async function checkName(
  { database, root }: ResultsFolder,
  { experiment, file }: { readonly experiment: string; readonly file: string },
): Promise<void> {
  let rows;
  try {
    rows = await queryRows(database, "SELECT place FROM experiments WHERE experiment = $1", {
      values: [experiment],
      lockLimitMs: SHORT_LIMIT_MS,
    });
  } catch (error) {
    // No database, or none that can be read: whatever is wrong with it is told elsewhere.
    if (error instanceof ExperimentError) return;
    throw error;
  }
  const place = rows[0]?.["place"];
  if (place === undefined || place === placeOf(file, root)) return;
  const other = resolve(realPath(root), String(place));
  if (!await isFile(other)) return;
  throw new ExperimentError(
    "store/name-taken",
    `the results of "${experiment}" here are of another spec: ${other}`,
    {
      at: { file },
      mend: "give this one a name of its own: --name NAME, or name: in the spec",
    },
  );
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

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
