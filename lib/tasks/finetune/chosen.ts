/**
 * Params that a choice gives: they take the place of a fine-tuning's own when it runs, since
 * before that nobody knows them. The key holds the choice, and so all that it follows from.
 */
import type { z } from "zod";
import type { JsonObject } from "../../base/canonical.ts";
import { ExperimentError } from "../../base/errors.ts";
import type { Estimate, TaskContext, UpstreamInputs, UpstreamTask } from "../../graph/task.ts";
import { differingLeaves, leavesOf, withLeaves } from "../reduce/leaves.ts";
import type { FinetuneInputs, FinetuneParams } from "./params.ts";

/**
 * A task's context with the chosen params in the place of its own; as it is where none are given.
 *
 * @throws ExperimentError "tasks/params" when the choice is among tasks of another kind
 */
export async function withChosen<Data>(
  context: TaskContext<FinetuneParams, FinetuneInputs<Data>>,
  { kind, schema }: { readonly kind: string; readonly schema: z.ZodType<FinetuneParams> },
): Promise<TaskContext<FinetuneParams, FinetuneInputs<Data>>> {
  const choice = await context.inputs.choice?.open();
  if (choice === undefined) return context;
  if (choice.kind !== kind) {
    const what = choice.kind === "" ? "several kinds" : choice.kind;
    throw new ExperimentError("tasks/params", `choice: it is among tasks of ${what}`, {
      mend: `give a choice among tasks of ${kind}`,
    });
  }
  const params = context.params as unknown as JsonObject;
  return { ...context, params: schema.parse(withLeaves(params, choice.params)) };
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
