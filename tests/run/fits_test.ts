import assert from "node:assert/strict";
import { fitCurves } from "../../lib/run/fits.ts";
import type { ResultRow } from "../../lib/run/results.ts";
import type { FitSpec } from "../../lib/experiment/experiment.ts";

const measure = { stage: "ner", benchmark: "ner", metric: "f1", split: "test" } as const;
const spec: FitSpec = { ...measure, name: "by_steps", against: "steps", position: { file: "a" } };

/** Scores that rise with steps, more so with more tokens; one a seed. */
const rows: readonly ResultRow[] = [1000, 2000].flatMap((tokens) =>
  [50, 100, 200, 400].flatMap((steps) =>
    [1, 2].map((seed) => ({
      ...measure,
      key: `${tokens}-${steps}-${seed}`,
      axes: { tokens, steps, seed },
      seed,
      value: 80 + tokens / 100 - 300 * steps ** -0.8 + seed / 10,
      x: {
        steps,
        uniqueTokens: tokens,
        seenTokens: undefined,
        epochs: undefined,
        parameters: undefined,
        flops: undefined,
      },
    }))
  )
);

const MIXED = 'mixes values of tokens: hold one with "at", or name it in "by"';

Deno.test("fitCurves() warns of a curve through cells that differ in more than x and seed", () => {
  const [mixed, ...others] = fitCurves([spec], rows);
  assert.deepEqual(others, []);
  assert.equal(mixed!.points, 16);
  assert.ok(mixed!.warnings.includes(MIXED), mixed!.warnings.join());
  const [held] = fitCurves([{ ...spec, at: { tokens: 2000 } }], rows);
  assert.equal(held!.points, 8);
  assert.ok(!held!.warnings.some((each) => each.startsWith("mixes")), held!.warnings.join());
});

Deno.test("fitCurves() fits a curve for every value of a by axis, of its own cells alone", () => {
  const curves = fitCurves([{ ...spec, by: ["tokens"] }], rows);
  assert.deepEqual(curves.map(({ cell, points }) => ({ cell, points })), [
    { cell: { tokens: 1000 }, points: 8 },
    { cell: { tokens: 2000 }, points: 8 },
  ]);
  for (const { warnings } of curves) assert.ok(!warnings.includes(MIXED));
  const [less, more] = curves.map(({ parameters }) => parameters as { limit: number });
  assert.ok(Math.abs(more!.limit - less!.limit - 10) < 0.01);
});

Deno.test("fitCurves() tells of a curve without any cell, and leaves out rows without x", () => {
  const [none] = fitCurves([{ ...spec, stage: "re" }], rows);
  assert.equal(none!.points, 0);
  assert.match(none!.warnings.join(), /^not fitted: 0 points/);
  const [unknown] = fitCurves([{ ...spec, against: "flops" }], rows);
  assert.equal(unknown!.points, 0);
});
