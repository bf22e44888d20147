/** Plain text: a file a document with wrapped lines, or a sentence a line. */
import { type Block, END } from "./block.ts";
import type { OnBytes } from "./bytes.ts";
import { readLines } from "./lines.ts";

/** One file is one document; lines are wrapped, and a blank line ends a paragraph. */
export async function* readText(path: string, onBytes?: OnBytes): AsyncGenerator<Block, void> {
  let lines: string[] = [];
  for await (const { text } of readLines(path, onBytes)) {
    if (text.trim() !== "") {
      lines.push(text);
    } else if (lines.length > 0) {
      yield { type: "paragraph", text: lines.join("\n") };
      lines = [];
    }
  }
  if (lines.length > 0) yield { type: "paragraph", text: lines.join("\n") };
  yield END;
}

/** A line is a sentence, and a blank line ends a document, as in BERT's own input. */
export async function* readSentenceLines(
  path: string,
  onBytes?: OnBytes,
): AsyncGenerator<Block, void> {
  for await (const { text } of readLines(path, onBytes)) {
    yield text.trim() === "" ? END : { type: "sentence", text };
  }
  yield END;
}
