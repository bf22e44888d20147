/**
 * Rows of a query as a table, CSV or JSON, written as they come.
 *
 * CSV and JSON are streamed; a table needs its widest cell first, so it is cut
 * at a number of rows and says so.
 */
import { stringify } from "csv-stringify/sync";
import type { Json } from "../base/canonical.ts";
import { formatTable } from "../report/text/table.ts";

/** How `sql` prints rows. */
export const FORMATS = ["table", "csv", "json"] as const;

/** One of `FORMATS`. */
export type Format = typeof FORMATS[number];

/** Rows that a table shows at the most. */
export const TABLE_ROWS = 1000;

/** The columns of a result, and its rows in groups as they arrive. */
export interface Rows {
  /** The columns' names, from left to right. */
  readonly columns: readonly string[];
  /** Whether the column holds numbers, and so stands to the right. */
  readonly isNumber: readonly boolean[];
  /** Groups of rows, each with one value a column; read once, and not before they are printed. */
  readonly batches: AsyncIterable<readonly (readonly Json[])[]>;
}

/**
 * The text of rows in pieces, each ending in a newline.
 *
 * JSON is one array of objects, a row a line. In CSV and tables null is empty
 * and nested values are JSON.
 */
export async function* formatRows(rows: Rows, format: Format): AsyncGenerator<string> {
  if (format === "json") yield* formatJson(rows);
  else if (format === "csv") yield* formatCsv(rows);
  else yield await formatTableRows(rows);
}

async function* formatJson({ columns, batches }: Rows): AsyncGenerator<string> {
  let open = "[";
  for await (const batch of batches) {
    const lines = batch.map((row) =>
      JSON.stringify(Object.fromEntries(columns.map((name, i) => [name, row[i]!])))
    );
    if (lines.length > 0) {
      yield `${open}\n${lines.join(",\n")}`;
      open = ",";
    }
  }
  yield open === "[" ? "[]\n" : "\n]\n";
}

async function* formatCsv({ columns, batches }: Rows): AsyncGenerator<string> {
  yield stringify([[...columns]]);
  for await (const batch of batches) yield stringify(batch.map((row) => row.map(cell)));
}

async function formatTableRows({ columns, isNumber, batches }: Rows): Promise<string> {
  const lines: string[][] = [];
  let isCut = false;
  for await (const batch of batches) {
    const room = TABLE_ROWS - lines.length;
    lines.push(...batch.slice(0, room).map((row) => row.map(cell)));
    if (batch.length > room) {
      isCut = true;
      break;
    }
  }
  const table = formatTable(columns, lines, { right: (column) => isNumber[column]! });
  const count = isCut
    ? `the first ${TABLE_ROWS} rows; --format csv prints all`
    : `${lines.length} ${lines.length === 1 ? "row" : "rows"}`;
  return `${table}\n(${count})\n`;
}

function cell(value: Json): string {
  if (value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
