/**
 * Markdown as CommonMark and GitHub read it: text that stays as it is, tables, fences.
 *
 * Pure text; what a document says is the concern of whoever writes it.
 */
import { printable } from "../../base/terminal.ts";

/** A column of a table. */
export interface MarkdownColumn {
  /** Its name, in Markdown. */
  readonly name: string;
  /** Whether it holds numbers, which stand to the right. */
  readonly isNumber?: boolean | undefined;
}

/**
 * Text on one line of which nothing is a sign of Markdown or HTML.
 *
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(literal("unique_tokens *2* <b>"), "unique_tokens \\*2\\* &lt;b>");
 * ```
 */
export function literal(text: string): string {
  return printable(text.replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, " ").trimStart())
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    // An underscore inside a word means nothing, a star does.
    .replace(/[\\`*[\]~!#$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\$&")
    // What begins a list, a rule or a quotation begins the line.
    .replace(/^(\d*)([-+.)](?=[-+\s]|$)|>)/, "$1\\$2")
    .replace(/(https?|www|mailto)([:.])/gi, "$1\\$2");
}

/** Text as `literal` has it, whose lines stay lines in a cell of a table. */
export function literalLines(text: string): string {
  return text.split(/\r\n|\r|\n/).map(literal).join("<br>");
}

/** The head of a table: two lines, without the newline at their end. */
export function tableHead(columns: readonly MarkdownColumn[]): string {
  const rule = columns.map(({ isNumber }) => isNumber === true ? "---:" : "---");
  return `${tableRow(columns.map(({ name }) => name))}\n| ${rule.join(" | ")} |`;
}

/** A row of a table, without the newline at its end; what stands in cells is Markdown. */
export function tableRow(cells: readonly string[]): string {
  return `| ${cells.map(cellText).join(" | ")} |`;
}

/** A table without the newline at its end; what stands in cells is Markdown. */
export function markdownTable(
  columns: readonly MarkdownColumn[],
  rows: readonly (readonly string[])[],
): string {
  return [tableHead(columns), ...rows.map(tableRow)].join("\n");
}

/** Text as it was written, between more backquotes than it has in a row. */
export function fenced(text: string, language = ""): string {
  const runs = text.match(/`+/g) ?? [];
  const longest = runs.reduce((most, { length }) => Math.max(most, length), 2);
  const fence = "`".repeat(longest + 1);
  const lines = printable(text.replaceAll("\r\n", "\n")).replace(/\n$/, "");
  return `${fence}${language}\n${lines}\n${fence}`;
}

/** Nothing in a cell ends it, or its row. */
function cellText(text: string): string {
  return text.replaceAll("|", "\\|").replace(/\s*[\r\n]+\s*/g, " ");
}
