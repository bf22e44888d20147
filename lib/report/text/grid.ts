/**
 * The measured grid as text tables: one a stage, benchmark, metric and split.
 *
 * Cells that differ in nothing but their seed are one entry, mean and standard
 * deviation; the last swept axis runs across, the others down.
 */
import type { Json, JsonObject } from "../../base/canonical.ts";
import { formatFixed, formatNumber } from "./format.ts";
import { formatTable } from "./table.ts";

/** The part of a row of the results view that a table needs. */
export interface GridRow {
  /** The stage of the experiment that measured it. */
  readonly stage: string;
  /** The value that each axis has in this cell, by axis name. */
  readonly axes: JsonObject;
  /** What was evaluated on, such as a named-entity corpus. */
  readonly benchmark: string;
  /** What was measured, such as "f1". */
  readonly metric: string;
  /** The part of the data, such as "test". */
  readonly split: string;
  /** The seed of the cell, where it has one; cells apart only in it are averaged. */
  readonly seed?: number | undefined;
  /** The measurement, in the unit of the metric: percent for F1, nats for a loss. */
  readonly value: number;
}

/** One table: a title and its text. */
export interface GridTable {
  /** Stage, benchmark, metric and split, or "single cells" for stages without swept axes. */
  readonly title: string;
  /** Lines of aligned columns, without a newline at the end. */
  readonly text: string;
}

/** Metrics from 0 to 100, for which one digit after the point is plenty. */
const PERCENT_METRICS: ReadonlySet<string> = new Set(["f1", "precision", "recall"]);

/** Metrics that say little beside a headline one; SQL has them all. */
const MINOR_METRICS: ReadonlySet<string> = new Set(["precision", "recall", "maskedAccuracy"]);

/** The rows worth a table at the end of a run: headline metrics, on validation or test. */
export function headlineRows(rows: readonly GridRow[]): GridRow[] {
  return rows.filter(({ metric, split }) => !MINOR_METRICS.has(metric) && split !== "dev");
}

/** The mean of values and, for two or more, their sample standard deviation. */
export function summarise(values: readonly number[]): { mean: number; deviation?: number } {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  if (values.length < 2) return { mean };
  const squares = values.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}

/** Tables of all rows: stages in the order of the rows, those without swept axes together. */
export function gridTables(rows: readonly GridRow[]): GridTable[] {
  const swept = new Map<string, GridRow[]>();
  const single = new Map<string, GridRow[]>();
  for (const [stage, ofStage] of groupBy(rows, (row) => row.stage)) {
    const axes = sweptAxes(ofStage);
    for (const row of ofStage) {
      const measure = `${row.benchmark} ${row.metric}, ${row.split}`;
      if (axes.length > 0) push(swept, `${stage}: ${measure}`, row);
      else push(single, stage, row);
    }
  }
  const tables = [...swept].map(([title, each]) => ({ title, text: pivot(each) }));
  if (single.size === 0) return tables;
  const lines = [...single].flatMap(([stage, each]) =>
    [...groupBy(each, (row) => `${row.benchmark} ${row.metric}, ${row.split}`)]
      .map(([measure, same]) => [stage, measure, entry(same)])
  );
  const text = formatTable(["stage", "metric", "value"], lines, { right: (c) => c === 2 });
  return [...tables, { title: "single cells", text }];
}

/** The axes in which rows of one stage differ, but for the one that is the seed. */
function sweptAxes(rows: readonly GridRow[]): string[] {
  const names = Object.keys(rows[0]!.axes);
  const isSeed = (name: string) =>
    rows.every((row) => row.seed !== undefined && row.axes[name] === row.seed);
  return names.filter((name) => !isSeed(name));
}

function pivot(rows: readonly GridRow[]): string {
  const axes = sweptAxes(rows);
  const across = axes.at(-1)!, down = axes.slice(0, -1);
  const columns = [...new Set(rows.map((row) => show(row.axes[across])))];
  const lines = [...groupBy(rows, (row) => JSON.stringify(down.map((name) => row.axes[name])))]
    .map(([, each]) => [
      ...down.map((name) => show(each[0]!.axes[name])),
      ...columns.map((column) => entry(each.filter((row) => show(row.axes[across]) === column))),
    ]);
  const heads = columns.map((column, i) => i === 0 ? `${across} ${column}` : column);
  return formatTable([...down, ...heads], lines, { right: () => true });
}

/** One entry of a table: mean, and standard deviation over seeds where there are several. */
function entry(rows: readonly GridRow[]): string {
  if (rows.length === 0) return "";
  const { mean, deviation } = summarise(rows.map((row) => row.value));
  const digits = PERCENT_METRICS.has(rows[0]!.metric) ? 1 : 3;
  const spread = deviation === undefined ? "" : ` ±${formatFixed(deviation, digits)}`;
  return `${formatFixed(mean, digits)}${spread}`;
}

function show(value: Json | undefined): string {
  if (typeof value === "number") return formatNumber(value);
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) push(groups, keyOf(item), item);
  return groups;
}

function push<T>(groups: Map<string, T[]>, key: string, item: T): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [item]);
  else group.push(item);
}
