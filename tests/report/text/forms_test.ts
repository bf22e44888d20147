import assert from "node:assert/strict";
import { formatForms } from "../../../lib/report/text/forms.ts";
import { lawFit } from "../../_support/fit.ts";

Deno.test("formatForms() puts the form first that is least off at the largest runs", () => {
  const fits = [lawFit("k", "K", 0.05), lawFit("c", "C", 0.02), lawFit("r", "R")];
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
  assert.equal(formatForms([lawFit("a", "A", 1), lawFit("b", "A", 2)], () => undefined), "");
  assert.equal(
    formatForms([lawFit("a", "A"), { ...lawFit("b", "B"), points: 8 }], () => undefined),
    "",
  );
});
