/**
 * The least and the greatest of many numbers.
 *
 * `Math.min(...values)` puts every value on the stack: from some hundred thousand on it is a
 * RangeError, so nothing in `lib` spreads a list there.
 */

/**
 * The least; Infinity of none, NaN where one is.
 *
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(leastOf([3, 1, 2]), 1);
 * ```
 */
export function leastOf(values: Iterable<number>): number {
  let least = Infinity;
  for (const value of values) least = Math.min(least, value);
  return least;
}

/** The greatest; -Infinity of none, NaN where one is. */
export function greatestOf(values: Iterable<number>): number {
  let greatest = -Infinity;
  for (const value of values) greatest = Math.max(greatest, value);
  return greatest;
}
