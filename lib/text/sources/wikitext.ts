/** WikiText, the layout of the WikiText-2 and WikiText-103 corpora. */
import { type Block, END } from "./block.ts";
import type { OnBytes } from "./bytes.ts";
import { readLines } from "./lines.ts";

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
