/** What counts as a word where text is measured: before, and apart from, any vocabulary. */

/** How many runs of non-space characters a text has. */
export function countWords(text: string): number {
  let words = 0, isInside = false;
  for (let i = 0; i < text.length; i++) {
    const isSpace = isWhiteSpace(text.charCodeAt(i));
    if (!isSpace && !isInside) words++;
    isInside = !isSpace;
  }
  return words;
}

/** What JavaScript's `\s` matches. */
function isWhiteSpace(unit: number): boolean {
  if (unit < 0x80) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0D);
  return unit === 0xA0 || (unit >= 0x1680 && /\s/.test(String.fromCharCode(unit)));
}
