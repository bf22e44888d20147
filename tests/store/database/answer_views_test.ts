/** Differences from the best, where curves flatten, the cheapest, forms: beside the same in TypeScript. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { cheapestWithin, flattensAt, pairedDifference } from "../../../lib/analysis/cells.ts";
import { queryRows } from "../../../lib/store/database/query.ts";
import { lawFit } from "../../_support/fit.ts";
import { recordStudy, type StudyCell } from "../_fixtures.ts";

const XS = [100, 200, 400];

/** One stage over an axis, at some seeds; lower is better. */
function recorded(
  valueOf: (x: number, seed: number) => number | undefined,
  seeds: readonly number[],
) {
  const cells = XS.flatMap((x) =>
    seeds.flatMap((seed): StudyCell[] => {
      const value = valueOf(x, seed);
      if (value === undefined) return [];
      const score = { benchmark: "mlm", metric: "lossNats", split: "validation", value };
      return [{
        stage: "train",
        axes: { steps: x, seed },
        kind: "pretrain",
        outcome: { facts: { flops: 10 * x }, scores: [score] },
      }];
    })
  );
  return recordStudy(cells, {
    pretrain: { lossNats: { unit: "nats", better: "lower", isHeadline: true, about: "." } },
  });
}

Deno.test("against_best, flattening and cheapest_within give what the same gives in TypeScript", async () => {
  // As many as are worth their time: each makes a database.
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 9, maxLength: 9 }),
      fc.constantFrom([1], [1, 2], [1, 2, 3]),
      async (noise, seeds) => {
        const valueOf = (x: number, seed: number) =>
          2 + 100 / x + noise[3 * XS.indexOf(x) + seed - 1]! / 50;
        const { results: made, recorder } = await recorded(valueOf, seeds);
        using results = made;
        await recorder.close();
        const bySeed = (x: number) => new Map(seeds.map((seed) => [seed, valueOf(x, seed)]));
        const means = XS.map((x) =>
          seeds.reduce((sum, seed) => sum + valueOf(x, seed), 0) / seeds.length
        );
        const best = XS[means.indexOf(Math.min(...means))]!;

        const rows = await queryRows(results.path, "FROM against_best");
        assert.deepEqual(
          rows.map(({ cell }) => cell),
          XS.filter((x) => x !== best).map((steps) => ({ steps })),
        );
        for (const row of rows) {
          const { steps } = row["cell"] as { steps: number };
          const { mean, interval } = pairedDifference(bySeed(steps), bySeed(best))!;
          assert.deepEqual(row["best_cell"], { steps: best });
          assert.ok(Math.abs(Number(row["difference"]) - mean) < 1e-9);
          assert.equal(row["is_worse"], interval === undefined ? null : interval.low > 0);
        }

        const [flat] = await queryRows(results.path, "FROM flattening");
        const at = flattensAt(XS.map((x) => ({ x, values: bySeed(x) })), "lower");
        assert.deepEqual([flat!["axis"], flat!["flat_from"]], ["steps", at ?? null]);
        assert.equal(flat!["is_flat"], seeds.length === 1 ? null : at !== undefined);

        const [cheap] = await queryRows(results.path, "SELECT cell FROM cheapest_within(0.3)");
        const place = cheapestWithin(
          XS.map((x, i) => ({ cost: x, value: means[i]! })),
          0.3,
          "lower",
        )!;
        assert.deepEqual(cheap!["cell"], { steps: XS[place] });
      },
    ),
    { numRuns: 6 },
  );
});

Deno.test("fit_forms ranks forms of the same points by the largest runs, and shows no form alone", async () => {
  const { results: made, recorder } = await recorded(() => 1, [1]);
  using results = made;
  recorder.recordFits("e", [
    lawFit("c", "E + A / N^alpha + B / D^beta", 0.02),
    lawFit("k", "[(Nc / N)]", 0.05),
    lawFit("r", "third"),
    { ...lawFit("alone", "E"), split: "test" },
  ]);
  await recorder.close();
  assert.deepEqual(
    await queryRows(results.path, "SELECT fit, rmse, held_out_rmse, foretells FROM fit_forms"),
    [
      { fit: "c", rmse: 0.01, held_out_rmse: 0.02, foretells: 1 },
      { fit: "k", rmse: 0.01, held_out_rmse: 0.05, foretells: 2 },
      { fit: "r", rmse: 0.01, held_out_rmse: null, foretells: null },
    ],
  );
});
