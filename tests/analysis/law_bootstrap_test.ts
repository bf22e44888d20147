import assert from "node:assert/strict";
import { fitLaw, type LawData } from "../../lib/analysis/fit_law.ts";
import { bootstrapLaw, LEAST_CLUSTERS, quantile } from "../../lib/analysis/law_bootstrap.ts";
import { chinchilla } from "../../lib/analysis/laws/loss_laws.ts";
import { chinchillaData } from "../bench/law_bootstrap.ts";

Deno.test("bootstrapLaw() holds the truth, and gives the same intervals for the same data", () => {
  const data = chinchillaData(240);
  const fit = fitLaw(chinchilla, data);
  const at = [Float64Array.of(7e10), Float64Array.of(1.4e12)];
  const draws = bootstrapLaw(fit, data, { draws: 300, at })!;
  assert.equal(draws.draws, 300);
  const truth = { E: 1.82, alpha: 0.348, beta: 0.366 };
  for (const [name, value] of Object.entries(truth)) {
    const { low, high } = draws.intervals[name]!;
    assert.ok(low < value && value < high, `${name}: ${low} to ${high}`);
    assert.ok(high - low < 0.3 * value, `${name}: ${low} to ${high}`);
  }
  const [there] = draws.values;
  const loss = 1.82 + 482 * 7e10 ** -0.348 + 2085 * 1.4e12 ** -0.366;
  assert.ok(there!.low < loss && loss < there!.high);
  assert.deepEqual(bootstrapLaw(fit, data, { draws: 300, at }), draws);
  assert.notDeepEqual(bootstrapLaw(fit, data, { draws: 300, at, seed: 1 }), draws);
});

Deno.test("bootstrapLaw() draws clusters as a whole, and none from too few", () => {
  const half = chinchillaData(60);
  // Every point twice: by itself it would look as if there were twice as much to tell by.
  const twice = (column: Float64Array) => Float64Array.of(...column, ...column);
  const data: LawData = { columns: half.columns.map(twice), ys: twice(half.ys) };
  const fit = fitLaw(chinchilla, data);
  const clusters = Int32Array.from({ length: 120 }, (_, i) => i % 60);
  const width = (options: { clusters?: Int32Array }) => {
    const { low, high } = bootstrapLaw(fit, data, { draws: 200, ...options })!.intervals["E"]!;
    return high - low;
  };
  const ratio = width({ clusters }) / width({});
  assert.ok(ratio > 1.15 && ratio < 2, `${ratio}`);
  const few = clusters.map((each) => each % (LEAST_CLUSTERS - 1));
  assert.equal(bootstrapLaw(fit, data, { clusters: few }), undefined);
});

Deno.test("quantile() is linear between neighbours and keeps infinities", () => {
  assert.equal(quantile([1, 2, 4], 0.5), 2);
  assert.equal(quantile([1, 2, 4], 0.75), 3);
  assert.equal(quantile([1], 0.3), 1);
  assert.equal(quantile([1, Infinity, Infinity], 0.9), Infinity);
});
