/** Draws from a list in which the first entries are likelier, by Zipf's law. */
import type { Stream } from "../../base/rng.ts";

/** A list with a weight for each entry. */
export class Weighted<T> {
  readonly #cumulative: Float64Array;

  /**
   * Takes the entries in order.
   *
   * @param entries at least one, the likeliest first
   * @param exponent entry i has a weight of (i + 1) ** -exponent; 0 makes all alike
   */
  constructor(readonly entries: readonly T[], exponent: number) {
    this.#cumulative = new Float64Array(entries.length);
    let sum = 0;
    for (let i = 0; i < entries.length; i++) this.#cumulative[i] = sum += (i + 1) ** -exponent;
  }

  /** An entry, drawn by weight. */
  draw(stream: Stream): T {
    const total = this.#cumulative[this.#cumulative.length - 1]!;
    const aim = stream.float() * total;
    let low = 0;
    let high = this.#cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#cumulative[middle]! > aim) high = middle;
      else low = middle + 1;
    }
    return this.entries[low]!;
  }
}
