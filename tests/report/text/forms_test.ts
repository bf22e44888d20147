import assert from "node:assert/strict";
import { type ComparedFit, formatForms } from "../../../lib/report/text/forms.ts";

const fit = (name: string, form: string, heldOutRmse?: number): ComparedFit => ({
  fit: name,
  cell: {},
  stage: "train",
  benchmark: "mlm",
  metric: "lossNats",
  split: "validation",
  against: ["parameters", "seenTokens"],
  form,
  points: 9,
  parameters: { E: 1 },
  goodness: { rmse: 0.01, ...(heldOutRmse === undefined ? {} : { heldOutRmse }) },
  warnings: [],
});

Deno.test("formatForms() puts the form first that is least off at the largest runs", () => {
  const fits = [fit("k", "K", 0.05), fit("c", "C", 0.02), fit("r", "R")];
  assert.equal(
    formatForms(fits, () => undefined),
    `forms of the same points, each fitted once more without the largest runs
form of  metric    points  off by  off at the largest  form
c        lossNats       9    0.01                0.02  C
k        lossNats       9    0.01                0.05  K
r        lossNats       9    0.01                   ?  R`,
  );
});

Deno.test("formatForms() compares nothing where a score has one form, or other points", () => {
  assert.equal(formatForms([fit("a", "A", 1), fit("b", "A", 2)], () => undefined), "");
  assert.equal(formatForms([fit("a", "A"), { ...fit("b", "B"), points: 8 }], () => undefined), "");
});
