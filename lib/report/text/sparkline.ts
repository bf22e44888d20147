/** Curves as one line of text: a column of blocks a point. */
import { greatestOf, leastOf } from "../../base/extremes.ts";

const BLOCKS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/**
 * Values from the least to the greatest as blocks of eight heights; those that are no numbers as
 * spaces, equal ones in the middle.
 *
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(sparkline([0, 1, 2, NaN, 7]), "▁▂▃ █");
 * assert.equal(sparkline([3, 3]), "▄▄");
 * ```
 */
export function sparkline(values: readonly number[]): string {
  const finite = values.filter(Number.isFinite);
  const least = leastOf(finite), span = greatestOf(finite) - least;
  return values.map((value) => {
    if (!Number.isFinite(value)) return " ";
    const place = span > 0 ? Math.round((value - least) / span * (BLOCKS.length - 1)) : 3;
    return BLOCKS[place]!;
  }).join("");
}
