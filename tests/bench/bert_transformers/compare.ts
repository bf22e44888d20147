/**
 * A BERT of full size in Titrate and in transformers: the encoder's output, losses of both heads,
 * and weights after steps of AdamW, from one folder of drawn weights.
 *
 * Run by hand, as it takes minutes and up to 6 GB; torch and transformers must be in PYTHON:
 *
 *     deno run --allow-read --allow-run=PYTHON --allow-ffi --allow-env --allow-sys \
 *       tests/bench/bert_transformers/compare.ts PYTHON SIZE FOLDER VOCAB STEPS
 *
 * SIZE is base or large; FOLDER is filled, and may be deleted after; VOCAB is a vocab.txt.
 */
import assert from "node:assert/strict";
import { openDevice } from "../../../lib/engine/devices.ts";
import type { Tensors } from "../../../lib/engine/engine.ts";
import { Graph } from "../../../lib/engine/ir/graph.ts";
import { buildEncoder, PADDING_BIAS } from "../../../lib/model/bert.ts";
import type { BertConfig } from "../../../lib/model/config.ts";
import { maskedLanguageModel, nextSentenceModel } from "../../../lib/model/heads/heads.ts";
import { freshState } from "../../../lib/model/init.ts";
import { readModelFolder } from "../../../lib/model/weights/folder.ts";
import { SafetensorsFile } from "../../../lib/model/weights/safetensors.ts";

/** What reference.py leaves in batch.json. */
interface Reference {
  readonly rows: number;
  readonly length: number;
  readonly rowLengths: readonly number[];
  readonly ids: readonly number[];
  readonly tokenTypes: readonly number[];
  readonly slots: readonly number[];
  readonly targets: readonly number[];
  readonly follows: readonly number[];
  readonly rate: number;
  readonly losses: readonly number[];
  readonly nextSentenceLosses: readonly number[];
  readonly steps: readonly { readonly loss: number; readonly gradientNorm: number }[];
}

// deno-lint-ignore no-console -- a bench prints
const say = console.log;

/** What is allowed: of the largest value there, and of how far steps moved the weights. */
const OUTPUTS_WITHIN = 1e-5, WEIGHTS_WITHIN = 1e-4;

const [python, size, folder, vocabulary, steps] = Deno.args as [string, string, ...string[]];
const script = new URL("reference.py", import.meta.url).pathname;
const made = await new Deno.Command(python, {
  args: [script, size, folder!, vocabulary!, steps!],
  stdout: "inherit",
  stderr: "inherit",
}).output();
if (!made.success) Deno.exit(1);

const reference: Reference = JSON.parse(await Deno.readTextFile(`${folder}/batch.json`));
const { config: read, params, notes } = await readModelFolder(folder!);
assert.deepEqual(notes, []);
const config: BertConfig = { ...read, dropout: 0, attentionDropout: 0 };
const { rows, length } = reference;
const segments = {
  ids: Int32Array.from(reference.ids),
  tokenTypes: Int32Array.from(reference.tokenTypes),
  attentionBias: Float32Array.from(
    reference.rowLengths.flatMap((own) =>
      Array.from({ length }, (_, place) => place < own ? 0 : PADDING_BIAS)
    ),
  ),
};
const predicted = {
  maskedPositions: Int32Array.from(reference.slots),
  targets: Int32Array.from(reference.targets),
};
const nextSentence = Int32Array.from(reference.follows);
const predictions = reference.slots.length;
const engine = await openDevice({ name: "cpu", threads: 2 });

await compareOutputs();
if (reference.steps.length > 0) await compareTraining();

async function compareOutputs() {
  const graph = new Graph();
  const { hidden } = buildEncoder(graph, config, {
    rows,
    length,
    isTraining: false,
    isPadded: true,
    hasSegments: true,
    headSpecs: [],
  });
  graph.output("hidden", hidden);
  using file = await SafetensorsFile.open(`${folder}/hidden.safetensors`);
  const wanted = await file.read("hidden"), ours = (await run(graph, segments))["hidden"]!;
  const width = config.hiddenSize;
  // Padded places mean nothing.
  const isReal = (i: number) => {
    const place = Math.floor(i / width);
    return place % length < reference.rowLengths[Math.floor(place / length)]!;
  };
  tell(
    "the encoder's output",
    ours.filter((_, i) => isReal(i)),
    wanted.filter((_, i) => isReal(i)),
  );
  const shape = { rows, length, predictions, isTraining: false, nextSentence: true };
  const { losses } = await run(maskedLanguageModel(config, shape).graph, {
    ...segments,
    ...predicted,
  });
  tell("losses of masked pieces", losses!, reference.losses);
  const next = await run(nextSentenceModel(config, shape).graph, { ...segments, nextSentence });
  tell("losses of next sentences", next["losses"]!, reference.nextSentenceLosses);
}

async function compareTraining() {
  const shape = { rows, length, predictions, isTraining: true, nextSentence: true };
  const model = maskedLanguageModel(config, shape);
  const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weightDecay: 0.01 };
  const session = await engine.train({
    ...model,
    loss: "loss",
    optimizer: { ...optimizer, biasCorrection: true, clipNorm: 1 },
  });
  await session.load(freshState(params));
  const weights = new Float32Array(predictions).fill(1);
  const told: { loss: number; gradientNorm: number }[] = [];
  for (const step of reference.steps.keys()) {
    const batch = { ...segments, ...predicted, weights, nextSentence };
    const begun = await session.step(batch, { learningRate: reference.rate, step: step + 1 });
    const { loss, gradientNorm } = await begun.read();
    told.push({ loss: loss![0]!, gradientNorm: gradientNorm![0]! });
  }
  const after = await session.saveParams();
  await session.dispose();
  for (const name of ["loss", "gradientNorm"] as const) {
    tell(
      `${name} by step`,
      told.map((each) => each[name]),
      reference.steps.map((each) => each[name]),
    );
  }
  using file = await SafetensorsFile.open(`${folder}/after.safetensors`);
  let apart = 0, moved = 0, most = 0;
  for (const { name } of model.params) {
    const wanted = await file.read(name), ours = after[name]!, before = params[name]!;
    for (let i = 0; i < wanted.length; i++) {
      apart += (ours[i]! - wanted[i]!) ** 2;
      moved += (wanted[i]! - before[i]!) ** 2;
      most = Math.max(most, Math.abs(ours[i]! - wanted[i]!));
    }
  }
  const share = Math.sqrt(apart / moved);
  const { length: count } = reference.steps;
  say(
    `weights after ${count} steps: apart by ${
      share.toExponential(1)
    } of how far these moved them, ` +
      `a single one by ${most.toExponential(1)} at most`,
  );
  assert.ok(share < WEIGHTS_WITHIN);
}

async function run(graph: Graph, data: Tensors): Promise<Tensors> {
  const own = Object.entries(params).filter(([name]) => graph.inputs.has(name));
  const compiled = await engine.compile(graph, Object.fromEntries(own));
  try {
    return await compiled.run(data);
  } finally {
    await compiled.dispose();
  }
}

function tell(what: string, ours: ArrayLike<number>, wanted: ArrayLike<number>) {
  assert.equal(ours.length, wanted.length);
  let apart = 0, largest = 0;
  for (let i = 0; i < wanted.length; i++) {
    apart = Math.max(apart, Math.abs(ours[i]! - wanted[i]!));
    largest = Math.max(largest, Math.abs(wanted[i]!));
  }
  say(
    `${what}: ${wanted.length} values up to ${largest.toPrecision(3)}, apart by at most ` +
      `${apart.toExponential(1)}, ${(apart / largest).toExponential(1)} of that`,
  );
  assert.ok(apart < OUTPUTS_WITHIN * largest);
}
