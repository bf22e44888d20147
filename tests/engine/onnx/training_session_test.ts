/**
 * Training with OnnxEngine: right, and the same bits whatever the circumstances.
 *
 * The model is a BERT of two layers with everything that real ones have: tied
 * embeddings, repeated ids, dropout, clipping.
 */
import assert from "node:assert/strict";
import { sha256 } from "../../../lib/base/digest.ts";
import { Stream } from "../../../lib/base/rng.ts";
import { ExperimentError } from "../../../lib/base/errors.ts";
import type { Tensors, TrainingProgram, TrainingState } from "../../../lib/engine/engine.ts";
import { differentiate } from "../../../lib/engine/ir/grad.ts";
import { Graph } from "../../../lib/engine/ir/graph.ts";
import { OnnxEngine } from "../../../lib/engine/onnx/engine.ts";
import { adamWStep, clipScale } from "../../../lib/engine/optimizer.ts";
import { copyGraph } from "../../../lib/engine/passes/rewrite.ts";
import { bertConfig } from "../../../lib/model/config.ts";
import { maskedLanguageModel } from "../../../lib/model/heads/heads.ts";
import { freshState, initialParams } from "../../../lib/model/init.ts";
import { assertClose } from "../check_case.ts";
import { interpret } from "../reference.ts";
import { globalNorm, updateAdamW } from "../reference_optimizer.ts";
import { PLAIN } from "../tiny_program.ts";

const ROWS = 3, LENGTH = 8, PREDICTIONS = 6, VOCAB = 40;

/** A training program of a small BERT, a batch for it, and parameters to start from. */
function smallBert(options: { dropout: number; hiddenSize?: number } = { dropout: 0 }) {
  const { dropout, hiddenSize = 16 } = options;
  const sizes = { layers: 2, hiddenSize, heads: 2, intermediateSize: 32, vocabSize: VOCAB };
  const config = bertConfig(sizes, { positions: 12, dropout, attentionDropout: dropout });
  const shape = { rows: ROWS, length: LENGTH, predictions: PREDICTIONS };
  const { graph, params } = maskedLanguageModel(config, { ...shape, isTraining: true });
  const optimizer = { ...PLAIN, clipNorm: 0.5 };
  const program: TrainingProgram = { graph, params, loss: "loss", optimizer };
  const state = freshState(initialParams(params, { seed: 1, std: 0.2 }));
  const evaluation = maskedLanguageModel(config, { ...shape, isTraining: false }).graph;
  return { program, state, evaluation };
}

function batchAt(step: number, dropout = 0): Tensors {
  const stream = new Stream(7, "batch", step);
  const below = (count: number, bound: number) =>
    Int32Array.from({ length: count }, () => stream.below(bound));
  return {
    ids: below(ROWS * LENGTH, VOCAB),
    maskedPositions: Int32Array.from({ length: PREDICTIONS }, (_, i) => i * 4 + stream.below(4)),
    targets: below(PREDICTIONS, VOCAB),
    weights: Float32Array.from({ length: PREDICTIONS }, (_, i) => i === 5 ? 0 : 1),
    ...(dropout > 0 ? { dropoutSeed: Int32Array.of(3, step) } : {}),
  };
}

/** Trains and returns the losses, norms and state; what happens between steps can be given. */
async function train(
  { program, state }: { program: TrainingProgram; state: TrainingState },
  options: { steps: [number, number]; threads: number; dropout?: number },
) {
  const session = await new OnnxEngine(options).train(program);
  await session.load(state);
  const told: number[] = [];
  for (let step = options.steps[0]; step <= options.steps[1]; step++) {
    const batch = batchAt(step, options.dropout);
    const outputs = await (await session.step(batch, { learningRate: 1e-3, step })).read();
    told.push(outputs.loss![0]!, outputs.gradientNorm![0]!);
  }
  const saved = await session.save();
  await session.dispose();
  return { told, state: saved };
}

/** Digests by name: the diff of two models that differ would take minutes. */
function digestsOf({ told, state }: Awaited<ReturnType<typeof train>>): Record<string, string> {
  const digests: Record<string, string> = { told: told.join(" ") };
  for (const [part, tensors] of Object.entries(state)) {
    for (const [name, { buffer }] of Object.entries(tensors as Record<string, Float32Array>)) {
      digests[`${part} ${name}`] = sha256(new Uint8Array(buffer));
    }
  }
  return digests;
}

/** The largest difference relative to the largest magnitude. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = 0, scale = 0;
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!));
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return worst / scale;
}

for (const dropout of [0, 0.1]) {
  Deno.test(`OnnxEngine.train() steps as exact arithmetic does, dropout ${dropout}`, async () => {
    const small = smallBert({ dropout });
    const { program, state } = small;
    const { graph, at } = copyGraph(program.graph);
    const wrt = program.params.map(({ name }) => graph.inputs.get(name)!);
    const gradients = differentiate(graph, at(program.graph.outputs.get("loss")!), wrt);
    for (const [i, { name }] of program.params.entries()) graph.output(name, gradients[i]!);
    const expected = interpret(graph, { ...batchAt(1, dropout), ...state.params });

    // With beta 0 and no correction the first moment is the clipped gradient itself.
    const bare = { beta1: 0, beta2: 0, epsilon: 1e-6, weightDecay: 0, biasCorrection: false };
    const gradientOf = { ...program, optimizer: bare };
    const actual = await train({ program: gradientOf, state }, {
      steps: [1, 1],
      threads: 1,
      dropout,
    });
    assert.ok(relativeError([actual.told[0]!], expected.loss!) < 1e-6);
    for (const { name } of program.params) {
      // The keys' bias has no gradient but rounding errors.
      if (name.endsWith("key.bias")) continue;
      const error = relativeError(actual.state.firstMoments[name]!, expected[name]!);
      assert.ok(error < 5e-6, `${name} is off by ${error}`);
    }
  });
}

Deno.test("OnnxEngine.train() updates as the optimizer is defined", async () => {
  const { program, state } = smallBert();
  const bare = { beta1: 0, beta2: 0, epsilon: 1e-6, weightDecay: 0, biasCorrection: false };
  const raw = await train({ program: { ...program, optimizer: bare }, state }, {
    steps: [1, 1],
    threads: 1,
  });
  const gradients = raw.state.firstMoments;
  const norm = globalNorm(Object.values(gradients));
  assert.equal(raw.told[1], norm);
  assert.ok(norm > program.optimizer.clipNorm!, "the case does not clip");
  const { state: actual } = await train({ program, state }, { steps: [1, 1], threads: 1 });
  for (const { name, decays } of program.params) {
    const tensors = {
      param: state.params[name]!.slice(),
      firstMoment: state.firstMoments[name]!.slice(),
      secondMoment: state.secondMoments[name]!.slice(),
      gradient: gradients[name]!,
    };
    updateAdamW(tensors, {
      optimizer: program.optimizer,
      step: adamWStep(program.optimizer, { learningRate: 1e-3, step: 1 }),
      gradientScale: clipScale(norm, program.optimizer.clipNorm),
      decays,
    });
    assert.deepEqual(actual.params[name], tensors.param, name);
    assert.deepEqual(actual.secondMoments[name], tensors.secondMoment, name);
  }
});

Deno.test("OnnxEngine.train() has the same bits with any number of threads, and each time", async () => {
  // Wide enough that ONNX Runtime splits the work.
  const wide = smallBert({ dropout: 0.1, hiddenSize: 128 });
  const run = (threads: number) => train(wide, { steps: [1, 4], threads, dropout: 0.1 });
  const first = digestsOf(await run(1));
  assert.deepEqual(digestsOf(await run(1)), first);
  assert.deepEqual(digestsOf(await run(2)), first);
  // More threads than many machines have cores; one step is enough to split the work.
  const step = (threads: number) => train(wide, { steps: [1, 1], threads, dropout: 0.1 });
  assert.deepEqual(digestsOf(await step(8)), digestsOf(await step(1)));
});

Deno.test("OnnxTrainingSession goes on from a saved state with the same bits", async () => {
  const small = smallBert({ dropout: 0.1 });
  const options = { threads: 1, dropout: 0.1 };
  const whole = await train(small, { ...options, steps: [1, 5] });
  const first = await train(small, { ...options, steps: [1, 2] });
  const second = await train({ ...small, state: first.state }, { ...options, steps: [3, 5] });
  assert.deepEqual(second.state, whole.state);
  assert.deepEqual([...first.told, ...second.told], whole.told);
});

Deno.test("OnnxTrainingSession.save() gives copies that later steps leave alone", async () => {
  const { program, state } = smallBert();
  const session = await new OnnxEngine({ threads: 1 }).train(program);
  await session.load(state);
  const saved = await session.save();
  await session.step(batchAt(1), { learningRate: 1e-3, step: 1 });
  assert.deepEqual(saved, state);
  await session.dispose();
});

Deno.test("OnnxTrainingSession.forward() reads the parameters as they are", async () => {
  const { program, state, evaluation } = smallBert();
  const engine = new OnnxEngine({ threads: 1 });
  const session = await engine.train(program);
  await session.load(state);
  const forward = await session.forward(evaluation);
  const alone = await engine.compile(evaluation);
  const before = await forward.run(batchAt(9));
  assert.deepEqual(before, await alone.run({ ...batchAt(9), ...state.params }));
  await session.step(batchAt(1), { learningRate: 1e-2, step: 1 });
  const after = await forward.run(batchAt(9));
  assert.notDeepEqual(after, before);
  assert.deepEqual(after, await alone.run({ ...batchAt(9), ...(await session.save()).params }));
  for (const each of [forward, alone, session]) await each.dispose();
});

Deno.test("OnnxTrainingSession.forward() runs kernels on the parameters as they are", async () => {
  const { program, state } = smallBert();
  const session = await new OnnxEngine({ threads: 1 }).train(program);
  await session.load(state);
  const name = "bert.encoder.layer.0.intermediate.dense.bias";
  const graph = new Graph();
  const bias = graph.param(name, [32]);
  graph.output("y", graph.geluGrad(bias, graph.input("dy", [32])));
  const forward = await session.forward(graph);
  const dy = new Float32Array(32).fill(1);
  for (let step = 1; step <= 2; step++) {
    const x = (await session.save()).params[name]!;
    const expected = interpret(graph, { dy, [name]: x }).y!;
    assertClose((await forward.run({ dy })).y!, expected, { what: `after ${step - 1} steps` });
    await session.step(batchAt(step), { learningRate: 0.1, step });
  }
  for (const each of [forward, session]) await each.dispose();
});

Deno.test("OnnxEngine.train() gives each parameter its gradient, shared or absent", async () => {
  const graph = new Graph();
  const [a, b] = [graph.param("a", [5]), graph.param("b", [5])];
  graph.param("unused", [5]);
  const weights = graph.input("weights", [5]);
  graph.output("loss", graph.reduceSum(graph.mul(graph.add(a, b), weights), [0]));
  const params = ["a", "b", "unused"].map((name) => ({ name, shape: [5], decays: false }));
  const bare = { beta1: 0, beta2: 0, epsilon: 1e-6, weightDecay: 0, biasCorrection: false };
  const session = await new OnnxEngine({ threads: 1 }).train({
    ...{ graph, params },
    loss: "loss",
    optimizer: bare,
  });
  const values = Float32Array.of(1, 2, 3, 4, 5);
  await session.load(freshState({ a: values, b: values, unused: values }));
  for (const [i, given] of [values, values.map((each) => -each)].entries()) {
    await session.step({ weights: given }, { learningRate: 0.1, step: i + 1 });
    const { firstMoments, params } = await session.save();
    assert.deepEqual(firstMoments.a, given);
    assert.deepEqual(firstMoments.b, given);
    assert.deepEqual(firstMoments.unused, new Float32Array(5));
    assert.deepEqual(params.unused, values);
  }
  await session.dispose();
});

Deno.test("OnnxTrainingSession.load() refuses a state of another model", async () => {
  const { program, state } = smallBert();
  const session = await new OnnxEngine({ threads: 1 }).train(program);
  const params = { ...state.params, "cls.predictions.bias": new Float32Array(3) };
  await assert.rejects(session.load({ ...state, params }), /cls.predictions.bias/);
  await session.dispose();
});

Deno.test("OnnxTrainingSession.step() refuses a batch of another size", async () => {
  const { program, state } = smallBert();
  const session = await new OnnxEngine({ threads: 1 }).train(program);
  await session.load(state);
  const batch = { ...batchAt(1), ids: new Int32Array(5) };
  await assert.rejects(session.step(batch, { learningRate: 1e-3, step: 1 }), {
    message: 'input "ids" is a Int32Array of 5, not a Int32Array of 24',
  });
  await session.dispose();
});

Deno.test("OnnxEngine.train() says that a model of 17 GB does not fit", async () => {
  const graph = new Graph();
  const table = graph.param("table", [2 ** 20, 1024]);
  const picked = graph.gatherRows(table, graph.input("ids", [1], "i32"));
  graph.output("loss", graph.reduceSum(picked, [0, 1]));
  const params = [{ name: "table", shape: [2 ** 20, 1024], decays: true }];
  const { optimizer } = smallBert().program;
  await assert.rejects(
    new OnnxEngine({ threads: 1 }).train({ graph, params, loss: "loss", optimizer }),
    (error) => {
      assert.ok(error instanceof ExperimentError);
      assert.equal(error.code, "engine/memory");
      assert.equal(
        error.message,
        "training 1073741824 parameters needs 17.2 GB of memory; the CPU engine can hold 4.29 GB",
      );
      return true;
    },
  );
});

Deno.test("OnnxTrainingSession.step() keeps nothing: memory stays level over 200 steps", async () => {
  const { program, state } = smallBert({ dropout: 0, hiddenSize: 128 });
  const session = await new OnnxEngine({ threads: 1 }).train(program);
  await session.load(state);
  const run = async (from: number, to: number) => {
    for (let step = from; step <= to; step++) {
      await session.step(batchAt(step), { learningRate: 1e-3, step });
    }
  };
  await run(1, 100);
  const before = Deno.memoryUsage();
  await run(101, 300);
  const after = Deno.memoryUsage();
  // One step makes tensors of 4 MB; a tenth of them kept would be 80 MB.
  assert.ok(after.rss - before.rss < 40e6, `grew by ${(after.rss - before.rss) / 1e6} MB`);
  await session.dispose();
});

Deno.test("a constant of a step stands again after a step of another shape", async () => {
  const graphOf = (length: number) => {
    const graph = new Graph();
    const w = graph.param("w", [1]), x = graph.input("x", [length]);
    const made = graph.exp(graph.mul(w, x));
    graph.output("loss", graph.reduceSum(made, [0]));
    graph.output("threes", graph.splat(3, [48]));
    return graph;
  };
  const program: TrainingProgram = {
    graph: graphOf(4),
    otherShapes: [graphOf(4096)],
    params: [{ name: "w", shape: [1], decays: false }],
    loss: "loss",
    optimizer: { beta1: 0, beta2: 0, epsilon: 1, weightDecay: 0, biasCorrection: false },
  };
  const session = await new OnnxEngine({ threads: 1 }).train(program);
  await session.load(freshState({ w: Float32Array.of(0.5) }));
  for (const [i, length] of [4, 4096, 4].entries()) {
    const x = new Float32Array(length).fill(1);
    const begun = await session.step({ x }, { learningRate: 1e-3, step: i + 1 });
    const { threes } = await begun.read();
    assert.deepEqual(threes, new Float32Array(48).fill(3), `step ${i + 1}`);
  }
  await session.dispose();
});

Deno.test("projections give the bits of linear layers one after the other, gradients too", async () => {
  const graphOf = (asOne: boolean): Graph => {
    const graph = new Graph();
    const x = graph.input("x", [24, 16]);
    const layers = ["q", "k", "v"].map((name) => ({
      weight: graph.param(`${name} weight`, [16, 16]),
      bias: graph.param(`${name} bias`, [16]),
    }));
    const hidden = graph.gelu(x);
    const [q, k, v] = asOne
      ? graph.projections(hidden, layers)
      : layers.map(({ weight, bias }) =>
        graph.add(graph.matmul(hidden, weight, { transposeB: true }), bias)
      );
    const mixed = graph.add(graph.mul(graph.tanh(q!), k!), graph.mul(v!, hidden));
    const loss = graph.reduceSum(graph.mul(mixed, mixed), [0, 1]);
    graph.output("loss", loss);
    const wrt = [...graph.inputs.values()];
    differentiate(graph, loss, wrt).forEach((each, i) => graph.output(`gradient ${i}`, each));
    return graph;
  };
  const stream = new Stream(8, "projections");
  const inputs = Object.fromEntries(
    [...graphOf(true).inputs].map(([name, { shape }]) => [
      name,
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => stream.normal()),
    ]),
  );
  const engine = new OnnxEngine({ threads: 1 });
  const [asOne, apart] = await Promise.all([true, false].map(async (each) => {
    const executable = await engine.compile(graphOf(each));
    const results = await executable.run(inputs);
    await executable.dispose();
    return results;
  }));
  assert.deepEqual(asOne, apart);
});
