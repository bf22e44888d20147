/**
 * Makes text from outside safe to print.
 *
 * Values of a spec, names of files and cells of results may hold anything, and a
 * terminal obeys some of it: it moves the cursor, rewrites its title, reads right
 * to left. Such characters are shown as JSON would write them, `\u001b`; inside
 * JSON that is the same value, so JSON stays what it is.
 */

/**
 * Control characters but for the tab and the line feed, separators of lines and
 * paragraphs, what turns the direction of text, what is invisible and stands nowhere
 * in honest text, and halves of surrogate pairs.
 */
const OBEYED =
  /(?![\t\n])[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}\u00ad\u200b\u2060-\u2065\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** The text with nothing in it that a terminal would obey; lines and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll(OBEYED, escaped);
}

/** The text as one line: as `printable`, and line feeds and tabs are shown as `\n` and `\t`. */
export function printableLine(text: string): string {
  return printable(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");
}
