/** Trainings on a device with less memory than a batch takes: a real plugin under a limit. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256File } from "../../../lib/base/digest.ts";
import { openDevice } from "../../../lib/engine/devices.ts";
import type { StepMemory } from "../../../lib/engine/step_memory.ts";
import { MEMORY_VARIABLE } from "../../../lib/engine/xla/memory.ts";
import { bertConfig } from "../../../lib/model/config.ts";
import { Graph } from "../../../lib/engine/ir/graph.ts";
import { classifier, maskedLanguageModel } from "../../../lib/model/heads/heads.ts";
import { SafetensorsFile } from "../../../lib/model/weights/safetensors.ts";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import { evaluation } from "../../../lib/tasks/finetune/evaluate_kind.ts";
import { finetuning } from "../../../lib/tasks/finetune/kind.ts";
import { pretrain } from "../../../lib/tasks/pretrain/kind.ts";
import { fitPass, fitToMemory } from "../../../lib/tasks/training/fit_memory.ts";
import { PLAIN } from "../../engine/tiny_program.ts";
import { testOnCpuPlugin } from "../../engine/xla/cpu_plugin.ts";
import { toyPairs, writePairs } from "../finetune/toy_benchmarks.ts";
import { makeUntrainedModel } from "../finetune/untrained_model.ts";
import { type KindRun, makeDir, makeShards, PIECES, runKind } from "../made_inputs.ts";

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

const told = ({ events }: KindRun) =>
  events.flatMap((each) => each.type === "warning" ? [each.message] : []);

/** The config that the params ask for. */
function madeConfig() {
  const sizes = { ...MODEL, vocabSize: PIECES.length, intermediateSize: 4 * MODEL.hiddenSize };
  return bertConfig(sizes, {
    positions: LENGTH,
    dropout: PARAMS.dropout,
    attentionDropout: PARAMS.dropout,
  });
}

/** What a pass takes by itself. */
async function wholePass(graph: Graph): Promise<StepMemory> {
  const engine = await openDevice({ name: "xla-cpu", threads: 1 });
  return (await within(1e12, () => engine.forwardMemoryOf!(graph)))!;
}

/** A limit between what the model takes and what a whole batch does. */
function lessThan({ needBytes, stateBytes }: StepMemory): number {
  return Math.floor(stateBytes + (needBytes - stateBytes) * 0.6);
}

/** What a step takes, of the whole batch or of batches of so many rows, the own first. */
async function wholeStep(...sizes: readonly number[]): Promise<StepMemory> {
  const [own, ...others] = (sizes.length === 0 ? [ROWS] : sizes).map((rows) => {
    const predictions = rows * Math.round(0.15 * LENGTH);
    return maskedLanguageModel(madeConfig(), {
      rows,
      length: LENGTH,
      predictions,
      isTraining: true,
    });
  });
  const { optimizer } = pretrain.params.parse(PARAMS);
  const engine = await openDevice({ name: "xla-cpu", threads: 1 });
  const otherShapes = others.map(({ graph }) => graph);
  const program = { ...own!, otherShapes, loss: "loss", optimizer };
  return (await within(1e12, () => engine.memoryOf!(program, { isInParts: false })))!;
}

testOnCpuPlugin("a step takes what its largest shape takes, whichever is its own", async () => {
  const largest = await wholeStep();
  assert.deepEqual(await wholeStep(1, ROWS), largest);
  assert.deepEqual(await wholeStep(ROWS, 1), largest);
});

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

testOnCpuPlugin("held-out text that does not fit the memory is measured in parts", async () => {
  const corpus = await makeShards(join(makeDir(), "shards"), { train: 2000, validation: 1500 });
  const run = () =>
    runKind(pretrain, {
      params: { ...PARAMS, steps: 0, evaluation: { rows: ROWS } },
      inputs: { corpus: [corpus] },
      device: "xla-cpu",
    });
  const { graph } = maskedLanguageModel(madeConfig(), {
    rows: ROWS,
    length: LENGTH,
    predictions: ROWS * Math.round(0.15 * LENGTH),
    isTraining: false,
  });
  const memory = await wholePass(graph);
  const whole = await within(memory.needBytes, run);
  assert.deepEqual(told(whole), []);
  const cut = await within(lessThan(memory), run);
  assert.match(
    told(cut).join(),
    /^held-out text of 16 rows at once takes .*: \d+ are computed at once; where all fit, /,
  );
  assertNear(cut, whole);
  await assert.rejects(within(memory.stateBytes, run), (error: ExperimentError) => {
    assert.equal(error.code, "engine/memory");
    assert.match(error.faults[0].message, /^held-out text takes .* with 16 rows at once; it has /);
    return true;
  });
});

testOnCpuPlugin("an evaluation that does not fit the memory predicts in parts", async () => {
  const data = makeDir(), pairs = { key: data, dir: data, facts: {} };
  await writePairs(data);
  const params = { rows: ROWS, length: 16, steps: 30, learningRate: 5e-3, dropout: 0 };
  const inputs = { data: [pairs] }, model = await makeUntrainedModel();
  const tuned = await runKind(finetuning(toyPairs), {
    params,
    inputs: { ...inputs, model: [model] },
  });
  const run = () =>
    runKind(evaluation(toyPairs), {
      inputs: { ...inputs, model: [tuned.artifact] },
      device: "xla-cpu",
    });
  const { graph } = classifier(madeConfig(), {
    rows: ROWS,
    length: 16,
    head: { kind: "sequence", labels: 2 },
    isTraining: false,
    hasSegments: true,
  });
  const memory = await wholePass(graph);
  const whole = await within(1e12, run);
  assert.deepEqual(told(whole), []);
  const cut = await within(lessThan(memory), run);
  assert.match(
    told(cut).join(),
    /^prediction of 16 rows at once takes .*: \d+ are computed at once/,
  );
  assertNear(cut, whole);
});

/** As near as rounding leaves scores of a few rows. */
function assertNear({ outcome: found }: KindRun, { outcome: expected }: KindRun): void {
  const named = ({ value, ...name }: KindRun["outcome"]["scores"][number]) => ({
    ...name,
    value: value.toFixed(4),
    standardError: undefined,
  });
  assert.notEqual(expected.scores.length, 0);
  assert.deepEqual(found.scores.map(named), expected.scores.map(named));
}

Deno.test("fitPass() tells how many of a pass's rows fit, beside what they are computed", async () => {
  const program = { graph: new Graph(), params: [], loss: "", optimizer: PLAIN };
  const beside = { program, isInParts: true }, warnings: string[] = [], asked: unknown[] = [];
  const fit = (limitBytes: number | undefined) =>
    fitPass(20, {
      engine: {
        compile: () => Promise.reject(new Error("not asked")),
        train: () => Promise.reject(new Error("not asked")),
        forwardMemoryOf: (graph, beside) => {
          asked.push(beside);
          const needBytes = 1e9 + 1e8 * graph.inputs.get("rows")!.shape[0]!;
          const memory = (limitBytes: number) => ({ needBytes, stateBytes: 1e9, limitBytes });
          return Promise.resolve(limitBytes === undefined ? undefined : memory(limitBytes));
        },
      },
      what: "prediction",
      graphOf(rows) {
        const graph = new Graph();
        graph.input("rows", [rows]);
        return graph;
      },
      beside,
      warn: (message) => warnings.push(message),
    });
  assert.equal(await fit(undefined), 20);
  assert.equal(await fit(3e9), 20);
  assert.deepEqual(warnings, []);
  // Predictions need not divide: no row waits for another.
  assert.equal(await fit(2.75e9), 17);
  assert(asked.every((each) => each === beside));
  assert.deepEqual(warnings, [
    "prediction of 20 rows at once takes 3 GB of the device's memory, which has 2.75 GB to " +
    "give: 17 are computed at once; where all fit, results differ by rounding",
  ]);
  await assert.rejects(fit(1.05e9), {
    message: "prediction takes 1.1 GB of the device's memory with 1 row at once, the fewest " +
      "there can be; it has 1.05 GB to give",
  });
});

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
