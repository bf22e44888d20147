/** The three parts of a benchmark, in the order in which they are listed. */

/** To train on, to choose settings on, to report on. */
export const PARTS = ["train", "dev", "test"] as const;

/** A part of a benchmark. */
export type Part = (typeof PARTS)[number];

/** The items of each part, train being those of several parts, one after the other. */
export function trainOnParts<T>(
  items: Readonly<Record<Part, readonly T[]>>,
  parts: readonly Part[],
): Readonly<Record<Part, readonly T[]>> {
  return { ...items, train: PARTS.flatMap((part) => parts.includes(part) ? items[part] : []) };
}

/** Something for each part, made one after the other. */
export async function forEachPart<T>(
  make: (part: Part) => Promise<T>,
): Promise<Readonly<Record<Part, T>>> {
  return { train: await make("train"), dev: await make("dev"), test: await make("test") };
}
