/** optimizer: the specification of AdamW against its formula in float64. */
import fc from "fast-check";
import assert from "node:assert/strict";
import type { AdamW } from "../../lib/engine/engine.ts";
import { adamWStep, clipScale } from "../../lib/engine/optimizer.ts";
import { globalNorm, updateAdamW } from "./reference_optimizer.ts";

const ADAMW: AdamW = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.1,
  biasCorrection: true,
};

/** Some steps of one number with a given gradient each; returns the number. */
function descend(
  gradients: readonly number[],
  options: { optimizer: AdamW; decays?: boolean; learningRateScale?: number },
): number {
  const [param, firstMoment, secondMoment] = [Float32Array.of(2), ...zeros(2)] as const;
  for (const [i, gradient] of gradients.entries()) {
    updateAdamW(
      {
        param,
        firstMoment: firstMoment!,
        secondMoment: secondMoment!,
        gradient: Float32Array.of(gradient),
      },
      {
        decays: true,
        ...options,
        step: adamWStep(options.optimizer, { learningRate: 0.01, step: i + 1 }),
        gradientScale: 1,
      },
    );
  }
  return param[0]!;
}

function zeros(count: number): Float32Array[] {
  return Array.from({ length: count }, () => new Float32Array(1));
}

Deno.test("updateAdamW() is Loshchilov and Hutter's algorithm 2", () => {
  const gradient = fc.double({ min: -10, max: 10, noNaN: true });
  fc.assert(fc.property(fc.array(gradient, { maxLength: 20 }), (gradients) => {
    let theta = 2, m = 0, v = 0;
    for (const [i, g] of gradients.entries()) {
      const t = i + 1;
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const corrected = m / (1 - 0.9 ** t) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
      theta -= 0.01 * (corrected + 0.1 * theta);
    }
    const tolerance = 1e-6 * (1 + gradients.length);
    assert.ok(Math.abs(descend(gradients, { optimizer: ADAMW }) - theta) < tolerance);
  }));
});

Deno.test("updateAdamW() without bias correction takes BERT's first step", () => {
  const optimizer = { ...ADAMW, biasCorrection: false };
  // m = 0.1 g, v = 0.001 g^2: the first step is 0.1 / sqrt(0.001) of the rate.
  const expected = 2 - 0.01 * (0.1 / Math.sqrt(0.001) + 0.1 * 2);
  assert.ok(Math.abs(descend([3], { optimizer }) - expected) < 1e-6);
});

Deno.test("updateAdamW() decays only where it should, and scales decay with the rate", () => {
  assert.equal(descend([0], { optimizer: ADAMW, decays: false }), 2);
  assert.equal(descend([0], { optimizer: ADAMW }), Math.fround(2 - 0.01 * 0.1 * 2));
  const scaled = descend([0], { optimizer: ADAMW, learningRateScale: 0.5 });
  assert.equal(scaled, Math.fround(2 - 0.5 * 0.01 * 0.1 * 2));
});

Deno.test("globalNorm() spans all tensors and does not overflow f32", () => {
  assert.equal(globalNorm([Float32Array.of(3), Float32Array.of(0, 4)]), 5);
  assert.equal(globalNorm([Float32Array.of(3e30, 4e30)]), Math.fround(5e30));
  assert.equal(globalNorm([]), 0);
});

Deno.test("clipScale() brings a norm down to the limit, and never up", () => {
  assert.equal(clipScale(4, 1), 0.25);
  assert.equal(clipScale(1, 1), 1);
  assert.equal(clipScale(0, 1), 1);
  assert.equal(clipScale(1e9, undefined), 1);
});
