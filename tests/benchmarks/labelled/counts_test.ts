import assert from "node:assert/strict";
import fc from "fast-check";
import {
  namedClassRates,
  overallScore,
  ratesByClass,
} from "../../../lib/benchmarks/labelled/counts.ts";

Deno.test("one named class of two gives the binary rates; all classes pooled give accuracy", () => {
  const labels = fc.array(fc.tuple(fc.nat(2), fc.nat(2)), { minLength: 2, maxLength: 30 });
  fc.assert(
    fc.property(labels, (pairs) => {
      const gold = pairs.map(([a]) => a), predicted = pairs.map(([, b]) => b);
      const all = namedClassRates({ gold, predicted }, [0, 1, 2]);
      const { accuracy } = overallScore({ gold, predicted }, 3);
      assert.equal(all.precision, accuracy);
      assert.equal(all.recall, accuracy);
      const one = namedClassRates({ gold, predicted }, [1]);
      assert.equal(one.gold, gold.filter((each) => each === 1).length);
      assert(one.standardErrors.f1! >= 0 && one.standardErrors.f1! <= 0.6);
    }),
    { numRuns: 30 },
  );
});

Deno.test("rates are 0, not NaN, where nothing is there or said", () => {
  const none = namedClassRates({ gold: [0, 0], predicted: [0, 0] }, [1]);
  assert.deepEqual([none.precision, none.recall, none.f1], [0, 0, 0]);
  assert.deepEqual(overallScore({ gold: [], predicted: [] }, 2), {
    accuracy: 0,
    macroF1: 0,
    standardErrors: {},
  });
});

Deno.test("ratesByClass() gives each class the rates that it has alone", () => {
  const labels = ["a", "b", "c"], label = fc.integer({ min: 0, max: 2 });
  fc.assert(
    fc.property(fc.array(fc.tuple(label, label), { maxLength: 12 }), (pairs) => {
      const gold = pairs.map(([each]) => each), predicted = pairs.map(([, each]) => each);
      const alone = labels.map((name, number) => {
        const { standardErrors: _, ...rates } = namedClassRates({ gold, predicted }, [number]);
        return [name, rates];
      });
      assert.deepEqual(ratesByClass({ gold, predicted }, labels), Object.fromEntries(alone));
    }),
    { numRuns: 30 },
  );
});
