import assert from "node:assert/strict";
import fc from "fast-check";
import {
  cheapestWithin,
  flattensAt,
  gainPerDoubling,
  meanOverSeeds,
  pairedDifference,
  unpairedDifference,
} from "../../lib/analysis/cells.ts";

const bySeed = (...values: number[]) => new Map(values.map((value, seed) => [seed, value]));

function near(value: number | undefined, expected: number): void {
  assert.ok(Math.abs(value! - expected) < 1e-6 * Math.max(1, Math.abs(expected)), `${value}`);
}

Deno.test("meanOverSeeds() gives Student's interval, and none for one seed", () => {
  const { mean, seeds, deviation, interval } = meanOverSeeds([1, 2, 3]);
  assert.deepEqual([mean, seeds, deviation], [2, 3, 1]);
  // 4.302653 / sqrt(3)
  near(interval!.high - mean, 2.4841377);
  near(mean - interval!.low, 2.4841377);
  assert.deepEqual(meanOverSeeds([5]), { mean: 5, seeds: 1 });
});

Deno.test("pairedDifference() sees a difference that seeds hide, over seeds that both have", () => {
  const one = bySeed(10, 20, 30), other = bySeed(9, 19.1, 28.9);
  const { mean, seeds, interval } = pairedDifference(one, other)!;
  near(mean, 1);
  assert.equal(seeds, 3);
  assert.ok(interval!.low > 0.7 && interval!.high < 1.3);
  const some = pairedDifference(one, new Map([[2, 25], [7, 1]]))!;
  assert.deepEqual(some, { mean: 5, seeds: 1 });
  assert.equal(pairedDifference(one, new Map([[7, 1]])), undefined);
});

Deno.test("unpairedDifference() is Welch's, and gives no interval for a single value", () => {
  const { mean, seeds, interval } = unpairedDifference([27.5, 21.0, 19.0, 23.6], [
    27.1,
    22.0,
    20.8,
  ]);
  near(mean, 22.775 - 23.3);
  assert.equal(seeds, 7);
  // scipy.stats.ttest_ind(..., equal_var=False).confidence_interval()
  near(interval!.low, -7.5107471);
  near(interval!.high, 6.4607471);
  assert.deepEqual(unpairedDifference([1, 2], [5]), { mean: -3.5, seeds: 3 });
  assert.deepEqual(unpairedDifference([2, 2], [1, 1]).interval, { low: 1, high: 1 });
});

Deno.test("pairedDifference() is the other way round when cells are", () => {
  const values = fc.array(fc.double({ min: -9, max: 9, noNaN: true }), {
    minLength: 2,
    maxLength: 5,
  });
  fc.assert(fc.property(values, values, (a, b) => {
    const there = pairedDifference(bySeed(...a), bySeed(...b))!;
    const back = pairedDifference(bySeed(...b), bySeed(...a))!;
    near(there.mean, -back.mean);
    near(there.interval!.low, -back.interval!.high);
  }));
});

Deno.test("gainPerDoubling() is the slope over log2 x of each seed, and their mean", () => {
  const curve = [100, 200, 400, 800].map((x) => ({
    x,
    values: bySeed(3 * Math.log2(x), 5 * Math.log2(x) - 1),
  }));
  const { mean, deviation, seeds } = gainPerDoubling(curve)!;
  near(mean, 4);
  near(deviation, Math.SQRT2);
  assert.equal(seeds, 2);
  assert.equal(gainPerDoubling(curve.slice(0, 1)), undefined);
  assert.equal(gainPerDoubling([]), undefined);
});

Deno.test("flattensAt() is where nothing larger is shown to be better", () => {
  const curve = (means: readonly number[]) =>
    means.map((mean, i) => (
      { x: 100 * 2 ** i, values: bySeed(mean + 0.01, mean - 0.01 * (i % 2), mean - 0.01) }
    ));
  assert.equal(flattensAt(curve([1, 2, 3, 3, 3]), "higher"), 400);
  assert.equal(flattensAt(curve([3, 2, 1, 1]), "lower"), 400);
  assert.equal(flattensAt(curve([5, 5, 5]), "higher"), 100);
  assert.equal(flattensAt(curve([1, 2, 3, 4]), "higher"), undefined);
  // A dip, and better again beyond: not flat before the last but one.
  assert.equal(flattensAt(curve([1, 3, 2, 4, 4]), "higher"), 800);
  const oneSeed = [1, 2].map((x) => ({ x, values: bySeed(x) }));
  assert.equal(flattensAt(oneSeed, "higher"), undefined);
});

Deno.test("cheapestWithin() is within the distance, and nothing cheaper is", () => {
  const cells = fc.array(
    fc.record({ cost: fc.nat(9), value: fc.oneof(fc.nat(9), fc.constant(NaN)) }),
    { maxLength: 12 },
  );
  fc.assert(fc.property(cells, fc.nat(4), fc.boolean(), (all, distance, isLower) => {
    const place = cheapestWithin(all, distance, isLower ? "lower" : "higher");
    const known = all.filter(({ value }) => !Number.isNaN(value));
    if (known.length === 0) return assert.equal(place, undefined);
    const best = (isLower ? Math.min : Math.max)(...known.map(({ value }) => value));
    const isNear = ({ value }: { value: number }) => Math.abs(value - best) <= distance;
    assert.ok(isNear(all[place!]!));
    const { cost, value } = all[place!]!;
    const isBetter = (each: number) => isLower ? each < value : each > value;
    for (const each of known.filter(isNear)) {
      assert.ok(each.cost > cost || each.cost === cost && !isBetter(each.value));
    }
  }));
});
