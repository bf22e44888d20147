/** The scores of an experiment as rows that tables, fits and figures are made from. */
import type { PowerLaw } from "../analysis/power_law.ts";
import type { Shape } from "../analysis/scaling.ts";
import type { Json, JsonObject } from "../base/canonical.ts";
import { FACTS, FIT_FACTS, type FitFact } from "../base/facts.ts";
import type { Metric, TaskKind } from "../graph/task.ts";
import type { CurveFit } from "../report/figures/curves.ts";
import type { GridRow } from "../report/text/grid.ts";
import { queryRows } from "../store/database/query.ts";
import type { RecordedOutcome } from "../store/database/results.ts";
import type { CellRow } from "../store/database/rows.ts";

/** A row of the view `results`, as far as fits, tables and figures need it. */
export interface ResultRow extends GridRow {
  /** The task that measured it. */
  readonly key: string;
  /** What it may be fitted against, absent where unknown. */
  readonly x: Readonly<Record<FitFact, number | undefined>>;
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
    const x = Object.fromEntries(
      FIT_FACTS.map((name) => [name, outcome.facts[name]]),
    ) as ResultRow["x"];
    return outcome.scores.map((score): ResultRow => (
      { key, stage, axes, seed, ...score, declared: metrics?.[score.metric], x }
    ));
  });
}

/**
 * The scores of an experiment's cells, in the order of its stages and cells.
 *
 * @param kinds by name, for what they declare of their metrics
 */
export async function readResults(
  database: string,
  experiment: string,
  kinds: ReadonlyMap<string, TaskKind>,
): Promise<ResultRow[]> {
  const rows = await queryRows(
    database,
    `SELECT results.*, cells.place, tasks.kind FROM results
     JOIN cells USING (experiment, stage, axes) JOIN tasks ON tasks.key = results.key
     WHERE experiment = $1 ORDER BY cells.place, benchmark, metric, split`,
    { values: [experiment] },
  );
  return rows.map((row) => {
    const metric = String(row["metric"]);
    return {
      key: String(row["key"]),
      stage: String(row["stage"]),
      axes: row["axes"] as JsonObject,
      benchmark: String(row["benchmark"]),
      metric,
      declared: kinds.get(String(row["kind"]))?.metrics?.[metric],
      split: String(row["split"]),
      seed: number(row["seed"]),
      value: Number(row["value"]),
      standardError: number(row["standard_error"]),
      x: Object.fromEntries(
        FIT_FACTS.map((name) => [name, number(row[FACTS[name].column])]),
      ) as Record<FitFact, number | undefined>,
    };
  });
}

/** The fits that are recorded of an experiment, as far as curves need them. */
export async function readFits(database: string, experiment: string): Promise<CurveFit[]> {
  const facts = new Map(FIT_FACTS.map((name) => [FACTS[name].column as Json, name]));
  const fits = await queryRows(database, "FROM fits WHERE experiment = $1", {
    values: [experiment],
  });
  return fits.flatMap((row) => {
    const against = facts.get(row["against"]!);
    if (against === undefined || row["parameters"] === null) return [];
    return [{
      stage: String(row["stage"]),
      benchmark: String(row["benchmark"]),
      metric: String(row["metric"]),
      split: String(row["split"]),
      cell: row["cell"] as JsonObject,
      against,
      parameters: row["parameters"] as unknown as PowerLaw,
      shape: row["shape"] as Shape,
    }];
  });
}

/** The names of the experiments that are recorded. */
export async function readExperiments(database: string): Promise<string[]> {
  const rows = await queryRows(database, "SELECT experiment FROM experiments ORDER BY ALL");
  return rows.map(({ experiment }) => String(experiment));
}

/** What is known of the metric of a stage, from its scores. */
export function declarationsOf(
  rows: readonly ResultRow[],
): (of: { readonly stage: string; readonly metric: string }) => Metric | undefined {
  const declared = new Map(rows.map((row) => [`${row.stage}\n${row.metric}`, row.declared]));
  return ({ stage, metric }) => declared.get(`${stage}\n${metric}`);
}

function number(value: Json | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
