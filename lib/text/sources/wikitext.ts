/** WikiText, the layout of the WikiText-2 and WikiText-103 corpora. */
import { type Block, END } from "./block.ts";
import type { Tally } from "./tally.ts";

/**
 * WikiText: a line " = Title = " opens a document, headings (" = = Section = = ") are left out, any
 * other line is a paragraph. " @-@ ", " @,@ " and " @.@ " become "-", "," and "." without spaces.
 */
export async function* readWikiText(
  path: string,
  tally: Tally,
): AsyncGenerator<Block, void> {
  for await (const { text, line } of tally.readLines(path)) {
    const bare = text.trim();
    const depth = headingDepth(bare);
    if (depth === 1) yield { type: "begin", line };
    if (depth === 0 && bare !== "") {
      yield { type: "paragraph", text: bare.replace(/ @([-,.])@ /g, "$1") };
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
