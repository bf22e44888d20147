/** Plain text: a file a document with wrapped lines, or a sentence a line. */
import { type Block, END } from "./block.ts";
import type { Tally } from "./tally.ts";

/** A longer paragraph comes in parts, so that a file without blank lines is never held whole. */
const PARAGRAPH_CHARACTERS = 1 << 20;

/** One file is one document; lines are wrapped, and a blank line ends a paragraph. */
export async function* readText(path: string, tally: Tally): AsyncGenerator<Block, void> {
  let lines: string[] = [];
  let characters = 0;
  yield { type: "begin", line: 1 };
  for await (const { text } of tally.readLines(path)) {
    const isBlank = text.trim() === "";
    if (!isBlank) {
      lines.push(text);
      characters += text.length;
    }
    if (lines.length === 0 || (!isBlank && characters < PARAGRAPH_CHARACTERS)) continue;
    yield { type: "paragraph", text: lines.join("\n"), goesOn: !isBlank };
    [lines, characters] = [[], 0];
  }
  yield { type: "paragraph", text: lines.join("\n") };
  yield END;
}

/** A line is a sentence, and a blank line ends a document, as in BERT's own input. */
export async function* readSentenceLines(
  path: string,
  tally: Tally,
): AsyncGenerator<Block, void> {
  for await (const { text } of tally.readLines(path)) {
    yield text.trim() === "" ? END : { type: "sentence", text };
  }
  yield END;
}
