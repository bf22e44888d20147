import assert from "node:assert/strict";
import { coverage, DESIGNS } from "../bench/coverage.ts";

Deno.test("95 percent intervals hold the truth in about as many simulated studies", () => {
  const sums = { limit: 0, exponent: 0, next: 0 };
  const studies = 40;
  for (const design of DESIGNS) {
    const found = coverage(design, studies);
    for (const name of ["limit", "exponent", "next"] as const) {
      const { held } = found[name];
      sums[name] += held / DESIGNS.length;
      // 38 of 40 are expected; 32 or fewer happen to a true interval once in 700 times.
      assert.ok(held >= 32 / studies, `${JSON.stringify(design)} ${name}: ${held}`);
    }
  }
  for (const [name, held] of Object.entries(sums)) {
    assert.ok(held > 0.93 && held < 0.97, `${name}: ${held}`);
  }
});
