/** Parameters that pre-training and fine-tuning share: the optimizer and the seed. */
import { z } from "zod";
import type { AdamW } from "../engine/engine.ts";

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
