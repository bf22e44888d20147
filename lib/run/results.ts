/** The scores of an experiment as rows that tables, fits and figures are made from. */
import type { KnownFacts } from "../base/facts.ts";
import type { Metric } from "../base/measures.ts";
import { loadKinds } from "../graph/kinds.ts";
import type { Kinds, TaskKind } from "../graph/task.ts";
import type { GridRow } from "../report/text/grid.ts";
import { readScores, type RecordedOutcome } from "../store/database/results.ts";
import type { CellRow } from "../store/database/rows.ts";

/** A row of the view `results`, as far as fits, tables and figures need it. */
export interface ResultRow extends GridRow {
  /** The task that measured it. */
  readonly key: string;
  /** What is known of the training that was measured: fits stand against it. */
  readonly x: KnownFacts;
}

/**
 * The scores of cells, in their order; cells whose task has no outcome have none.
 *
 * @param outcomes what tasks said of their artifacts, by key
 * @param kinds by name, for what they declare of their metrics
 */
export function rowsOfCells(
  cells: readonly CellRow[],
  { outcomes, kinds }: {
    readonly outcomes: ReadonlyMap<string, RecordedOutcome>;
    readonly kinds: ReadonlyMap<string, TaskKind>;
  },
): ResultRow[] {
  return cells.flatMap(({ stage, axes, key, seed }) => {
    const outcome = outcomes.get(key);
    if (outcome === undefined) return [];
    const metrics = kinds.get(outcome.kind)?.metrics;
    return outcome.scores.map((score): ResultRow => (
      { key, stage, axes, seed, ...score, declared: metrics?.[score.metric], x: outcome.facts }
    ));
  });
}

/**
 * The recorded scores of an experiment's cells, in the order of its stages and cells.
 *
 * @param kinds by name, for what they declare of their metrics
 */
export async function readResults(
  database: string,
  experiment: string,
  kinds: Kinds,
): Promise<ResultRow[]> {
  const rows = await readScores(database, experiment);
  const known = await loadKinds(kinds, rows.map(({ kind }) => kind));
  return rows.map(({ kind, facts, ...row }) => ({
    ...row,
    declared: known.get(kind)?.metrics?.[row.metric],
    x: facts,
  }));
}

/** What is known of the metric of a stage, from its scores. */
export function declarationsOf(
  rows: readonly ResultRow[],
): (of: { readonly stage: string; readonly metric: string }) => Metric | undefined {
  const declared = new Map(rows.map((row) => [`${row.stage}\n${row.metric}`, row.declared]));
  return ({ stage, metric }) => declared.get(`${stage}\n${metric}`);
}
