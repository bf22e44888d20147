/**
 * What others published of a study's benchmarks, to stand beside what is measured here.
 *
 * A spec names a table of such values and says which of its data sets and metrics are its own;
 * nothing is guessed by a name that looks alike.
 */
import { ExperimentError, type SourcePosition } from "../base/errors.ts";
import type { PublishedSpec } from "../experiment/header.ts";
import type { PublishedRow } from "../store/database/rows.ts";
import { readCsv } from "../text/sources/csv.ts";

/** Columns that a table has; `task` may be absent. */
const COLUMNS = ["dataset", "metric", "model", "value", "source"] as const;

/**
 * The rows of the table that a spec names, values in percent as fractions.
 *
 * @throws ExperimentError "run/published" with file and line, and what `readCsv` throws
 */
export async function readPublished(spec: PublishedSpec | undefined): Promise<PublishedRow[]> {
  if (spec === undefined) return [];
  const rows: PublishedRow[] = [];
  let head: readonly string[] | undefined;
  for await (const { cells, line } of readCsv(spec.file)) {
    const at = { file: spec.file, line };
    if (head === undefined) {
      head = checkedHead(cells, at);
      continue;
    }
    if (cells.length !== head.length) {
      throw published(`the line has ${cells.length} columns, the first has ${head.length}`, {
        at,
        mend: "give every line as many columns; a cell with a comma stands in quotes",
      });
    }
    rows.push(rowOf(Object.fromEntries(head.map((name, i) => [name, cells[i]!])), { spec, at }));
  }
  if (rows.length > 0) return rows;
  throw published("the table has no row", {
    at: { file: spec.file },
    mend: `give a table of ${COLUMNS.join(",")}, a value a line`,
  });
}

function checkedHead(cells: readonly string[], at: SourcePosition): readonly string[] {
  const head = cells.map((cell) => cell.trim());
  const lacking = COLUMNS.find((name) => !head.includes(name));
  if (lacking === undefined) return head;
  throw published(`the table has no column ${JSON.stringify(lacking)}`, {
    at,
    mend: `name the columns in the first line: task,${COLUMNS.join(",")}`,
  });
}

function rowOf(
  row: Readonly<Record<string, string>>,
  { spec, at }: { readonly spec: PublishedSpec; readonly at: SourcePosition },
): PublishedRow {
  const { task, dataset, metric, model, source } = row;
  const percent = row["value"]!.trim() === "" ? NaN : Number(row["value"]);
  if (!Number.isFinite(percent)) {
    throw published(`${JSON.stringify(row["value"])} is no number`, {
      at,
      mend: "write the value as it was published, in percent: 84.4",
    });
  }
  return {
    dataset: dataset!,
    publishedMetric: metric!,
    model: model!,
    // Shifted as text, so that 84.4 becomes the nearest number to 0.844.
    value: Number(`${percent}e-2`),
    source: source!,
    ...(task === undefined ? {} : { task }),
    ...(spec.benchmarks[dataset!] === undefined ? {} : { benchmark: spec.benchmarks[dataset!]! }),
    ...(spec.metrics[metric!] === undefined ? {} : { metric: spec.metrics[metric!]! }),
  };
}

function published(
  message: string,
  { at, mend }: { readonly at: SourcePosition; readonly mend: string },
): ExperimentError {
  return new ExperimentError("run/published", message, { at, mend });
}
