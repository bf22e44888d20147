/** The scores that a report shows: a stage, benchmark, metric and part of the data each. */
import type { Metric } from "../../base/measures.ts";
import { type GridRow, headlineRows, nameOfScore, sweptAxes } from "../../report/text/grid.ts";
import { sqlText } from "../../store/database/schema.ts";

/** A score of a stage. */
export interface ReportScore {
  /** The stage that measured it. */
  readonly stage: string;
  /** What was evaluated on. */
  readonly benchmark: string;
  /** What was measured. */
  readonly metric: string;
  /** The part of the data. */
  readonly split: string;
  /** What its kind says of the metric. */
  readonly declared: Metric | undefined;
  /** Stage, benchmark, part, metric and unit. */
  readonly title: string;
  /** Benchmark, part, metric and unit: what an axis is called. */
  readonly name: string;
  /** The axes that the stage varies with, but for the seed. */
  readonly axes: readonly string[];
  /** What was measured, a row a cell. */
  readonly rows: readonly GridRow[];
}

/** Scores worth showing, in the order of the spec, `first` before all others. */
export function reportScores(
  rows: readonly GridRow[],
  first?: Pick<ReportScore, "stage" | "benchmark" | "metric" | "split">,
): ReportScore[] {
  const shown = headlineRows(rows);
  const axesOf = new Map(
    [...Map.groupBy(rows, ({ stage }) => stage)].map(([stage, own]) => [stage, sweptAxes(own)]),
  );
  const groups = Map.groupBy(shown, (row) => `${row.stage}: ${nameOfScore(row)}`);
  const scores = [...groups].map(([title, own]): ReportScore => {
    const { stage, benchmark, metric, split, declared } = own[0]!;
    return {
      ...{ stage, benchmark, metric, split, declared, title },
      name: nameOfScore(own[0]!),
      axes: axesOf.get(stage)!,
      rows: own,
    };
  });
  const isFirst = (score: ReportScore) =>
    first !== undefined && score.stage === first.stage && isSameMeasure(score, first);
  return [...scores.filter(isFirst), ...scores.filter((score) => !isFirst(score))];
}

/** Whether two scores are of the same benchmark, metric and part. */
export function isSameMeasure(
  one: Pick<ReportScore, "benchmark" | "metric" | "split">,
  other: Pick<ReportScore, "benchmark" | "metric" | "split">,
): boolean {
  return one.benchmark === other.benchmark && one.metric === other.metric &&
    one.split === other.split;
}

/** The condition of a query that a score's rows meet. */
export function whereScore(
  experiment: string,
  { stage, benchmark, metric, split }: Pick<
    ReportScore,
    "stage" | "benchmark" | "metric" | "split"
  >,
): string {
  return `WHERE experiment = ${sqlText(experiment)} AND stage = ${sqlText(stage)}
  AND benchmark = ${sqlText(benchmark)} AND metric = ${sqlText(metric)} AND split = ${
    sqlText(split)
  }`;
}
