/**
 * Section headings in PMC full text as one research group publishes it: lines such
 * as "BODY.RESULTS:", "ABSTRACT.METHODS:", "TITLE: ...".
 */

/** Lines that are at most so long can belong to a heading that goes on. */
const CONTINUATION_CHARACTERS = 200;

/**
 * The lines of an article that are text. "TITLE:" is taken off and what follows it kept; lines that
 * begin with "ABSTRACT" or "BODY" and "." or ":" go, and with them the short lines in capitals or
 * colons that one without its closing ":" is continued by.
 */
export function dropPmcHeadings(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let isOpen = false;
  for (const each of lines) {
    const line = each.trim();
    if (line === "") {
      isOpen = false;
    } else if (/^(?:ABSTRACT|BODY)[.:]/.test(line)) {
      isOpen = !line.endsWith(":");
    } else if (isOpen && continuesHeading(line)) {
      isOpen = !line.endsWith(":");
    } else {
      isOpen = false;
      const text = line.startsWith("TITLE:") ? line.slice("TITLE:".length).trim() : line;
      if (text !== "") kept.push(text);
    }
  }
  return kept;
}

function continuesHeading(line: string): boolean {
  return line.length <= CONTINUATION_CHARACTERS && (/^[:.]/.test(line) || !/\p{Ll}/u.test(line));
}
