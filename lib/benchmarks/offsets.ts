/**
 * Texts that a file says to stand at an offset: found there, near it, or not at all.
 *
 * Some published files are off by a few characters, most often behind letters that are several
 * bytes or units long. What is found nearby is repaired and counted, what is not is told.
 */

/** Where a text stands. */
export interface Located {
  /** The first UTF-16 unit. */
  readonly start: number;
  /** The one after the last. */
  readonly end: number;
  /** Whether it stands elsewhere than its offset says. */
  readonly isRepaired: boolean;
}

/** How far from its offset, in UTF-16 units, a text is looked for. */
const NEAR = 50;

/** Where a text stands, at its offset in UTF-16 units or nearest to it, in another case if need be. */
export function locateText(
  context: string,
  { text, offset }: { readonly text: string; readonly offset: number },
): Located | undefined {
  const wanted = text.trim();
  if (context.startsWith(text, offset)) {
    const start = offset + text.indexOf(wanted);
    return { start, end: start + wanted.length, isRepaired: false };
  }
  for (const fold of [(each: string) => each, (each: string) => each.toLowerCase()]) {
    const where = fold(context), what = fold(wanted);
    // A few letters become two when they are folded; then places would not hold.
    if (where.length !== context.length) continue;
    let nearest = -1;
    for (let at = where.indexOf(what); at >= 0; at = where.indexOf(what, at + 1)) {
      if (nearest < 0 || Math.abs(at - offset) < Math.abs(nearest - offset)) nearest = at;
    }
    if (nearest >= 0 && Math.abs(nearest - offset) <= NEAR) {
      return { start: nearest, end: nearest + wanted.length, isRepaired: true };
    }
  }
  return undefined;
}

/** UTF-16 units of so many code points, which Python counts; each beyond the text is one. */
export function unitsOf(text: string, points: number): number {
  let units = 0, i = 0;
  for (; i < points && units < text.length; i++) {
    units += text.codePointAt(units)! > 0xFFFF ? 2 : 1;
  }
  return units + points - i;
}
