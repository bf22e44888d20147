/** Draws until there are so many different ones. */

/** A world in which so many draws on end give nothing new has not enough to say. */
const MOST_DRAWS = 10_000;

/**
 * Things that differ in their text, in the order in which they are drawn.
 *
 * @param options onEach: called after each new one
 * @throws Error when the world has not so many
 */
export function distinct<T>(
  draw: () => T,
  { count, textOf, onEach }: {
    readonly count: number;
    readonly textOf: (drawn: T) => string;
    readonly onEach?: (() => void) | undefined;
  },
): T[] {
  const chosen = new Map<string, T>();
  for (let draws = 0; chosen.size < count; draws++) {
    if (draws > MOST_DRAWS * count) throw new Error("the world has too few sentences");
    const drawn = draw(), text = textOf(drawn);
    if (chosen.has(text)) continue;
    chosen.set(text, drawn);
    onEach?.();
  }
  return [...chosen.values()];
}

/** How many are drawn for a part of a benchmark, and who is told of each. */
export interface PartDraws<Part> {
  /** Which part. */
  readonly part: Part;
  /** How many. */
  readonly count: number;
  /** Called after each new one. */
  readonly onEach?: () => void;
}
