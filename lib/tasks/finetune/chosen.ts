/**
 * Params that a choice gives: they take the place of a fine-tuning's own once it is made, and
 * the key holds them as if a person had written them.
 */
import type { z } from "zod";
import type { JsonObject } from "../../base/canonical.ts";
import { ExperimentError } from "../../base/errors.ts";
import { parsePath } from "../../base/path.ts";
import type { Chosen, Estimate, UpstreamInputs, UpstreamTask } from "../../graph/task.ts";
import { differingLeaves, leavesOf, withLeaves } from "../reduce/leaves.ts";
import type { FinetuneParams } from "./params.ts";

/**
 * Params with those that were chosen in the place of their own.
 *
 * @param options taken: params that are chosen even where all candidates have them alike, as
 *   where there is one
 * @throws ExperimentError "tasks/params" when the choice is among tasks of another kind
 */
export function withChosen(
  params: FinetuneParams,
  chosen: Chosen,
  { taken, kind, schema }: {
    readonly taken: readonly string[];
    readonly kind: string;
    readonly schema: z.ZodType<FinetuneParams>;
  },
): FinetuneParams {
  if (chosen.kind !== kind) {
    const what = chosen.kind === "" ? "several kinds" : chosen.kind;
    throw new ExperimentError("tasks/params", `choice: it is among tasks of ${what}`, {
      mend: `give a choice among tasks of ${kind}`,
    });
  }
  const named = Object.entries(chosen.recipe).filter(([path]) =>
    taken.includes(String(parsePath(path)?.[0]))
  );
  const leaves = { ...Object.fromEntries(named), ...chosen.params };
  return schema.parse(withLeaves(params as unknown as JsonObject, leaves));
}

/** The most that a task may cost, whichever of the candidates is chosen. */
export function estimateOfChosen(
  params: FinetuneParams,
  inputs: UpstreamInputs,
  estimate: (params: FinetuneParams) => Estimate,
): Estimate {
  const candidates = (inputs["choice"] ?? []).flatMap((choice) => tasksBelow(choice, "candidates"));
  if (candidates.length === 0) return estimate(params);
  const own = params as unknown as JsonObject;
  const differing = differingLeaves(candidates.map((each) => leavesOf(each.params)));
  const estimates = differing.map((leaves) =>
    estimate(withLeaves(own, leaves) as unknown as FinetuneParams)
  );
  return estimates.reduce((most, each) => sizeOf(each) > sizeOf(most) ? each : most);
}

function sizeOf({ flops, tokens, steps }: Estimate): number {
  return flops ?? tokens ?? steps ?? 0;
}

/** The tasks that a choice is among; of a mean, those that it is of. */
function tasksBelow(task: UpstreamTask, role: string): readonly UpstreamTask[] {
  return (task.inputs[role] ?? []).flatMap((each) =>
    each.kind === "mean" ? tasksBelow(each, "of") : [each]
  );
}
