/**
 * NER as a task: reads model and sentences, fine-tunes, predicts, scores, and
 * leaves the scores and the predicted tags.
 *
 * A task is short, so it keeps no checkpoint: a killed one starts again.
 */
import { type EntityScore, scoreEntities } from "../../benchmarks/ner/conlleval.ts";
import type { TaggedSentence } from "../../benchmarks/ner/conll.ts";
import {
  decodeTags,
  encodeSentence,
  labelsOf,
  type NerExample,
} from "../../benchmarks/ner/features.ts";
import { scoresArtifact } from "../../benchmarks/scores_artifact.ts";
import { openDevice } from "../../engine/devices.ts";
import type { Executable, TrainingSession } from "../../engine/engine.ts";
import type { Measurement, Score, TaskContext, TaskOutcome } from "../../graph/task.ts";
import { hasDropout } from "../../model/bert.ts";
import type { BertConfig } from "../../model/config.ts";
import { tokenClassifier } from "../../model/heads/heads.ts";
import { freshState, initialParams, type Params } from "../../model/init.ts";
import { classifierSpecs, encoderSpecs } from "../../model/params.ts";
import { finetune, fittingLength, type PaddedShape, predictLabels } from "../../train/finetune.ts";
import { DEFAULT_EPOCHS, type NerInputs, type NerParams } from "./ner.ts";

type Context = TaskContext<NerParams, NerInputs>;

const SPLITS = ["train", "dev", "test"] as const;
const METRICS = ["precision", "recall", "f1"] as const;

/** A split's sentences, and the same as the model takes them. */
interface Part {
  readonly sentences: readonly TaggedSentence[];
  readonly examples: readonly NerExample[];
}

/** All that a fine-tuning is made from. */
interface Material {
  readonly config: BertConfig;
  /** The encoder's parameters. */
  readonly pretrained: Params;
  readonly labels: readonly string[];
  readonly padId: number;
  readonly parts: Readonly<Record<typeof SPLITS[number], Part>>;
}

/** Does the work of an `ner` task. */
export async function runNer(context: Context): Promise<TaskOutcome> {
  const { params } = context;
  const material = await readMaterial(context);
  const { config, labels, padId, parts } = material;
  const shapeOf = (examples: readonly NerExample[]) => ({
    rows: params.rows,
    length: fittingLength(examples, params.length),
    padId,
  });
  const shape = shapeOf(parts.train.examples);
  const heldShape = shapeOf([...parts.dev.examples, ...parts.test.examples]);
  const count = { labels: labels.length };
  const training = tokenClassifier(config, { ...shape, ...count, isTraining: true });
  const labelling = tokenClassifier(config, { ...heldShape, ...count, isTraining: false });
  const engine = await openDevice(context.device);
  await using resources = new AsyncDisposableStack();
  const session = await engine.train({
    graph: training.graph,
    params: training.params.map((spec) =>
      spec.name.startsWith("classifier.")
        ? { ...spec, learningRateScale: params.headLearningRateScale }
        : spec
    ),
    loss: "loss",
    optimizer: params.optimizer,
  });
  resources.defer(() => session.dispose());
  const head = initialParams(classifierSpecs(config, labels.length), {
    seed: params.seed,
    std: config.initializerRange,
  });
  await session.load(freshState({ ...material.pretrained, ...head }));
  const trained = await train(context, { session, shape, material });
  const labeller = await session.forward(labelling.graph);
  resources.defer(() => labeller.dispose());
  const scores = await score(context, { labeller, shape: heldShape, material, trained });
  return { facts: context.inputs.model.facts, scores };
}

async function readMaterial({ params, inputs }: Context): Promise<Material> {
  const model = await inputs.model.open();
  const { train, dev, test } = await inputs.data.open();
  const encoder = model.vocabulary;
  const labels = labelsOf(train);
  const known = new Set(labels);
  const encode = (sentences: readonly TaggedSentence[]): Part => ({
    sentences,
    // A tag that training has not cannot be predicted; in the score it stays what it is.
    examples: sentences.map((each) =>
      encodeSentence(
        { ...each, tags: each.tags.map((tag) => known.has(tag) ? tag : "O") },
        { encoder, labels, length: params.length, labelPiece: params.labelPiece },
      )
    ),
  });
  const { length, dropout, attentionDropout, seed } = params;
  const use = { length, rows: "sentences", lengthParam: "length", dropout, attentionDropout };
  const config = model.configFor(use);
  const pretrained = await model.weights(encoderSpecs(config), { seed });
  const parts = { train: encode(train), dev: encode(dev), test: encode(test) };
  return { config, pretrained, labels, padId: encoder.padId, parts };
}

/** How many steps were trained, and the loss of the last epoch. */
interface Trained {
  readonly steps: number;
  readonly lossNats: number;
}

async function train(
  context: Context,
  options: {
    readonly session: TrainingSession;
    readonly shape: PaddedShape;
    readonly material: Material;
  },
): Promise<Trained> {
  const { params, signal } = context;
  const { config, parts } = options.material;
  const epochs = params.epochs ?? DEFAULT_EPOCHS;
  const progress = finetune({
    ...options,
    ...params,
    examples: parts.train.examples,
    steps: params.steps ?? Math.ceil((epochs * parts.train.examples.length) / params.rows),
    hasDropout: hasDropout(config),
    signal,
  });
  for (;;) {
    const { done, value } = await progress.next();
    if (done !== true) {
      const { step, steps, lossNats } = value;
      context.emit({ type: "progress", done: step, total: steps, unit: "steps", lossNats });
      continue;
    }
    const { steps, lossNats } = value;
    measured(context, { step: steps, name: "lossNats", split: "train", value: lossNats });
    return { steps, lossNats };
  }
}

async function score(
  context: Context,
  options: {
    readonly labeller: Executable;
    readonly shape: PaddedShape;
    readonly material: Material;
    readonly trained: Trained;
  },
): Promise<Score[]> {
  const { labeller, shape, trained } = options;
  const { labels, parts } = options.material;
  const { benchmark } = context.params;
  const scores: Score[] = [];
  const results: Record<string, EntityScore> = {}, predictions: Record<string, string> = {};
  for (const split of ["dev", "test"] as const) {
    const { sentences, examples } = parts[split];
    const places = await predictLabels(labeller, {
      examples,
      shape,
      labels: labels.length,
      signal: context.signal,
    });
    const predicted = places.map((each, i) => decodeTags(examples[i]!, each, labels));
    const result = scoreEntities(sentences.map((each) => each.tags), predicted);
    results[split] = result;
    for (const metric of METRICS) {
      const value = result[metric];
      scores.push({ benchmark, metric, split, value });
      measured(context, { step: trained.steps, name: metric, split, value });
    }
    predictions[`${split}.predicted.tsv`] = predictionsText(sentences, predicted);
  }
  const summary = { benchmark, ...trained, ...results };
  await scoresArtifact.write(context.outDir, { summary, predictions });
  return scores;
}

/** Word, gold tag and predicted tag a line: what the conlleval script reads. */
function predictionsText(
  sentences: readonly TaggedSentence[],
  predicted: readonly (readonly string[])[],
): string {
  const blocks = sentences.map(({ words, tags }, i) =>
    words.map((word, j) => `${word}\t${tags[j]}\t${predicted[i]![j]}\n`).join("")
  );
  return blocks.map((block) => `${block}\n`).join("");
}

function measured(context: Context, measurement: Measurement): void {
  context.emit({ type: "measurement", ...measurement });
}
