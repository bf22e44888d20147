import assert from "node:assert/strict";
import { ExperimentError, formatFault } from "../../lib/base/errors.ts";
import { checkBudget, costAfter, costOf } from "../../lib/graph/cost.ts";

Deno.test("costAfter() leaves the share of the steps that are still to do", () => {
  const cost = { steps: 400, tokens: 4001, flops: 1e12 };
  assert.deepEqual(costAfter(cost, 100), { steps: 300, tokens: 3001, flops: 7.5e11 });
  assert.deepEqual(costAfter(cost, 0), cost);
  assert.deepEqual(costAfter(cost, 500), { steps: 0, tokens: 0, flops: 0 });
});

Deno.test("costAfter() leaves the cost of a task without steps as it is", () => {
  const cost = costOf({ flops: 5 });
  assert.deepEqual(costAfter(cost, 100), { steps: 0, tokens: 0, flops: 5 });
  assert.deepEqual(costOf(undefined), { steps: 0, tokens: 0, flops: 0 });
});

Deno.test("checkBudget() says of every limit exceeded by how much", () => {
  const cost = { steps: 12_345, tokens: 100, flops: 1.5e15 };
  checkBudget(cost, { budget: {} });
  checkBudget(cost, { budget: cost });
  assert.throws(
    () =>
      checkBudget(cost, {
        budget: { steps: 10_000, tokens: 100, flops: 1e15 },
        at: { file: "spec.yaml", line: 3, column: 1 },
      }),
    (error: unknown) => {
      assert.ok(error instanceof ExperimentError);
      assert.deepEqual(error.faults.map(formatFault), [
        "spec.yaml:3:1: what is left to run costs 12,345 steps, the budget is 10,000 " +
        "[graph/over-budget]\n  mend: raise the budget's steps, or make the grid smaller",
        "spec.yaml:3:1: what is left to run costs 1.500e+15 FLOPs, the budget is 1.000e+15 " +
        "[graph/over-budget]\n  mend: raise the budget's flops, or make the grid smaller",
      ]);
      return true;
    },
  );
});
