/**
 * One cell of a table: on one line, safe for a terminal, of a known width.
 *
 * Widths are columns of a terminal: a wide character takes two, a combining mark
 * none. What is cut is cut before it is measured, so a cell of any length costs
 * no more than what is shown of it.
 */
import { printableLine } from "../../base/terminal.ts";
import { graphemesOf, widthOf } from "./width.ts";

/** A cell as it is printed. */
export interface TableCell {
  /** Without line breaks and control characters; ends in "…" where it was cut. */
  readonly text: string;
  /** How many columns of a terminal it takes. */
  readonly width: number;
  /** Whether something was left out. */
  readonly isCut: boolean;
}

/** UTF-16 units that are looked at for each column; a family of emoji takes 11 for two. */
const UNITS_A_COLUMN = 16;

const ASCII = /^[\x20-\x7e]*$/;

/**
 * A text as a cell.
 *
 * @param most columns that it may take, at least 1; without a limit unless given
 */
export function cellOf(text: string, most = Infinity): TableCell {
  const isLong = text.length > most * UNITS_A_COLUMN;
  const shown = printableLine(isLong ? text.slice(0, most * UNITS_A_COLUMN) : text);
  const isAscii = ASCII.test(shown);
  const width = isAscii ? shown.length : widthOf(shown);
  if (width <= most && !isLong) return { text: shown, width, isCut: false };
  if (isAscii) return { text: `${shown.slice(0, most - 1)}…`, width: most, isCut: true };
  let kept = "", keptWidth = 0;
  for (const grapheme of graphemesOf(shown)) {
    const more = widthOf(grapheme);
    if (keptWidth + more > most - 1) break;
    kept += grapheme;
    keptWidth += more;
  }
  return { text: `${kept}…`, width: keptWidth + 1, isCut: true };
}

/** The cell's text, filled up with spaces to a width. */
export function padCell({ text, width }: TableCell, to: number, isRight: boolean): string {
  const space = " ".repeat(Math.max(0, to - width));
  return isRight ? `${space}${text}` : `${text}${space}`;
}
