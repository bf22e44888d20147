/**
 * The measured grid as text tables: one a stage, benchmark, metric and split.
 *
 * Cells that differ in nothing but their seed are one entry, mean and standard
 * deviation; the last swept axis runs across, the others down. Entries that
 * differ from the best by less than noise are marked.
 */
import type { JsonObject } from "../../base/canonical.ts";
import { bestWithinNoise, rootMeanSquare, type Sample, summarise } from "../../analysis/noise.ts";
import type { Metric } from "../../base/measures.ts";
import { formatAxisValue } from "./labels.ts";
import { foldTable } from "./table.ts";
import { nameOfMetric, unitOf } from "./units.ts";
import { wrapText } from "./wrap.ts";

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
  /** What its kind says of the metric, where that is known. */
  readonly declared?: Metric | undefined;
  /** The part of the data, such as "test". */
  readonly split: string;
  /** The seed of the cell, where it has one; cells apart only in it are averaged. */
  readonly seed?: number | undefined;
  /** The measurement, in the unit of the metric. */
  readonly value: number;
  /** By how much it may be off by the choice of what was measured on, where that is known. */
  readonly standardError?: number | undefined;
}

/** One table: a title and its text. */
export interface GridTable {
  /** Stage, benchmark, split, metric and its unit; "single cells" for stages without swept axes. */
  readonly title: string;
  /** Lines of aligned columns, without a newline at the end. */
  readonly text: string;
  /** What its signs mean, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * The rows worth a table at the end of a run: headline metrics, on validation or test; on dev
 * where a stage is measured on nothing else, as candidates are.
 */
export function headlineRows<Row extends GridRow>(rows: readonly Row[]): Row[] {
  const beyondDev = new Set(rows.flatMap(({ stage, split }) => split === "dev" ? [] : stage));
  return rows.filter(({ declared, stage, split }) =>
    declared?.isHeadline !== false && (split !== "dev" || !beyondDev.has(stage))
  );
}

/** How wide tables may be. */
export interface GridOptions {
  /** Columns of a terminal; as wide as they need unless given. */
  readonly width?: number;
}

/** All tables one below the other, and what their signs mean, once; empty without rows. */
export function formatGrid(rows: readonly GridRow[], options: GridOptions = {}): string {
  const tables = gridTables(rows, options);
  const { width = Infinity } = options;
  const notes = [...new Set(tables.flatMap((table) => table.notes))]
    .map((note) => wrapText(note, { width, other: "  " }));
  const texts = tables.map(({ title, text }) => `${title}\n${text}`);
  return [...texts, ...(notes.length === 0 ? [] : [notes.join("\n")])].join("\n\n");
}

/** Tables of all rows: stages in the order of the rows, those without swept axes together. */
export function gridTables(
  rows: readonly GridRow[],
  { width = Infinity }: GridOptions = {},
): GridTable[] {
  const swept = new Map<string, GridRow[]>();
  const single: GridRow[][] = [];
  for (const ofStage of Map.groupBy(rows, (row) => row.stage).values()) {
    const measured = Map.groupBy(ofStage, (row) => `${row.stage}: ${nameOfScore(row)}`);
    if (sweptAxes(ofStage).length === 0) single.push(...measured.values());
    else for (const [title, same] of measured) swept.set(title, same);
  }
  const tables = [...swept].map(([title, each]) => ({ title, ...pivot(each, width) }));
  return single.length === 0 ? tables : [...tables, singleCells(single, width)];
}

/** Benchmark, split, metric and unit in words: "ner test f1, %". */
export function nameOfScore({ benchmark, split, metric, declared }: GridRow): string {
  return `${benchmark} ${split} ${nameOfMetric(metric, declared)}`;
}

/** The axes in which rows of one stage differ, but for the one that is the seed. */
export function sweptAxes(rows: readonly GridRow[]): string[] {
  const names = new Set(rows.flatMap((row) => Object.keys(row.axes)));
  const isSeed = (name: string) =>
    rows.every((row) => row.seed !== undefined && row.axes[name] === row.seed);
  return [...names].filter((name) => !isSeed(name));
}

/** The values and standard errors of rows that are one entry. */
export function sampleOf(rows: readonly GridRow[]): Sample {
  return {
    values: rows.map((row) => row.value),
    standardErrors: rows.flatMap((row) => row.standardError ?? []),
  };
}

function singleCells(
  measured: readonly (readonly GridRow[])[],
  width: number,
): GridTable {
  const lines = measured.map((rows) => [rows[0]!.stage, nameOfScore(rows[0]!), entry(rows)]);
  return {
    title: "single cells",
    text: foldTable(["stage", "metric", "value"], lines, {
      right: (column) => column === 2,
      width,
    }),
    notes: notesOf(measured, { isMarked: false }),
  };
}

function pivot(rows: readonly GridRow[], width: number): Omit<GridTable, "title"> {
  const axes = sweptAxes(rows);
  const across = axes.at(-1)!, down = axes.slice(0, -1);
  const labelsOf = (row: GridRow, names: readonly string[]) =>
    names.map((name) => formatAxisValue(row.axes[name] ?? null));
  // A label is of one value alone, so that what has one label is one entry.
  const keyOf = (row: GridRow, names: readonly string[]) => labelsOf(row, names).join("\n");
  const cells = Map.groupBy(rows, (row) => keyOf(row, axes));
  const samples = [...cells.values()].map(sampleOf);
  const better = rows[0]!.declared?.better;
  const best = better === undefined ? [] : bestWithinNoise(samples, better);
  const texts = new Map([...cells].map(([key, each], i) => [key, entry(each, best[i])]));

  const columns = [...Map.groupBy(rows, (row) => keyOf(row, [across])).keys()];
  const lines = [...Map.groupBy(rows, (row) => keyOf(row, down))].map(([key, [row]]) => [
    ...labelsOf(row!, down),
    ...columns.map((column) => texts.get(down.length === 0 ? column : `${key}\n${column}`) ?? ""),
  ]);
  const heads = columns.map((label, i) => i === 0 ? `${across} ${label}` : label);
  return {
    text: foldTable([...down, ...heads], lines, {
      right: () => true,
      width,
      stub: down.length,
      headOf: (label) => `${across} ${label}`,
    }),
    notes: notesOf([...cells.values()], { isMarked: best.includes(true) }),
  };
}

/** One entry of a table: mean, deviation over seeds where there are several, standard error. */
function entry(rows: readonly GridRow[], isMarked = false): string {
  const { show } = unitOf(rows[0]!.declared);
  const { values, standardErrors = [] } = sampleOf(rows);
  const { mean, deviation } = summarise(values);
  const spread = deviation === undefined ? "" : ` ±${show(deviation)}`;
  const error = standardErrors.length === 0 ? "" : ` (${show(rootMeanSquare(standardErrors))})`;
  return `${isMarked ? "*" : ""}${show(mean)}${spread}${error}`;
}

function notesOf(
  entries: readonly (readonly GridRow[])[],
  { isMarked }: { readonly isMarked: boolean },
): string[] {
  const hasSeeds = entries.some((rows) => rows.length > 1);
  const withErrors = entries.flat().filter((row) => row.standardError !== undefined);
  const isOfMean = ({ declared }: GridRow) => declared?.isOfCells === true;
  const hasErrors = withErrors.length > 0;
  const notes: string[] = [];
  if (hasSeeds) notes.push("±: standard deviation over seeds");
  if (withErrors.some((row) => !isOfMean(row))) {
    notes.push("( ): standard error of one value by the choice of the text");
  }
  if (withErrors.some(isOfMean)) {
    notes.push("( ) of a mean over cells: its standard error over them");
  }
  if (isMarked) {
    notes.push(
      "*: the best, and what is not shown to differ from it: by less than 2 standard errors",
    );
  }
  if (!hasSeeds && !hasErrors) {
    notes.push("one seed and no standard errors: small differences may be noise");
  }
  return notes;
}
