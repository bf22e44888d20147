/** Trainings on a device with less memory than a batch takes: a real plugin under a limit. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256File } from "../../../lib/base/digest.ts";
import { openDevice } from "../../../lib/engine/devices.ts";
import type { StepMemory } from "../../../lib/engine/step_memory.ts";
import { MEMORY_VARIABLE } from "../../../lib/engine/xla/memory.ts";
import { bertConfig } from "../../../lib/model/config.ts";
import { maskedLanguageModel } from "../../../lib/model/heads/heads.ts";
import { SafetensorsFile } from "../../../lib/model/weights/safetensors.ts";
import { pretrain } from "../../../lib/tasks/pretrain/kind.ts";
import { fitToMemory } from "../../../lib/tasks/training/fit_memory.ts";
import { testOnCpuPlugin } from "../../engine/xla/cpu_plugin.ts";
import { makeDir, makeShards, PIECES, runKind } from "../made_inputs.ts";

const ROWS = 16, LENGTH = 32;
const MODEL = { layers: 1, hiddenSize: 32, heads: 2, positions: LENGTH };
const PARAMS = {
  model: { ...MODEL, initializerRange: 0.1 },
  steps: 2,
  rows: ROWS,
  rowPieces: LENGTH,
  dropout: 0.2,
  // Before the last digits of small gradients are amplified.
  optimizer: { epsilon: 1 },
  schedule: { kind: "constant", learningRate: 0.1 },
  evaluation: { rows: 8 },
};

/** Runs something under a limit of the device's memory. */
async function within<T>(bytes: number, body: () => Promise<T>): Promise<T> {
  Deno.env.set(MEMORY_VARIABLE, String(bytes / 1e9));
  try {
    return await body();
  } finally {
    Deno.env.delete(MEMORY_VARIABLE);
  }
}

/** What a step of the whole batch takes. */
async function wholeStep(): Promise<StepMemory> {
  const sizes = { ...MODEL, vocabSize: PIECES.length, intermediateSize: 4 * MODEL.hiddenSize };
  const config = bertConfig(sizes, {
    positions: LENGTH,
    dropout: PARAMS.dropout,
    attentionDropout: PARAMS.dropout,
  });
  const predictions = ROWS * Math.round(0.15 * LENGTH);
  const model = maskedLanguageModel(config, {
    rows: ROWS,
    length: LENGTH,
    predictions,
    isTraining: true,
  });
  const { optimizer } = pretrain.params.parse(PARAMS);
  const engine = await openDevice({ name: "xla-cpu", threads: 1 });
  const program = { ...model, loss: "loss", optimizer };
  return (await within(1e12, () => engine.memoryOf!(program, { isInParts: false })))!;
}

testOnCpuPlugin(
  "a batch that does not fit the memory is cut to the bits of that microBatch, near the whole",
  async () => {
    const corpus = await makeShards(join(makeDir(), "shards"), { train: 2000, validation: 500 });
    const run = (more = {}) =>
      runKind(pretrain, {
        params: { ...PARAMS, ...more },
        inputs: { corpus: [corpus] },
        device: "xla-cpu",
      });
    const pathOf = ({ artifact }: Awaited<ReturnType<typeof run>>) =>
      join(artifact.dir, "model.safetensors");
    const told = ({ events }: Awaited<ReturnType<typeof run>>) =>
      events.flatMap((each) => each.type === "warning" ? [each.message] : []);
    const { needBytes, stateBytes } = await wholeStep();
    const limit = Math.floor(stateBytes + (needBytes - stateBytes) * 0.8);

    const whole = await within(needBytes, run);
    assert.deepEqual(told(whole), []);
    const cut = await within(limit, run);
    const [warning] = told(cut);
    const [, chosen] = /: (\d+) are computed at once/.exec(warning ?? "") ?? [];
    assert(chosen !== undefined && ROWS % Number(chosen) === 0, warning);
    const explicit = await run({ microBatch: Number(chosen) });
    assert.equal(await sha256File(pathOf(cut)), await sha256File(pathOf(explicit)));
    assert.deepEqual(cut.outcome.scores, explicit.outcome.scores);

    using wholeFile = await SafetensorsFile.open(pathOf(whole));
    using cutFile = await SafetensorsFile.open(pathOf(cut));
    for (const name of wholeFile.entries.keys()) {
      const [a, b] = [await wholeFile.read(name), await cutFile.read(name)];
      a.forEach((value, i) => assert(Math.abs(value - b[i]!) < 2e-6, `${name} ${i}`));
    }

    await assert.rejects(within(stateBytes, run), { code: "engine/memory" });
  },
);

Deno.test("fitToMemory() cuts no further than replicas share, and leaves what fits as it is", async () => {
  const params: { rows: number; microBatch?: number } = { rows: 24 }, asked: number[] = [];
  const optimizer = pretrain.params.parse(PARAMS).optimizer;
  const fit = (limitBytes: number, device: string, given = params) =>
    fitToMemory(given, {
      engine: {
        compile: () => Promise.reject(new Error("not asked")),
        train: () => Promise.reject(new Error("not asked")),
        memoryOf: (program, { isInParts }) => {
          const rows = program.params.length;
          asked.push(isInParts ? rows : -rows);
          return Promise.resolve({ needBytes: 100 + 10 * rows, stateBytes: 100, limitBytes });
        },
      },
      device,
      programOf: ({ rows, microBatch = rows }) => ({
        graph: undefined!,
        params: Array.from({ length: microBatch }),
        loss: "loss",
        optimizer,
      }),
      warn: () => {},
    });
  assert.equal(await fit(1000, "cuda"), params);
  assert.deepEqual(await fit(190, "cuda"), { rows: 24, microBatch: 8 });
  assert.deepEqual(asked.splice(0), [-24, -24, 8]);
  const shared = { rows: 24, microBatch: 6 };
  assert.equal(await fit(1000, "cuda:replicas=4", shared), shared);
  assert.deepEqual(await fit(125, "cuda:replicas=4", shared), { rows: 24, microBatch: 2 });
  assert.deepEqual(asked, [-6, -6, 2]);
});
