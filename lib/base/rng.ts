/**
 * Counter-based random numbers: Philox 4x32 with 10 rounds.
 *
 * A draw is a pure function of (seed, site, counters), so nothing has to be
 * saved to resume, draws of different sites never meet, and every device can
 * compute the same bits. A site is a short name for the purpose of the draws
 * ("train/masking"); counters say which of its streams is meant (step, row).
 *
 * @see Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011
 */

const M0 = 0xD2511F53;
const M1 = 0xCD9E8D57;
const W0 = 0x9E3779B9;
const W1 = 0xBB67AE85;

/** The constants of Philox 4x32: what words are multiplied by, what is added to the key. */
export const PHILOX = { multipliers: [M0, M1], increments: [W0, W1] } as const;

/**
 * One Philox 4x32-10 block: four 32-bit words from a counter of four words and
 * a key of two. Writes into `out` at `at`.
 */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array,
  at = 0,
): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(M0, c0);
    const low0 = Math.imul(M0, c0) >>> 0;
    const high1 = mulHigh(M1, c2);
    const low1 = Math.imul(M1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  out[at] = c0;
  out[at + 1] = c1;
  out[at + 2] = c2;
  out[at + 3] = c3;
}

/** The upper 32 bits of the product of two unsigned 32-bit integers. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xFFFF, aHigh = a >>> 16, bLow = b & 0xFFFF, bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle1 = aHigh * bLow + (low >>> 16);
  const middle2 = aLow * bHigh + (middle1 & 0xFFFF);
  return (aHigh * bHigh + Math.floor(middle1 / 0x10000) + (middle2 >>> 16)) >>> 0;
}

/** FNV-1a of a text's UTF-16 code units, 32 bits: tells sites apart. */
export function siteHash(site: string): number {
  let hash = 0x811C9DC5;
  for (let i = 0; i < site.length; i++) {
    hash = Math.imul(hash ^ site.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** The stream of draws at (seed, site, counters): always the same draws. */
export class Stream {
  readonly #key: readonly [number, number];
  readonly #counter: readonly [number, number];
  readonly #words = new Uint32Array(4);
  #block = 0;
  #next = 4;

  /**
   * Starts at the first draw, however often the same stream was drawn from before.
   *
   * @param seed a whole number below 2^32
   * @param site the purpose of the draws
   * @param counters at most two whole numbers below 2^32, such as step and row
   */
  constructor(seed: number, site: string, ...counters: readonly [number?, number?]) {
    this.#key = [seed >>> 0, siteHash(site)];
    this.#counter = [(counters[0] ?? 0) >>> 0, (counters[1] ?? 0) >>> 0];
  }

  /** A whole number in [0, 2^32). */
  uint32(): number {
    if (this.#next === 4) {
      philox([this.#block++ >>> 0, 0, ...this.#counter], this.#key, this.#words);
      this.#next = 0;
    }
    return this.#words[this.#next++]!;
  }

  /** A number in [0, 1) with 32 random bits. */
  float(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** A whole number in [0, bound), every one equally likely; bound is 1 to 2^32. */
  below(bound: number): number {
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    let draw = this.uint32();
    while (draw >= limit) draw = this.uint32();
    return draw % bound;
  }

  /** A draw from the standard normal distribution (Box-Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.uint32() + 1) / 0x1_0000_0000));
    return radius * Math.cos(2 * Math.PI * this.float());
  }

  /** Shuffles a list in place (Fisher-Yates) and returns it. */
  shuffle<T>(list: T[]): T[] {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [list[i], list[j]] = [list[j]!, list[i]!];
    }
    return list;
  }
}

/**
 * A permutation of [0, size) as a function: no table, so a corpus of any size
 * can be visited in random order in constant memory. A Feistel network over the
 * next even power of two, walked until the result falls inside the range.
 *
 * @param size 1 to 2^32
 */
export class Permutation {
  readonly #key: readonly [number, number];
  readonly #halfBits: number;
  readonly #words = new Uint32Array(4);

  /**
   * Costs the same for any size, as no table is made.
   *
   * @param size how many elements, 1 to 2^32
   * @param seed a whole number below 2^32
   * @param site the purpose of the permutation
   * @param epoch which of the permutations at (seed, site): each pass over a corpus takes its own
   */
  constructor(readonly size: number, seed: number, site: string, readonly epoch = 0) {
    this.#key = [seed >>> 0, siteHash(site)];
    let bits = 2;
    while (2 ** bits < size) bits += 2;
    this.#halfBits = bits / 2;
  }

  /** The element at a place; place is in [0, size). */
  at(place: number): number {
    let value = place;
    do value = this.#encrypt(value); while (value >= this.size);
    return value;
  }

  #encrypt(value: number): number {
    const base = 2 ** this.#halfBits;
    let left = Math.floor(value / base), right = value % base;
    for (let round = 0; round < 4; round++) {
      philox([right, round, this.epoch >>> 0, 0x5045524D], this.#key, this.#words);
      [left, right] = [right, (left ^ this.#words[0]!) & (base - 1)];
    }
    return left * base + (right >>> 0);
  }
}
