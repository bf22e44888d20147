/**
 * What of a spec gains by XLA on the CPU: the operations of its trainings that take less time
 * there, beside those of all.
 *
 * It is a function of the spec as it is written, every stage and cell of it: neither `--only` nor
 * `--set` comes in, since the device that follows is part of every key. Outside files are looked
 * at as a plan does, and not hashed. A change of the spec itself may change the device, as any of
 * its stages may: who has results to go on from names the device.
 */
import { sha256 } from "../base/digest.ts";
import { ExperimentError } from "../base/errors.ts";
import type { XlaGain } from "../engine/choose_device.ts";
import { DEFAULT_DEVICE, DEVICES } from "../engine/devices.ts";
import { loadExperiment } from "../experiment/experiment.ts";
import { buildGraph } from "../graph/build.ts";
import { estimatesOf } from "../graph/plan.ts";
import type { Kinds } from "../graph/task.ts";

/**
 * Adds up what a spec computes; what is known only in the course of a run counts nothing.
 *
 * @param spec its path
 * @returns undefined where it cannot be read as it is written
 */
export async function xlaGainOf(
  spec: string,
  { kinds }: { readonly kinds: Kinds },
): Promise<XlaGain | undefined> {
  try {
    const { requests } = await loadExperiment(spec, { kinds, allowsAbsent: true });
    const graph = await buildGraph(requests, {
      numerics: DEVICES[DEFAULT_DEVICE].numerics,
      allowsAbsent: true,
      // Which tasks are one and the same is told by their files' names as well.
      readFileDigest: (path) => Promise.resolve(sha256(path)),
    });
    let flops = 0, gainingFlops = 0;
    for (const { task, inputs, cost } of estimatesOf(graph)) {
      const kind = graph.kinds.get(task.kind)!;
      if (!kind.isNumeric) continue;
      flops += cost.flops;
      if (kind.gainsByXla?.(task.params, inputs) === true) gainingFlops += cost.flops;
    }
    return { flops, gainingFlops };
  } catch (error) {
    if (error instanceof ExperimentError) return undefined;
    throw error;
  }
}
