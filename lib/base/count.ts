/** Counts in words: one point, two points. */

/**
 * A count and what is counted.
 *
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(counted(1, "point"), "1 point");
 * assert.equal(counted(2, "entity"), "2 entities");
 * assert.equal(counted(3, "axis", "axes"), "3 axes");
 * ```
 *
 * @param many the plural where it is not made with an s
 */
export function counted(count: number, one: string, many = pluralOf(one)): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The form of a verb for a count: `agreeing(n, "is", "are")`. */
export function agreeing(count: number, one: string, many: string): string {
  return count === 1 ? one : many;
}

function pluralOf(one: string): string {
  return /[^aeiou]y$/.test(one) ? `${one.slice(0, -1)}ies` : `${one}s`;
}
