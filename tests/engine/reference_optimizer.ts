/** AdamW as plain loops: the definition in `optimizer.ts`, which kernels have to meet bit for bit. */
import type { UpdateOptions } from "../../lib/engine/optimizer.ts";

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

/** The Euclidean norm of all gradients together, summed in f64, as f32. */
export function globalNorm(gradients: Iterable<Float32Array>): number {
  let sum = 0;
  for (const gradient of gradients) {
    for (let i = 0; i < gradient.length; i++) sum += gradient[i]! * gradient[i]!;
  }
  return Math.fround(Math.sqrt(sum));
}

/** Updates one parameter and its moments in place. */
export function updateAdamW(
  tensors: AdamWTensors,
  options: UpdateOptions,
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
