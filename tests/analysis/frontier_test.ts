import assert from "node:assert/strict";
import fc from "fast-check";
import { computeOptimum, isoFlopProfiles, optimaAlong } from "../../lib/analysis/frontier.ts";

/** Besiroglu et al., table 1. */
const LAW = { E: 1.8172, A: 482.01, alpha: 0.3478, B: 2085.43, beta: 0.3658 };

function lossOf(parameters: number, tokens: number): number {
  return LAW.E + LAW.A * parameters ** -LAW.alpha + LAW.B * tokens ** -LAW.beta;
}

Deno.test("computeOptimum() is where no other size of the same compute is better", () => {
  fc.assert(fc.property(fc.double({ min: 17, max: 25, noNaN: true }), (decades) => {
    const { flops, parameters, tokens, loss } = computeOptimum(LAW, 10 ** decades);
    assert.ok(Math.abs(6 * parameters * tokens / flops - 1) < 1e-9);
    assert.ok(Math.abs(lossOf(parameters, tokens) - loss) < 1e-12);
    for (const by of [0.5, 0.9, 1.1, 2]) assert.ok(lossOf(by * parameters, tokens / by) >= loss);
  }));
  // About 20 tokens a parameter at Chinchilla's compute, as the replication says.
  const { parameters, tokens } = computeOptimum(LAW, 5.76e23);
  assert.ok(tokens / parameters > 15 && tokens / parameters < 30, `${tokens / parameters}`);
});

Deno.test("isoFlopProfiles() find the best size of each compute, and how it grows", () => {
  const runs = [1e18, 1e19, 1e20, 1e21].flatMap((flops) => {
    const best = computeOptimum(LAW, flops).parameters;
    return [0.25, 0.5, 1, 2, 4].map((by) => {
      const parameters = by * best, tokens = flops / 6 / parameters;
      return {
        flops: flops * (1 + 0.01 * by),
        parameters,
        tokens,
        loss: lossOf(parameters, tokens),
      };
    });
  });
  const profiles = isoFlopProfiles([...runs].reverse());
  assert.equal(profiles.length, 4);
  for (const { flops, best } of profiles) {
    const { parameters, loss } = computeOptimum(LAW, flops);
    assert.ok(Math.abs(best!.parameters / parameters - 1) < 0.12, `${best!.parameters}`);
    assert.ok(Math.abs(best!.loss / loss - 1) < 0.01);
  }
  const along = optimaAlong(profiles)!;
  assert.ok(Math.abs(along.parameters.exponent - LAW.beta / (LAW.alpha + LAW.beta)) < 0.01);
  assert.ok(Math.abs(along.parameters.exponent + along.tokens.exponent - 1) < 1e-6);
});

Deno.test("isoFlopProfiles() say why they have no best size", () => {
  const run = (parameters: number, loss: number) => (
    { flops: 1e18, parameters, tokens: 1e18 / 6 / parameters, loss }
  );
  const whyNot = (...runs: ReturnType<typeof run>[]) => isoFlopProfiles(runs)[0]!.whyNot;
  assert.equal(whyNot(run(1e6, 3), run(2e6, 2.9)), "fewer than 3 sizes");
  assert.equal(
    whyNot(run(1e6, 3), run(2e6, 3.1), run(4e6, 3)),
    "the loss has no valley over sizes",
  );
  assert.equal(
    whyNot(run(1e6, 4), run(2e6, 3), run(4e6, 2.5)),
    "the best size lies outside those measured",
  );
  assert.equal(optimaAlong(isoFlopProfiles([run(1e6, 3)])), undefined);
});
