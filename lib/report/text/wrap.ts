/** Sentences in lines of a width. */
import { printableLine } from "../../base/terminal.ts";
import { widthOf } from "./width.ts";

/** How lines begin. */
export interface WrapOptions {
  /** Columns that a line may take; what has no space in it may take more. */
  readonly width: number;
  /** Before the first line; nothing unless given. */
  readonly first?: string;
  /** Before the others; as many spaces as `first` is long, unless given. */
  readonly other?: string;
}

/** A text on as few lines as it takes, broken between words. */
export function wrapText(text: string, { width, first = "", other }: WrapOptions): string {
  const indent = other ?? " ".repeat(first.length);
  const lines: string[] = [];
  let line = first, taken = widthOf(first), isBegun = false;
  // An interval is not torn apart: "[1, 2]".
  for (const word of printableLine(text).split(/ (?![^[\]]*\])/)) {
    const size = widthOf(word);
    if (isBegun && taken + 1 + size > width) {
      lines.push(line);
      line = indent;
      taken = widthOf(indent);
      isBegun = false;
    }
    line += isBegun ? ` ${word}` : word;
    taken += size + (isBegun ? 1 : 0);
    isBegun = true;
  }
  return [...lines, line].map((each) => each.trimEnd()).join("\n");
}
