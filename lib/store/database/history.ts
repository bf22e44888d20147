/**
 * What earlier runs of an experiment had where: the material for saying why a
 * task is not cached any more.
 */
import { canonical, type Json, type JsonObject } from "../../base/canonical.ts";
import { queryRows } from "./query.ts";

/** Keys that stood at each cell before, and what they are the hash of. */
export interface RecordedHistory {
  /** Keys at a stage and axes, newest first. */
  keysAt(cell: { readonly stage: string; readonly axes: JsonObject }): readonly string[];
  /** What a key is the hash of, if it is known. */
  identity(key: string): Json | undefined;
}

/** Runs back to which keys are looked at. */
const RUNS = 20;

/**
 * The history of an experiment.
 *
 * @throws ExperimentError as `query`
 */
export async function loadHistory(
  database: string,
  experiment: string,
): Promise<RecordedHistory> {
  const rows = await queryRows(
    database,
    `SELECT stage, axes, history.key, identity FROM history JOIN identities USING (key)
     WHERE experiment = $1 AND latest_run IN (
       SELECT DISTINCT latest_run FROM history WHERE experiment = $1
       ORDER BY latest_run DESC LIMIT ${RUNS})
     ORDER BY latest_run DESC`,
    { values: [experiment] },
  );
  const keys = new Map<string, string[]>();
  const identities = new Map<string, Json>();
  for (const { stage, axes, key, identity } of rows) {
    const cell = canonical([stage, axes]);
    const known = keys.get(cell);
    if (known === undefined) keys.set(cell, [String(key)]);
    else known.push(String(key));
    identities.set(String(key), identity!);
  }
  return {
    keysAt: ({ stage, axes }) => keys.get(canonical([stage, axes])) ?? [],
    identity: (key) => identities.get(key),
  };
}
