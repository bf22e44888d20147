/** The three parts of a benchmark, in the order in which they are listed. */

/** To train on, to choose settings on, to report on. */
export const PARTS = ["train", "dev", "test"] as const;

/** A part of a benchmark. */
export type Part = (typeof PARTS)[number];

/** Something for each part, made one after the other. */
export async function forEachPart<T>(
  make: (part: Part) => Promise<T>,
): Promise<Readonly<Record<Part, T>>> {
  return { train: await make("train"), dev: await make("dev"), test: await make("test") };
}
