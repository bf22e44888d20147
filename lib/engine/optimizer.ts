/**
 * AdamW with global norm clipping: what every engine's update computes.
 *
 * Stated as plain loops, the specification that kernels are tested against.
 * All arithmetic is f32, each operation rounded on its own (no fused
 * multiply-add), in the order written here; only the sum of squares is f64:
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
 * apply. `training_graph.ts` writes the same as nodes.
 */
import type { AdamW } from "./engine.ts";

/** What changes from step to step, as f32. */
export interface AdamWStep {
  /** Of this step, before a parameter's own scale. */
  readonly learningRate: number;
  /** c1: 1 without bias correction. */
  readonly firstCorrection: number;
  /** c2: 1 without bias correction. */
  readonly secondCorrection: number;
}

/** One parameter with its moments and gradient; all of one length. */
export interface AdamWTensors {
  /** Updated in place. */
  readonly param: Float32Array;
  /** Updated in place. */
  readonly firstMoment: Float32Array;
  /** Updated in place. */
  readonly secondMoment: Float32Array;
  /** Before clipping. */
  readonly gradient: Float32Array;
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

/** The Euclidean norm of all gradients together, summed in f64, as f32. */
export function globalNorm(gradients: Iterable<Float32Array>): number {
  let sum = 0;
  for (const gradient of gradients) {
    for (let i = 0; i < gradient.length; i++) sum += gradient[i]! * gradient[i]!;
  }
  return Math.fround(Math.sqrt(sum));
}

/** The f32 factor on every gradient: 1 unless the norm exceeds the limit. */
export function clipScale(norm: number, clipNorm: number | undefined): number {
  const limit = Math.fround(clipNorm ?? Infinity);
  return norm > limit ? Math.fround(limit / norm) : 1;
}

/**
 * Updates one parameter and its moments in place.
 *
 * @param options gradientScale: `clipScale` of the norm; decays and learningRateScale:
 *   those of the parameter
 */
export function updateAdamW(
  tensors: AdamWTensors,
  options: {
    readonly optimizer: AdamW;
    readonly step: AdamWStep;
    readonly gradientScale: number;
    readonly decays: boolean;
    readonly learningRateScale?: number | undefined;
  },
): void {
  const { param, firstMoment, secondMoment, gradient } = tensors;
  const { optimizer, step, gradientScale } = options;
  const f32 = Math.fround;
  const beta1 = f32(optimizer.beta1), beta2 = f32(optimizer.beta2);
  const rest1 = f32(1 - optimizer.beta1), rest2 = f32(1 - optimizer.beta2);
  const epsilon = f32(optimizer.epsilon);
  const decay = options.decays ? f32(optimizer.weightDecay) : 0;
  const rate = f32(step.learningRate * f32(options.learningRateScale ?? 1));
  for (let i = 0; i < param.length; i++) {
    const g = f32(gradient[i]! * gradientScale);
    const m = f32(f32(firstMoment[i]! * beta1) + f32(g * rest1));
    const v = f32(f32(secondMoment[i]! * beta2) + f32(f32(g * g) * rest2));
    const deviation = f32(f32(Math.sqrt(f32(v * step.secondCorrection))) + epsilon);
    const direction = f32(f32(m * step.firstCorrection) / deviation);
    const change = f32(direction + f32(decay * param[i]!));
    firstMoment[i] = m;
    secondMoment[i] = v;
    param[i] = f32(param[i]! - f32(rate * change));
  }
}
