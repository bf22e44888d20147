import assert from "node:assert/strict";
import { formatFits } from "../../../lib/report/text/fits.ts";

Deno.test("formatFits() shows values with intervals, and warnings below", () => {
  const base = { cell: { steps: 400 }, metric: "f1", against: "uniqueTokens", points: 8 };
  const text = formatFits([
    {
      ...base,
      fit: "by_tokens",
      parameters: { limit: 90.36, amplitude: -5, exponent: 0.963, ninetyPercentAt: 21_900 },
      intervals: {
        limit: { low: 85.4, high: 107.2 },
        amplitude: { low: -6, high: -4 },
        exponent: { low: 0.28, high: 2.63 },
        ninetyPercentAt: { low: 4770, high: Infinity },
      },
      warnings: ["the limit is uncertain"],
    },
    { ...base, cell: {}, fit: "none", points: 2, warnings: ["not fitted: 2 points"] },
  ]);
  assert.equal(
    text,
    [
      "fits: metric = limit + amplitude * x^-exponent",
      "fit                   curve              points             limit           exponent  " +
      "90% of the way at",
      "by_tokens{steps=400}  f1 ~ uniqueTokens       8  90.4 [85.4, 107]  0.96 [0.28, 2.63]   " +
      "21.9k [4.77k, ∞]",
      "none                  f1 ~ uniqueTokens       2",
      "  by_tokens{steps=400}: the limit is uncertain",
      "  none: not fitted: 2 points",
    ].join("\n"),
  );
});
