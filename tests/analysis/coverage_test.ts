import assert from "node:assert/strict";
import { coverage, type Design } from "../bench/coverage.ts";

Deno.test("intervals hold the truth about as often as the warnings of fits say", () => {
  const cases: [Design, least: number, most: number][] = [
    [{ xs: 4, seeds: 1, carried: 0 }, 0.55, 0.83],
    [{ xs: 6, seeds: 1, carried: 0 }, 0.74, 0.95],
    [{ xs: 8, seeds: 2, carried: 0 }, 0.8, 1],
    [{ xs: 16, seeds: 1, carried: 0.9 }, 0.15, 0.45],
  ];
  for (const [design, least, most] of cases) {
    const { limit } = coverage(design, { studies: 80, resamples: 80 });
    assert.ok(least <= limit && limit <= most, `${JSON.stringify(design)}: ${limit}`);
  }
});
