/**
 * The bits behind `dropoutMask`: which elements a dropout site drops.
 *
 * A pure function of (seed, step, site, element), so that a mask need not be
 * saved to resume, and every engine draws the same one. Kernels elsewhere (WASM,
 * StableHLO) reproduce this definition bit for bit:
 *
 *     block     = first + floor(element / 4), row-major over the mask's shape
 *     first     = floor(row * rowSize / 4), 0 for a whole batch
 *     counter   = [block mod 2^32, floor(block / 2^32), step, 0x44524F50]
 *     key       = [seed, siteHash(site)]
 *     word      = philox4x32-10(counter, key)[element mod 4]
 *     mask      = word >= ceil(rate * 2^32) ? f32(1 / (1 - rate)) : 0
 *
 * with all words unsigned 32 bits (the i32 inputs of the graph by their bits),
 * `rate * 2^32` and `1 / (1 - rate)` in f64, and f32() rounding to nearest even.
 * A micro-batch that begins at `row` of its batch, each row having `rowSize` elements of the
 * mask, thus draws what the whole batch would have drawn there, if `rowSize` is a multiple of
 * four; that is for a graph's maker to see to.
 * The last counter word ("DROP") keeps these draws apart from those of `Stream`.
 */
import { philox, siteHash } from "../base/rng.ts";

/** The last word of the Philox counter of every dropout draw. */
export const DROPOUT_TAG = 0x44524F50;

/** What a dropout site draws with: the constants of its node, ready for a kernel. */
export interface DropoutConstants {
  /** An element is kept when its word is at least this: ceil(rate * 2^32), 0 to 2^32. */
  readonly threshold: number;
  /** The mask of a kept element: f32(1 / (1 - rate)). */
  readonly keptValue: number;
  /** The second word of the Philox key. */
  readonly siteKey: number;
}

/**
 * The constants of a dropout site.
 *
 * @param rate the probability of dropping an element, at least 0 and below 1
 */
export function dropoutConstants(rate: number, site: string): DropoutConstants {
  return {
    threshold: Math.ceil(rate * 2 ** 32),
    keptValue: Math.fround(1 / (1 - rate)),
    siteKey: siteHash(site),
  };
}

/** What a site's seed says: [seed, step], and of a micro-batch the row that it begins at. */
export function dropoutSeedOf(
  seed: ArrayLike<number>,
  { rowSize = 0 }: { readonly rowSize?: number },
): { readonly seed: readonly [number, number]; readonly firstBlock: number } {
  const [run = 0, step = 0, row = 0] = Array.from(seed);
  return { seed: [run, step], firstBlock: Math.floor(row * rowSize / 4) };
}

/**
 * Draws a mask: 0 with probability `rate`, else 1 / (1 - rate).
 *
 * @param out the elements of the mask in row-major order
 * @param options seed: the run's seed and the step, as i32 or as unsigned 32 bits;
 *   firstBlock: see `dropoutSeedOf`, 0 if absent
 */
export function fillDropoutMask(
  out: Float32Array,
  options: {
    readonly rate: number;
    readonly site: string;
    readonly seed: readonly [number, number];
    readonly firstBlock?: number;
  },
): void {
  const { threshold, keptValue, siteKey } = dropoutConstants(options.rate, options.site);
  const key = [options.seed[0] >>> 0, siteKey] as const;
  const step = options.seed[1] >>> 0;
  const { firstBlock = 0 } = options, words = new Uint32Array(4);
  for (let element = 0; element < out.length; element += 4) {
    const block = firstBlock + element / 4;
    philox([block >>> 0, Math.floor(block / 2 ** 32), step, DROPOUT_TAG], key, words);
    const end = Math.min(4, out.length - element);
    for (let i = 0; i < end; i++) out[element + i] = words[i]! >= threshold ? keptValue : 0;
  }
}
