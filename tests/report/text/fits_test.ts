import assert from "node:assert/strict";
import type { CurveShape, StudyFit } from "../../../lib/analysis/scaling.ts";
import type { Metric } from "../../../lib/base/measures.ts";
import { formatFits } from "../../../lib/report/text/fits.ts";

const F1: Metric = { unit: "fraction", better: "higher", isHeadline: true, about: "A score." };

const base: StudyFit = {
  fit: "by_tokens",
  cell: { steps: 400 },
  stage: "ner",
  benchmark: "ncbi",
  metric: "f1",
  split: "test",
  against: "uniqueTokens",
  points: 8,
  form: "limit + amplitude * x^-exponent",
  warnings: [],
};
const fitted: StudyFit = {
  ...base,
  shape: "saturating",
  parameters: { limit: 0.9036, amplitude: -5, exponent: 0.963, ninetyPercentAt: 21_900 },
  intervals: {
    limit: { low: 0.854, high: 0.972 },
    amplitude: { low: -6, high: -4 },
    exponent: { low: 0.28, high: 2.63 },
    ninetyPercentAt: { low: 4770, high: Infinity },
  },
  goodness: { rmse: 0.01, rSquared: 0.987, chanceOfConstant: 0.001 },
};

Deno.test("formatFits() shows values with intervals and R², and warnings below", () => {
  const text = formatFits([
    { ...fitted, warnings: ["the limit is uncertain", "one seed"] },
    { ...base, cell: {}, fit: "none", points: 2, warnings: ["not fitted: 2 points", "one seed"] },
  ], () => F1);
  assert.equal(
    text,
    [
      "fits: metric = limit + amplitude * x^-exponent",
      "fit                   curve                 points    R²              limit           exponent" +
      "  90% of the way at",
      "by_tokens{steps=400}  f1, % ~ uniqueTokens       8  0.99  90.4 [85.4, 97.2]  0.96 [0.28, 2.63]" +
      "   21.9k [4.77k, ∞]",
      "  by_tokens{steps=400}: the limit is uncertain",
      "  by_tokens{steps=400}, none: one seed",
      "  none: not fitted: 2 points",
    ].join("\n"),
  );
});

Deno.test("formatFits() shows no limit where there is none, and nothing where it means nothing", () => {
  const cells = (shape: CurveShape) =>
    formatFits([{ ...fitted, shape }], () => undefined).split("\n")[2]!.trim().split(/ {2,}/).slice(
      3,
    );
  assert.deepEqual(cells("unbounded"), ["0.99", "none", "0.96 [0.28, 2.63]", "none"]);
  for (const shape of ["turning", "flat"] as const) {
    assert.deepEqual(cells(shape), ["0.99", "-", "-", "-"]);
  }
  for (const shape of ["saturating", "saturated", "unsaturated"] as const) {
    assert.equal(cells(shape)[1], "0.904 [0.854, 0.972]");
  }
});

Deno.test("formatFits() shows an interval without an end as infinite, and none where there is none", () => {
  const { intervals, ...bare } = fitted;
  const open = {
    ...fitted,
    intervals: {
      ...intervals!,
      limit: { low: -Infinity, high: 0.97 },
      exponent: { low: 0, high: Infinity },
    },
  };
  const text = formatFits([open, bare], () => F1);
  assert.match(text, /90\.4 \[-∞, 97\] +0\.96 \[0\.00, ∞\]/);
  assert.match(text, / 90\.4 +0\.96 +21\.9k/);
});

Deno.test("formatFits() names a few of the fits that share a warning, and counts the others", () => {
  const fits = Array.from({ length: 9 }, (_, i): StudyFit => ({
    ...fitted,
    fit: `fit${i}`,
    cell: {},
    warnings: ["one seed"],
  }));
  assert.ok(
    formatFits(fits, () => F1).endsWith("\n  fit0, fit1, fit2, fit3 and 5 more: one seed"),
  );
});
