/** What others published beside what was measured here, stage by stage. */
import { summarise } from "../../analysis/noise.ts";
import { canonical, type JsonObject } from "../../base/canonical.ts";
import { greatestOf, leastOf } from "../../base/extremes.ts";
import { type GridRow, sweptAxes } from "./grid.ts";
import { foldTable } from "./table.ts";
import { nameOfMetric, unitOf } from "./units.ts";
import { wrapText } from "./wrap.ts";

/** A published value of a benchmark and a metric of the study. */
export interface PublishedValue {
  /** As the study calls it. */
  readonly benchmark?: string;
  /** As the study calls it. */
  readonly metric?: string;
  /** Whose it is. */
  readonly model: string;
  /** In the metric's unit. */
  readonly value: number;
}

/**
 * A table of published values whose benchmark and metric were measured on a test part, each with
 * the means of the stages that measured it; "" where there are none.
 */
export function formatPublished(
  published: readonly PublishedValue[],
  rows: readonly GridRow[],
  { width = Infinity }: { readonly width?: number } = {},
): string {
  const measured = Map.groupBy(
    rows.filter(({ split }) => split === "test"),
    ({ benchmark, metric }) => JSON.stringify([benchmark, metric]),
  );
  const lines = published.flatMap(({ benchmark, metric, model, value }) => {
    const own = measured.get(JSON.stringify([benchmark, metric])) ?? [];
    if (metric === undefined || own.length === 0) return [];
    const { declared } = own[0]!;
    const { show } = unitOf(declared);
    return [[benchmark!, nameOfMetric(metric, declared), model, show(value), ownOf(own)]];
  });
  if (lines.length === 0) return "";
  const head = ["benchmark", "metric", "published of", "published", "measured here"];
  const table = foldTable(head, lines, { right: (column) => column === 3, stub: 3, width });
  const title = "published by others, with other text, sizes and seeds than here";
  return `${wrapText(title, { width, other: "  " })}\n${table}`;
}

/** The mean of each stage, of several cells the best one's. */
function ownOf(rows: readonly GridRow[]): string {
  const { declared } = rows[0]!;
  const { show } = unitOf(declared);
  const stages = Map.groupBy(rows, ({ stage }) => stage);
  return [...stages].map(([stage, own]) => {
    const axes = sweptAxes(own);
    const cellOf = ({ axes: values }: GridRow) =>
      canonical(Object.fromEntries(axes.map((axis) => [axis, values[axis] ?? null])) as JsonObject);
    const means = [...Map.groupBy(own, cellOf).values()].map((cell) =>
      summarise(cell.map(({ value }) => value)).mean
    );
    const best = declared?.better === "lower" ? leastOf(means) : greatestOf(means);
    return `${stage} ${show(best)}${means.length > 1 ? ` (best of ${means.length})` : ""}`;
  }).join(", ");
}
