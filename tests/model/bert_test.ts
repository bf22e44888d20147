import assert from "node:assert/strict";
import type { Engine, Tensors } from "../../lib/engine/engine.ts";
import { differentiate } from "../../lib/engine/ir/grad.ts";
import { type Graph, sizeOf } from "../../lib/engine/ir/graph.ts";
import { withGradients } from "../../lib/engine/onnx/training_session.ts";
import { PADDING_BIAS } from "../../lib/model/bert.ts";
import { bertConfig } from "../../lib/model/config.ts";
import { encoderFlops, pretrainingFlops, trainingFlops } from "../../lib/model/flops.ts";
import {
  classifier,
  maskedLanguageModel,
  type ModelGraph,
  nextSentenceModel,
} from "../../lib/model/heads/heads.ts";
import { batchRows } from "../../lib/train/row_batch.ts";
import { withFrozen } from "../../lib/train/param_groups.ts";
import { testOnEachDevice } from "../engine/each_device.ts";
import golden from "./golden/bert_golden.json" with { type: "json" };

const ROWS = 2, LENGTH = 7;
const CONFIG = bertConfig(
  { vocabSize: 23, layers: 2, hiddenSize: 8, heads: 2, intermediateSize: 16 },
  { positions: 12, dropout: 0, attentionDropout: 0 },
);
const IDS = Int32Array.from({ length: ROWS * LENGTH }, (_, i) => 1 + (5 * i + 3) % 22);

/** The weights of make_bert_golden.py. */
function formulaWeights(model: ModelGraph): Tensors {
  return Object.fromEntries(model.params.map(({ name, shape }) => {
    const shift = name.endsWith("LayerNorm.weight") ? 1 : 0;
    const values = Float32Array.from(
      { length: sizeOf(shape) },
      (_, i) => Math.fround(0.4 * Math.sin(i + name.length)) + shift,
    );
    return [name, values];
  }));
}

function addGradients(model: ModelGraph): void {
  const { graph, params } = model;
  const wrt = params.map((each) => graph.inputs.get(each.name)!);
  differentiate(graph, graph.outputs.get("loss")!, wrt).forEach((gradient, i) =>
    graph.output(`gradient ${params[i]!.name}`, gradient)
  );
}

function checkGradients(outputs: Tensors, expected: Readonly<Record<string, number>>): void {
  for (const [name, norm] of Object.entries(expected)) {
    const gradient = outputs[`gradient ${name}`] as Float32Array | undefined;
    assert(gradient !== undefined, `${name} has no gradient`);
    close(Math.hypot(...gradient), norm, `gradient of ${name}`);
  }
}

/** Both sides compute in f32, so a few units of 1e-6 of the scale of the values (about 1). */
function close(actual: number, expected: number, what: string): void {
  const error = Math.abs(actual - expected);
  assert(error < 5e-6 * Math.max(1, Math.abs(expected)), `${what}: ${actual}, not ${expected}`);
}

async function run(engine: Engine, graph: Graph, inputs: Tensors): Promise<Tensors> {
  const compiled = await engine.compile(graph);
  try {
    return await compiled.run(inputs);
  } finally {
    await compiled.dispose();
  }
}

testOnEachDevice("maskedLanguageModel() equals Hugging Face's BERT", async (engine) => {
  const shape = { rows: ROWS, length: LENGTH, predictions: 4 };
  const batch = {
    ids: IDS,
    maskedPositions: Int32Array.of(1, 4, 9, 12),
    targets: Int32Array.of(7, 14, 20, 11),
  };
  const training = maskedLanguageModel(CONFIG, { ...shape, isTraining: true });
  addGradients(training);
  const weights = formulaWeights(training);
  const outputs = await run(engine, training.graph, {
    ...weights,
    ...batch,
    weights: Float32Array.of(1, 1, 1, 0),
  });
  close(outputs.loss![0]!, golden.masked.loss, "loss");
  checkGradients(outputs, golden.masked.gradientNorms);

  const measuring = maskedLanguageModel(CONFIG, { ...shape, isTraining: false });
  const measured = await run(engine, measuring.graph, { ...weights, ...batch });
  golden.masked.losses.forEach((loss, i) => close(measured.losses![i]!, loss, `loss ${i}`));
  assert.deepEqual([...measured.hits!], golden.masked.hits);
});

testOnEachDevice("classifier() of tokens equals Hugging Face's BERT", async (engine) => {
  const head = { kind: "tokens", labels: 3 } as const;
  const shape = { rows: ROWS, length: LENGTH, head };
  const lengths = [7, 5];
  const isReal = Array.from(IDS, (_, i) => i % LENGTH < lengths[Math.floor(i / LENGTH)]!);
  const batch = {
    ids: IDS,
    attentionBias: Float32Array.from(isReal, (real) => real ? 0 : PADDING_BIAS),
  };
  const labels = [-1, 0, 1, -1, 2, 0, -1, -1, 2, 1, 0, -1, -1, -1];
  const training = classifier(CONFIG, { ...shape, isTraining: true });
  addGradients(training);
  const weights = formulaWeights(training);
  const outputs = await run(engine, training.graph, {
    ...weights,
    ...batch,
    targets: Int32Array.from(labels, (label) => Math.max(0, label)),
    weights: Float32Array.from(labels, (label) => label < 0 ? 0 : 1),
  });
  close(outputs.loss![0]!, golden.tagged.loss, "loss");
  checkGradients(outputs, golden.tagged.gradientNorms);

  const labelling = classifier(CONFIG, { ...shape, isTraining: false });
  const { logits } = await run(engine, labelling.graph, { ...weights, ...batch });
  const places = [...isReal.keys()].filter((i) => isReal[i]);
  golden.tagged.logits.forEach((expected, i) =>
    expected.forEach((value, label) =>
      close(logits![places[i]! * 3 + label]!, value, `logit ${label} of place ${places[i]}`)
    )
  );
});

/** Two rows of 7 and 5 pieces, of two segments, as in make_bert_golden.py. */
const SEGMENTED = {
  ids: IDS,
  attentionBias: Float32Array.from(IDS, (_, i) => i < 12 ? 0 : PADDING_BIAS),
  tokenTypes: Int32Array.of(0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0),
};

testOnEachDevice("classifier() of pairs of segments equals Hugging Face's BERT", async (engine) => {
  const head = { kind: "sequence", labels: 3 } as const;
  const shape = { rows: ROWS, length: LENGTH, head, hasSegments: true };
  const training = classifier(CONFIG, { ...shape, isTraining: true });
  addGradients(training);
  const weights = formulaWeights(training);
  const outputs = await run(engine, training.graph, {
    ...weights,
    ...SEGMENTED,
    targets: Int32Array.of(2, 0),
    weights: Float32Array.of(1, 1),
  });
  close(outputs.loss![0]!, golden.pairs.loss, "loss");
  checkGradients(outputs, golden.pairs.gradientNorms);
  const forward = classifier(CONFIG, { ...shape, isTraining: false });
  const { logits } = await run(engine, forward.graph, { ...weights, ...SEGMENTED });
  golden.pairs.logits.flat().forEach((value, i) => close(logits![i]!, value, `logit ${i}`));
});

testOnEachDevice("classifier() of spans equals Hugging Face's BERT", async (engine) => {
  const shape = { rows: ROWS, length: LENGTH, head: { kind: "span" }, hasSegments: true } as const;
  const training = classifier(CONFIG, { ...shape, isTraining: true });
  addGradients(training);
  const weights = formulaWeights(training);
  const outputs = await run(engine, training.graph, {
    ...weights,
    ...SEGMENTED,
    targets: Int32Array.of(1, 4, 2, 3),
    weights: Float32Array.of(1, 1, 1, 1),
  });
  close(outputs.loss![0]!, golden.answers.loss, "loss");
  checkGradients(outputs, golden.answers.gradientNorms);
  const forward = classifier(CONFIG, { ...shape, isTraining: false });
  const { logits } = await run(engine, forward.graph, { ...weights, ...SEGMENTED });
  const { begins, ends } = golden.answers;
  begins.flat().forEach((value, i) => close(logits![2 * i]!, value, `begin ${i}`));
  ends.flat().forEach((value, i) => close(logits![2 * i + 1]!, value, `end ${i}`));
});

/** The two rows of 7 and 5 pieces, the second of which is padded, without padding. */
function unpadded(pieces: number) {
  const examples = [0, 1].map((row) => {
    const at = (values: Int32Array) => values.slice(row * LENGTH, row * LENGTH + [7, 5][row]!);
    const ids = at(IDS);
    return { ids, tokenTypes: at(SEGMENTED.tokenTypes), targets: ids };
  });
  const shape = { rows: ROWS, length: LENGTH, pieces, padId: 0, hasSegments: true };
  return { ...batchRows(examples, shape) };
}

for (const pieces of [12, 14]) {
  const shape = { rows: ROWS, length: LENGTH, pieces, isTraining: true };
  const lossOf = async (engine: Engine, model: ModelGraph, learned: Tensors) => {
    addGradients(model);
    const data = { ...unpadded(pieces), ...learned };
    return await run(engine, model.graph, { ...formulaWeights(model), ...data });
  };

  testOnEachDevice(
    `classifier() without padding equals Hugging Face's BERT with it, in ${pieces} pieces`,
    async (engine) => {
      const labels = [-1, 0, 1, -1, 2, 0, -1, -1, 2, 1, 0, -1, -1, -1].slice(0, pieces);
      const tokens = classifier(CONFIG, { ...shape, head: { kind: "tokens", labels: 3 } });
      const tagged = await lossOf(engine, tokens, {
        targets: Int32Array.from(labels, (label) => Math.max(0, label)),
        weights: Float32Array.from(labels, (label) => label < 0 ? 0 : 1),
      });
      close(tagged.loss![0]!, golden.tagged.loss, "loss of tokens");
      checkGradients(tagged, golden.tagged.gradientNorms);

      const sequence = { kind: "sequence", labels: 3 } as const;
      const pairs = await lossOf(
        engine,
        classifier(CONFIG, { ...shape, head: sequence, hasSegments: true }),
        { targets: Int32Array.of(2, 0), weights: Float32Array.of(1, 1) },
      );
      close(pairs.loss![0]!, golden.pairs.loss, "loss of pairs");
      checkGradients(pairs, golden.pairs.gradientNorms);
    },
  );
}

testOnEachDevice(
  "classifier() of spans without padding has each row's own places compete",
  async (engine) => {
    const head = { kind: "span" } as const, pieces = 12;
    const lossOf = async (model: ModelGraph, inputs: Tensors) =>
      (await run(engine, model.graph, { ...formulaWeights(model), ...inputs })).loss![0]!;
    const shape = { head, isTraining: true, hasSegments: true };
    const together = await lossOf(
      classifier(CONFIG, { ...shape, rows: ROWS, length: LENGTH, pieces }),
      {
        ...unpadded(pieces),
        targets: Int32Array.of(1, 4, 2, 3),
        weights: Float32Array.of(1, 1, 1, 1),
      },
    );
    const alone = [[1, 4], [2, 3]].map((ends, row) => {
      const length = [7, 5][row]!, start = row * LENGTH;
      return lossOf(classifier(CONFIG, { ...shape, rows: 1, length }), {
        ids: IDS.slice(start, start + length),
        tokenTypes: SEGMENTED.tokenTypes.slice(start, start + length),
        attentionBias: new Float32Array(length),
        targets: Int32Array.from(ends),
        weights: Float32Array.of(1, 1),
      });
    });
    const [first, second] = await Promise.all(alone);
    close(together, (first! + second!) / 2, "loss");
  },
);

testOnEachDevice(
  "maskedLanguageModel() of pairs equals Hugging Face's BERT with both heads",
  async (engine) => {
    const shape = { rows: ROWS, length: LENGTH, predictions: 4, nextSentence: true };
    const batch = {
      ...SEGMENTED,
      maskedPositions: Int32Array.of(1, 4, 9, 12),
      targets: Int32Array.of(7, 14, 20, 11),
      weights: Float32Array.of(1, 1, 1, 0),
      nextSentence: Int32Array.of(1, 0),
    };
    const { maskedLoss, nextSentenceLosses, gradientNorms, hits } = golden.nextSentence;
    const mean = (nextSentenceLosses[0]! + nextSentenceLosses[1]!) / 2;
    const training = maskedLanguageModel(CONFIG, { ...shape, isTraining: true });
    addGradients(training);
    const weights = formulaWeights(training);
    const outputs = await run(engine, training.graph, { ...weights, ...batch });
    close(outputs.loss![0]!, maskedLoss + mean, "loss");
    close(outputs.maskedLoss![0]!, maskedLoss, "masked loss");
    close(outputs.nextSentenceLoss![0]!, mean, "next-sentence loss");
    checkGradients(outputs, gradientNorms);

    const measuring = nextSentenceModel(CONFIG, { rows: ROWS, length: LENGTH });
    const measured = await run(engine, measuring.graph, { ...weights, ...batch });
    nextSentenceLosses.forEach((loss, i) => close(measured.losses![i]!, loss, `loss ${i}`));
    assert.deepEqual([...measured.hits!], hits);
  },
);

testOnEachDevice("the losses of micro-batches add up to that of the batch", async (engine) => {
  const shape = { length: LENGTH, isTraining: true, nextSentence: true };
  const whole = maskedLanguageModel(CONFIG, { ...shape, rows: 2, predictions: 4 });
  const part = maskedLanguageModel(CONFIG, { ...shape, rows: 1, predictions: 3, partOf: 2 });
  const weights = formulaWeights(whole);
  const { loss, maskedLoss, nextSentenceLoss } = await run(engine, whole.graph, {
    ...weights,
    ...SEGMENTED,
    maskedPositions: Int32Array.of(1, 4, 5, 9),
    targets: Int32Array.of(7, 14, 3, 20),
    weights: Float32Array.of(1, 1, 1, 1),
    nextSentence: Int32Array.of(1, 0),
  });
  // Three predictions in the one row, one in the other: no mean of the two means.
  const rows = [
    { maskedPositions: [1, 4, 5], targets: [7, 14, 3], weights: [1, 1, 1], nextSentence: [1] },
    { maskedPositions: [2, 0, 0], targets: [20, 0, 0], weights: [1, 0, 0], nextSentence: [0] },
  ];
  const sums = { loss: 0, maskedLoss: 0, nextSentenceLoss: 0 };
  for (const [i, row] of rows.entries()) {
    const [from, to] = [i * LENGTH, (i + 1) * LENGTH];
    const made = await run(engine, part.graph, {
      ...weights,
      ids: SEGMENTED.ids.slice(from, to),
      attentionBias: SEGMENTED.attentionBias.slice(from, to),
      tokenTypes: SEGMENTED.tokenTypes.slice(from, to),
      maskedPositions: Int32Array.from(row.maskedPositions),
      targets: Int32Array.from(row.targets),
      weights: Float32Array.from(row.weights),
      nextSentence: Int32Array.from(row.nextSentence),
      weightTotal: Float32Array.of(4),
    });
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += made[name]![0]!;
  }
  close(sums.loss, loss![0]!, "loss");
  close(sums.maskedLoss, maskedLoss![0]!, "masked loss");
  close(sums.nextSentenceLoss, nextSentenceLoss![0]!, "next-sentence loss");
});

testOnEachDevice("dropout changes the loss with the step and not between runs", async (engine) => {
  const config = { ...CONFIG, dropout: 0.2, attentionDropout: 0.3 };
  const model = maskedLanguageModel(config, {
    rows: ROWS,
    length: LENGTH,
    predictions: 2,
    isTraining: true,
  });
  const inputs = {
    ...formulaWeights(model),
    ids: IDS,
    maskedPositions: Int32Array.of(1, 9),
    targets: Int32Array.of(7, 20),
    weights: Float32Array.of(1, 1),
  };
  const compiled = await engine.compile(model.graph);
  const lossAt = async (step: number) =>
    (await compiled.run({ ...inputs, dropoutSeed: Int32Array.of(5, step) })).loss![0]!;
  const losses = [await lossAt(1), await lossAt(2), await lossAt(1)];
  await compiled.dispose();
  assert.equal(losses[0], losses[2]);
  assert.notEqual(losses[0], losses[1]);
});

Deno.test("pretrainingFlops() and encoderFlops() are what trainingFlops() counts in the graph", () => {
  for (const attentionDropout of [0, 0.1]) {
    for (const nextSentence of [false, true]) {
      for (const frozenLayers of [undefined, 0, 1, 2]) {
        const config = { ...CONFIG, attentionDropout };
        const shape = { rows: 3, length: 9, predictions: 5, nextSentence, frozenLayers };
        const what = JSON.stringify(shape);
        const masked = maskedLanguageModel(config, { ...shape, isTraining: true });
        const counted = trainingFlops(masked.graph, withFrozen(masked.params, frozenLayers));
        assert.equal(counted, pretrainingFlops(config, shape), what);
        const head = { kind: "tokens", labels: 2 } as const;
        const tagger = classifier(config, { rows: 3, length: 9, head, isTraining: true });
        const ofHead = (frozenLayers === 2 ? 2 : 3) * 2 * 27 * CONFIG.hiddenSize * 2;
        const all = trainingFlops(tagger.graph, withFrozen(tagger.params, frozenLayers));
        assert.equal(all - ofHead, encoderFlops(config, shape), what);
      }
    }
  }
});

Deno.test("a step of micro-batches takes the operations of the whole batch", () => {
  for (const nextSentence of [false, true]) {
    const shape = { length: 9, isTraining: true, nextSentence };
    const whole = maskedLanguageModel(CONFIG, { ...shape, rows: 6, predictions: 12 });
    const part = maskedLanguageModel(CONFIG, { ...shape, rows: 2, predictions: 4, partOf: 6 });
    assert.equal(3 * trainingFlops(part.graph), trainingFlops(whole.graph));
  }
});

Deno.test("no gradient is computed below the lowest trained layer", () => {
  const shape = { rows: 3, length: 9, predictions: 5, isTraining: true };
  const { graph, params } = maskedLanguageModel(CONFIG, shape);
  const optimizer = { beta1: 0, beta2: 0, epsilon: 1, weightDecay: 0, biasCorrection: false };
  const productsOf = (frozenLayers: number | undefined) => {
    const program = { graph, params: withFrozen(params, frozenLayers), loss: "loss", optimizer };
    const { nodes, outputs } = withGradients(program);
    return {
      products: nodes.filter(({ op }) => op === "matmul").length,
      attentions: nodes.filter(({ op }) => op === "attentionGrad").length,
      scattered: nodes.filter(({ op }) => op === "scatterAddRows").length,
      gradients: [...outputs.keys()].filter((name) => name.startsWith("gradient of")).length,
    };
  };
  const all = productsOf(undefined), frozen = productsOf(1);
  assert.equal(all.gradients, params.length);
  assert.equal(frozen.gradients, params.filter(({ depth }) => depth > 1).length);
  assert(frozen.products < all.products);
  // The embeddings have no gradient, neither as embeddings nor as the decoder.
  assert.deepEqual([all.scattered > 0, frozen.scattered], [true, 1]);
});

Deno.test("every parameter that a layer declares is read by the graph of its model", () => {
  const shape = { rows: 3, length: 9, isTraining: true };
  const models = [
    maskedLanguageModel(CONFIG, { ...shape, predictions: 5 }),
    maskedLanguageModel(CONFIG, { ...shape, predictions: 5, nextSentence: true }),
    nextSentenceModel(CONFIG, shape),
    classifier(CONFIG, { ...shape, head: { kind: "sequence", labels: 2 } }),
    classifier(CONFIG, { ...shape, head: { kind: "span" }, hasSegments: true }),
  ];
  for (const { graph, params } of models) {
    const read = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
    const unread = params.filter(({ name }) => !read.has(graph.inputs.get(name)!));
    assert.deepEqual(unread, []);
  }
});
