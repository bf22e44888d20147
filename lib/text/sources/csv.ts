/**
 * Tables separated by commas, as RFC 4180 has them: a cell may stand in quotes, and then hold
 * commas, line ends and doubled quotes.
 */
import { ExperimentError } from "../../base/errors.ts";
import { readLines } from "./lines.ts";

/** A row. */
export interface CsvRow {
  /** Without their quotes. */
  readonly cells: readonly string[];
  /** The line on which it begins, from 1. */
  readonly line: number;
}

/** A cell in quotes, or without any, and what ends it. */
const CELL = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;

/**
 * The rows of a file, plain or compressed; blank lines are passed over.
 *
 * @throws ExperimentError "text/bad-csv" with the line, and what `readLines` throws
 */
export async function* readCsv(path: string): AsyncGenerator<CsvRow, void> {
  let pending = "", first = 0;
  const refuse = (message: string, mend: string) =>
    new ExperimentError("text/bad-csv", message, { at: { file: path, line: first }, mend });
  for await (const { text, line } of readLines(path)) {
    if (pending === "" && text.trim() === "") continue;
    if (pending === "") first = line;
    pending = pending === "" ? text : `${pending}\n${text}`;
    // An odd number of quotes: the row goes on in the next line.
    if ((pending.split('"').length - 1) % 2 === 1) continue;
    const cells = cellsOf(pending);
    if (cells === undefined) {
      throw refuse(
        "a quote stands within a cell",
        'put the whole cell in quotes, and write "" for each quote in it',
      );
    }
    yield { cells, line: first };
    pending = "";
  }
  if (pending !== "") throw refuse("a quote is not closed", "close it, or write it twice");
}

function cellsOf(row: string): string[] | undefined {
  const cells: string[] = [];
  CELL.lastIndex = 0;
  for (;;) {
    const match = CELL.exec(row);
    if (match === null) return undefined;
    const [, quoted, plain, end] = match;
    cells.push(quoted?.replaceAll('""', '"') ?? plain!);
    if (end === "") return cells;
  }
}
