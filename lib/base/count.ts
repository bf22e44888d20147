/** Counts in words and in digits: one point, two points, 12,345. */

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

/**
 * A number with a comma between its thousands.
 *
 * By hand: the first number that `toLocaleString` formats costs ten milliseconds of a command.
 *
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(grouped(1234567), "1,234,567");
 * assert.equal(grouped(-1234.5678), "-1,234.5678");
 * ```
 */
export function grouped(value: number): string {
  return String(value).replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
}

/** The form of a verb for a count: `agreeing(n, "is", "are")`. */
export function agreeing(count: number, one: string, many: string): string {
  return count === 1 ? one : many;
}

function pluralOf(one: string): string {
  return /[^aeiou]y$/.test(one) ? `${one.slice(0, -1)}ies` : `${one}s`;
}
