/**
 * What readers of text files give: paragraphs or ready sentences, and where a
 * document ends. One reader for each plain-text layout; JSONL has its own file.
 */
import { readLines } from "./lines.ts";

/** A part of a document in the order of the text. */
export type Block =
  /** Running text, still to be cut into sentences. */
  | { readonly type: "paragraph"; readonly text: string }
  /** A sentence that the source marks as one. */
  | { readonly type: "sentence"; readonly text: string }
  /** Ends a document; a second end in a row ends nothing. */
  | { readonly type: "end" };

/** The end of a document. */
export const END: Block = { type: "end" };

/** Tells how many bytes of a file have been read, before decompression. */
export type OnBytes = (bytes: number) => void;

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

/**
 * WikiText: a line " = Title = " opens a document, headings (" = = Section = = ") are left out, any
 * other line is a paragraph. " @-@ ", " @,@ " and " @.@ " become "-", "," and "." without spaces.
 */
export async function* readWikiText(
  path: string,
  onBytes?: OnBytes,
): AsyncGenerator<Block, void> {
  for await (const { text } of readLines(path, onBytes)) {
    const line = text.trim();
    const depth = headingDepth(line);
    if (depth === 1) yield END;
    if (depth === 0 && line !== "") {
      yield { type: "paragraph", text: line.replace(/ @([-,.])@ /g, "$1") };
    }
  }
  yield END;
}

/** How many "=" stand on both sides of a heading; 0 for a line that is none. */
function headingDepth(line: string): number {
  const opening = /^(?:= )+/.exec(line)?.[0].length ?? 0;
  const closing = /(?: =)+$/.exec(line)?.[0].length ?? 0;
  return opening === closing && line.length > opening + closing ? opening / 2 : 0;
}
