import assert from "node:assert/strict";
import fc from "fast-check";
import { bestWithinNoise, pooledDeviation, summarise } from "../../lib/analysis/noise.ts";

Deno.test("summarise() gives no deviation for a single value", () => {
  assert.deepEqual(summarise([3]), { mean: 3 });
  assert.deepEqual(summarise([1, 3]), { mean: 2, deviation: Math.SQRT2 });
});

Deno.test("pooledDeviation() is that within samples, whatever their means", () => {
  assert.equal(pooledDeviation([{ values: [1, 3] }, { values: [101, 103] }]), Math.SQRT2);
  assert.equal(pooledDeviation([{ values: [1, 3] }, { values: [7] }]), Math.SQRT2);
  assert.equal(pooledDeviation([{ values: [1] }, { values: [7] }]), undefined);
  assert.equal(pooledDeviation([{ values: [1, 3] }, { values: [NaN, 3] }]), Math.SQRT2);
});

Deno.test("bestWithinNoise() marks the best, and the whole of what noise explains", () => {
  const of = (...values: number[]) => ({ values });
  const cases: [Parameters<typeof bestWithinNoise>, boolean[]][] = [
    // A deviation of 1.41 over two seeds: means are known to 1, differences to 1.41.
    [[[of(0, 2), of(1, 3), of(4, 6)], "higher"], [false, false, true]],
    [[[of(0, 2), of(1, 3), of(3.5, 5.5)], "higher"], [false, true, true]],
    [[[of(0, 2), of(1, 3), of(4, 6)], "lower"], [true, true, false]],
    [[[of(1), of(2)], "higher"], [false, false]],
    [[[of(1, 3)], "higher"], [false]],
    [[[{ values: [1], standardErrors: [0.5] }, of(2)], "higher"], [false, false]],
  ];
  for (const [call, marks] of cases) assert.deepEqual(bestWithinNoise(...call), marks);
});

Deno.test("bestWithinNoise() always marks the best, and marks no better a value worse off", () => {
  const samples = fc.array(
    fc.record({
      values: fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 2, maxLength: 4 }),
    }),
    { minLength: 2, maxLength: 6 },
  );
  fc.assert(fc.property(samples, (each) => {
    const marks = bestWithinNoise(each, "higher");
    const means = each.map(({ values }) => summarise(values).mean);
    assert.ok(marks[means.indexOf(Math.max(...means))]);
    const size = each.map(({ values }) => values.length);
    for (const [i, mark] of marks.entries()) {
      for (const [j, other] of marks.entries()) {
        // As many seeds or fewer, and nearer to the best: at least as hard to tell apart.
        if (mark && means[j]! >= means[i]! && size[j]! <= size[i]!) assert.ok(other);
      }
    }
  }));
});
