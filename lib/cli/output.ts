/**
 * Rows of a query as a table, Markdown, CSV or JSON, written as they come.
 *
 * All but tables are streamed; a table needs its widest cell first, so it ends
 * after a number of rows and says so, unless there is a place for the rows until
 * all have been seen. Its cells are cut to fit a width.
 */
import type { Json } from "../base/canonical.ts";
import { counted } from "../base/count.ts";
import type { TableCell } from "../report/text/cell.ts";
import { fenced, literalLines, tableHead, tableRow } from "../report/text/markdown.ts";
import { fitTable, TableMeasure } from "../report/text/table.ts";

/** How `sql` prints rows. */
export const FORMATS = ["table", "markdown", "csv", "json"] as const;

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
  /** Whether it is the plan of a query, a drawing in lines of text. */
  readonly isPlan?: boolean;
  /** Groups of rows, each with one value a column; read once, and not before they are printed. */
  readonly batches: AsyncIterable<readonly (readonly Json[])[]>;
}

/** Where texts wait on a disk until all of them are there. */
export interface Spool {
  /** Takes one more. */
  add(text: string): Promise<void>;
  /** All of them, in their order; once, and last. */
  read(): AsyncIterable<string>;
}

/**
 * The text of rows in pieces, each ending in a newline.
 *
 * JSON is one array of objects, a row a line. CSV is that of RFC 4180 with lines
 * that end in a newline alone. Markdown is a table whose cells show what they hold,
 * whatever that would mean in Markdown. In all but JSON null is empty and nested values
 * are JSON. A plan is shown as the drawing that it is, but in CSV and JSON.
 *
 * @param options.width columns of a terminal that a table may take
 * @param options.spool where rows of a table wait, so that it has all of them; without, it
 *   ends after `TABLE_ROWS`
 */
export async function* formatRows(
  rows: Rows,
  format: Format,
  { width, spool }: { readonly width: number; readonly spool?: Spool | undefined },
): AsyncGenerator<string> {
  if (format === "json") yield* formatJson(rows);
  else if (format === "csv") yield* formatCsv(rows);
  else if (rows.isPlan === true) yield* formatPlan(rows, format);
  else if (format === "markdown") yield* formatMarkdown(rows);
  else if (spool !== undefined) yield* formatWholeTable(rows, { width, spool });
  else yield await formatTableRows(rows, width);
}

async function* formatPlan({ batches }: Rows, format: Format): AsyncGenerator<string> {
  let text = "";
  for await (const batch of batches) {
    for (const row of batch) text += `${cell(row.at(-1)!).trimEnd()}\n`;
  }
  yield format === "markdown" ? `${fenced(text, "text")}\n` : text;
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
  yield csvLine(columns);
  for await (const batch of batches) {
    if (batch.length > 0) yield batch.map(csvLine).join("");
  }
}

function csvLine(values: readonly Json[]): string {
  // A line without anything on it is no row to many a reader.
  if (values.length === 1 && values[0] === null) return '""\n';
  return `${values.map(csvField).join(",")}\n`;
}

function csvField(value: Json): string {
  const text = cell(value);
  const isPlain = !/[",\r\n]/.test(text) && (text !== "" || value === null);
  return isPlain ? text : `"${text.replaceAll('"', '""')}"`;
}

async function* formatMarkdown({ columns, isNumber, batches }: Rows): AsyncGenerator<string> {
  const heads = columns.map((name, i) => ({ name: literalLines(name), isNumber: isNumber[i] }));
  yield `${tableHead(heads)}\n`;
  for await (const batch of batches) {
    const lines = batch.map((row) => tableRow(row.map((value) => literalLines(cell(value)))));
    if (lines.length > 0) yield `${lines.join("\n")}\n`;
  }
}

async function formatTableRows(
  { columns, isNumber, batches }: Rows,
  width: number,
): Promise<string> {
  const lines: string[][] = [];
  let isMore = false;
  for await (const batch of batches) {
    const room = TABLE_ROWS - lines.length;
    lines.push(...batch.slice(0, room).map((row) => row.map(cell)));
    if (batch.length > room) {
      isMore = true;
      break;
    }
  }
  const ofNumbers = (column: number) => isNumber[column]!;
  const { text, isCut } = fitTable(columns, lines, { right: ofNumbers, rigid: ofNumbers, width });
  const count = isMore
    ? `the first ${TABLE_ROWS} rows; --format csv prints all`
    : counted(lines.length, "row");
  return `${text}${text === "" ? "" : "\n"}(${count}${isCut ? CUT : ""})\n`;
}

/** What is said below a table that does not show all of every cell. */
const CUT = "; cells that end in … are cut: --format json prints them whole";

async function* formatWholeTable(
  { columns, isNumber, batches }: Rows,
  { width, spool }: { readonly width: number; readonly spool: Spool },
): AsyncGenerator<string> {
  const measure = new TableMeasure(columns, width);
  let count = 0;
  for await (const batch of batches) {
    if (batch.length === 0) continue;
    await spool.add(JSON.stringify(measure.add(batch.map((row) => row.map(cell)))));
    count += batch.length;
  }
  const ofNumbers = (column: number) => isNumber[column]!;
  const layout = measure.layout({ right: ofNumbers, rigid: ofNumbers });
  if (layout.head !== undefined) yield `${layout.head}\n`;
  let isCut = layout.isHeadCut, isFirst = true;
  for await (const group of spool.read()) {
    const shown = layout.print(JSON.parse(group) as TableCell[][]);
    isCut ||= shown.isCut;
    yield `${isFirst ? "" : layout.between.slice(1)}${shown.text}\n`;
    isFirst = false;
  }
  yield `(${counted(count, "row")}${isCut ? CUT : ""})\n`;
}

function cell(value: Json): string {
  if (value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
