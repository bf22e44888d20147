/**
 * What tasks cost, with and without sharing of training, and the budget check.
 *
 * A point of a trajectory that starts from an earlier one pays only for the
 * steps between; its tokens and operations shrink in the same proportion.
 */
import { ExperimentError, type Fault, fault, type SourcePosition } from "../base/errors.ts";
import { formatExact } from "../report/text/format.ts";
import type { Estimate } from "./task.ts";

/** Optimizer steps, tokens through the model, floating-point operations. */
export interface Cost {
  /** Optimizer updates. */
  readonly steps: number;
  /** Tokens through the model, repetitions counted. */
  readonly tokens: number;
  /** Floating-point operations. */
  readonly flops: number;
}

/** Upper limits of what a run may cost; absent ones do not limit. */
export type Budget = Partial<Cost>;

/** The cost of nothing. */
export const NO_COST: Cost = { steps: 0, tokens: 0, flops: 0 };

/** An estimate as a cost; unknown parts count nothing. */
export function costOf(estimate: Estimate | undefined): Cost {
  const { bytes: _, ...cost } = estimate ?? {};
  return { ...NO_COST, ...cost };
}

/** The sum of two costs. */
export function addCosts(a: Cost, b: Cost): Cost {
  return { steps: a.steps + b.steps, tokens: a.tokens + b.tokens, flops: a.flops + b.flops };
}

/** What is left to pay of a training of `cost.steps` steps when `startStep` are done already. */
export function costAfter(cost: Cost, startStep: number): Cost {
  if (cost.steps <= 0) return cost;
  const left = Math.max(0, cost.steps - startStep);
  const share = left / cost.steps;
  return { steps: left, tokens: Math.round(cost.tokens * share), flops: cost.flops * share };
}

/**
 * Checks that a cost keeps within a budget.
 *
 * @param at where the spec states the budget
 * @throws ExperimentError "graph/over-budget" with one fault for every limit exceeded
 */
export function checkBudget(
  cost: Cost,
  { budget, at }: { readonly budget: Budget; readonly at?: SourcePosition },
): void {
  const faults: Fault[] = [];
  for (const part of ["steps", "tokens", "flops"] as const) {
    const limit = budget[part];
    if (limit === undefined || cost[part] <= limit) continue;
    const name = part === "flops" ? "FLOPs" : part;
    faults.push(fault(
      "graph/over-budget",
      `what is left to run costs ${formatExact(cost[part])} ${name}, the budget is ${
        formatExact(limit)
      }`,
      { at, mend: `raise the budget's ${part}, or make the grid smaller` },
    ));
  }
  if (faults.length > 0) throw ExperimentError.of(faults);
}
