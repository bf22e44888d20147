/**
 * AdamW with global norm clipping: what every engine's update computes.
 *
 * All arithmetic is f32, each operation rounded on its own (no fused multiply-add),
 * in the order written here; only the sum of squares is f64:
 *
 *     norm   = f32(sqrt(sum of g * g over all parameters, in f64, in any order))
 *     g'     = norm > clipNorm ? g * (clipNorm / norm) : g
 *     m      = m * beta1 + g' * f32(1 - beta1)
 *     v      = v * beta2 + (g' * g') * f32(1 - beta2)
 *     change = (m * c1) / (sqrt(v * c2) + epsilon) + weightDecay * p
 *     p      = p - (learningRate * scale) * change
 *
 * with c1 = f32(1 / (1 - beta1^step)) and c2 likewise, or without them when the
 * optimizer has no bias correction, and without the decay where it does not
 * apply. It is computed in two ways, over which the tests put the same plain loops:
 * as nodes of a graph (`training_graph.ts`), and in place by a kernel of the CPU. A frozen
 * parameter has no part in any of it.
 */
import type { AdamW, ParamSpec, Tensors } from "./engine.ts";

/** What changes from step to step, as f32. */
export interface AdamWStep {
  /** The learning rate of the step, before a parameter's own scale. */
  readonly learningRate: number;
  /** c1: 1 without bias correction. */
  readonly firstCorrection: number;
  /** c2: 1 without bias correction. */
  readonly secondCorrection: number;
}

/** What one parameter is updated with, besides its gradient. */
export interface UpdateOptions {
  /** The constants of the optimizer. */
  readonly optimizer: AdamW;
  /** The numbers of this step. */
  readonly step: AdamWStep;
  /** `clipScale` of the global norm. */
  readonly gradientScale: number;
  /** Whether weight decay applies to the parameter. */
  readonly decays: boolean;
  /** The parameter's own factor on the learning rate, 1 if absent. */
  readonly learningRateScale?: number | undefined;
}

/**
 * The numbers of one step.
 *
 * @param control step counts from 1
 */
export function adamWStep(
  optimizer: AdamW,
  control: { readonly learningRate: number; readonly step: number },
): AdamWStep {
  const correction = (beta: number): number =>
    optimizer.biasCorrection ? Math.fround(1 / (1 - beta ** control.step)) : 1;
  return {
    learningRate: Math.fround(control.learningRate),
    firstCorrection: correction(optimizer.beta1),
    secondCorrection: correction(optimizer.beta2),
  };
}

/** The f32 factor on every gradient: 1 unless the norm exceeds the limit. */
export function clipScale(norm: number, clipNorm: number | undefined): number {
  const limit = Math.fround(clipNorm ?? Infinity);
  return norm > limit ? Math.fround(limit / norm) : 1;
}

/** The parameters that are trained, in their order. */
export function trainedOf<Spec extends ParamSpec>(params: readonly Spec[]): readonly Spec[] {
  return params.filter(({ isFrozen }) => isFrozen !== true);
}

/** The micro-batches of a step's batch. */
export function microBatches(batch: Tensors | readonly Tensors[]): readonly Tensors[] {
  const batches = Array.isArray(batch) ? batch as readonly Tensors[] : [batch as Tensors];
  if (batches.length === 0) throw new Error("a step of no batch");
  return batches;
}

/** Adds what another micro-batch gave to the sums so far, which are changed: in f32, in order. */
export function addOutputs(sums: Tensors, outputs: Tensors): void {
  for (const [name, sum] of Object.entries(sums)) addInto(sum as Float32Array, outputs[name]!);
}

/** Adds values to sums in f32. */
export function addInto(sums: Float32Array, values: ArrayLike<number>): void {
  for (let i = 0; i < sums.length; i++) sums[i]! += values[i]!;
}
