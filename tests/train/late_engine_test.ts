/** A training on an engine whose steps are over only later is the same training. */
import assert from "node:assert/strict";
import { openDevice } from "../../lib/engine/devices.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { BEGINNING, runSteps, type TrainMeasurement } from "../../lib/train/steps.ts";
import { LateEngine } from "../engine/late_engine.ts";
import { PLAIN, tinyBatch, tinyForward, tinyProgram, tinyState } from "../engine/tiny_program.ts";

/** Trains the tiny program, measuring a parameter; tells what was measured, and the state. */
async function train(engine: Engine) {
  const session = await engine.train(tinyProgram(PLAIN));
  await session.load(tinyState());
  const forward = await session.forward(tinyForward());
  const measured: TrainMeasurement[] = [];
  const training = runSteps({
    session,
    batchAt: (step) => [tinyBatch(step)],
    batchTokens: 6,
    schedule: { kind: "constant", learningRate: 0.01, warmup: 2 },
    steps: 11,
    from: BEGINNING,
    averageSteps: 5,
    phase: "training",
    heldOut: {
      measure: async () => {
        const { twice } = await forward.run({ factor: Float32Array.of(1) });
        return { firstOfBeta: { value: twice![0]! } };
      },
      every: 4,
    },
    save: () => Promise.resolve(),
    signal: new AbortController().signal,
  });
  for await (const event of training) if (event.type === "measurement") measured.push(event);
  const state = await session.save();
  for (const each of [forward, session]) await each.dispose();
  return { measured, state };
}

Deno.test("a training whose losses are read late has the bits of one that waits for each", async () => {
  const cpu = await openDevice({ name: "cpu", threads: 1 });
  const expected = await train(cpu);
  const steps = new Set(expected.measured.map(({ step }) => step));
  assert.deepEqual([...steps], [0, 4, 8, 11]);
  for (const stepsAhead of [1, 2, 5, 20]) {
    assert.deepEqual(await train(new LateEngine(cpu, stepsAhead)), expected, `${stepsAhead} ahead`);
  }
});
