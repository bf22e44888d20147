/** Parameters that pre-training and fine-tuning share: optimizer, micro-batches, frozen layers, seed. */
import { z } from "zod";
import type { AdamW } from "../engine/engine.ts";
import type { ParamFault } from "../graph/task.ts";

/**
 * AdamW as a spec gives it, with BERT's values as defaults.
 *
 * @param options biasCorrection: the default, as the two uses differ in it
 */
export function optimizerSchema(
  options: { readonly biasCorrection: boolean },
): z.ZodType<OptimizerParams> {
  return z.strictObject({
    beta1: z.number().min(0).lt(1).default(0.9).describe("Decay of the first moment."),
    beta2: z.number().min(0).lt(1).default(0.999).describe("Decay of the second moment."),
    epsilon: z.number().positive().default(1e-6).describe(
      "Added to the root of the second moment.",
    ),
    weightDecay: z.number().min(0).default(0.01).describe(
      "Decoupled weight decay, on all but biases and layer norms.",
    ),
    biasCorrection: z.boolean().default(options.biasCorrection).describe(
      "Whether moments are corrected for their start at zero; BERT's own code does not.",
    ),
    clipNorm: z.number().positive().default(1).describe(
      "Gradients are scaled down to at most this global norm.",
    ),
  });
}

/** The optimizer of a training; `AdamW` with nothing left open. */
export type OptimizerParams = Required<AdamW>;

/** A seed of a task. */
export const seedSchema: z.ZodType<number> = z.int().min(0).max(2 ** 32 - 1).default(0).describe(
  "All random draws of the task follow from it.",
);

/** Rows that are computed at once. */
export const microBatchSchema: z.ZodType<number | undefined> = z.int().min(1).optional().describe(
  "Rows that are computed at once, a divisor of `rows`; absent: all. The update is that of the " +
    "whole batch, its gradients summed in float32 in the order of rows, so memory follows this. " +
    "Fewer are where a device's memory takes no more, which is told.",
);

/** What is wrong with micro-batches. */
export function microBatchFaults(
  { rows, microBatch }: { readonly rows: number; readonly microBatch?: number | undefined },
): readonly ParamFault[] {
  if (microBatch === undefined || rows % microBatch === 0) return [];
  const divisors = Array.from({ length: rows }, (_, i) => i + 1).filter((each) =>
    rows % each === 0
  );
  const near = divisors.findLast((each) => each <= microBatch) ?? 1;
  return [{
    path: "microBatch",
    message: `a batch of ${rows} rows does not divide into micro-batches of ${microBatch}`,
    mend: `give a divisor of ${rows}, such as ${near}`,
  }];
}

/** Which layers are not trained. */
export const frozenLayersSchema: z.ZodType<number | undefined> = z.int().min(0).optional().describe(
  "Embeddings and so many of the lowest layers stay as they are, with no gradient, decay or " +
    "moments; 0: the embeddings alone; absent: all is trained.",
);
