/** Counts in words and in digits: one point, two points, 12,345, 1.23M, 12 kB. */

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

/** A count with a prefix, three significant digits: "54k", "1.23M". */
export function formatCount(value: number): string {
  return scaled(value).join("");
}

/** A size in memory or on disk, three significant digits: "12 kB", "352 MB"; k is 1000. */
export function formatBytes(bytes: number): string {
  const [digits, prefix] = scaled(bytes);
  return `${digits} ${prefix}B`;
}

/** The form of a verb for a count: `agreeing(n, "is", "are")`. */
export function agreeing(count: number, one: string, many: string): string {
  return count === 1 ? one : many;
}

function pluralOf(one: string): string {
  return /[^aeiou]y$/.test(one) ? `${one.slice(0, -1)}ies` : `${one}s`;
}

const SCALES = [[1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]] as const;

function scaled(value: number): readonly [digits: string, prefix: string] {
  // 999,950 rounds to 1,000k, which is 1M.
  const [scale, prefix] = SCALES.find(([scale]) => value >= scale * 0.9995) ?? [1, ""];
  return [String(Number((value / scale).toPrecision(3))), prefix];
}
