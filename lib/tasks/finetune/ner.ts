/**
 * The task kind `ner`: fine-tunes a model on named entities and scores it.
 *
 * Its parameters and what they cost; the work itself is in `ner_run.ts`.
 */
import { z } from "zod";
import { nerDataArtifact } from "../../benchmarks/ner/data.ts";
import { scoresArtifact } from "../../benchmarks/scores_artifact.ts";
import { one } from "../../graph/kind.ts";
import type { Metric, TaskKind } from "../../graph/task.ts";
import { modelArtifact } from "../../model/weights/model_artifact.ts";
import { optimizerSchema, seedSchema } from "../training_params.ts";

const schema = z.strictObject({
  benchmark: z.string().min(1).default("ner").describe("What the results view calls the data set."),
  epochs: z.number().positive().optional().describe(
    "Passes over the training sentences; not together with `steps`; absent, as `steps`: 10.",
  ),
  steps: z.int().min(1).optional().describe("Optimizer updates, in place of epochs."),
  rows: z.int().min(1).default(16).describe("Sentences a batch."),
  length: z.int().min(8).default(128).describe(
    "The most pieces of a sentence, [CLS] and [SEP] counted; words beyond it count as O.",
  ),
  learningRate: z.number().positive().default(3e-5).describe(
    "The full learning rate of the model.",
  ),
  headLearningRateScale: z.number().positive().default(1).describe(
    "Factor on the learning rate of the fresh classifier.",
  ),
  warmupFraction: z.number().min(0).lt(1).default(0.1).describe(
    "Share of the steps over which the learning rate rises; then it falls to 0.",
  ),
  optimizer: optimizerSchema({ biasCorrection: true }).prefault({}).describe("AdamW."),
  dropout: z.number().min(0).lt(1).default(0.1).describe(
    "Dropout in the model and before the classifier.",
  ),
  attentionDropout: z.number().min(0).lt(1).optional().describe(
    "Dropout of attention probabilities; absent: as `dropout`.",
  ),
  labelPiece: z.enum(["first", "last"]).default("first").describe(
    "Which piece of a word carries its label, in training and in prediction.",
  ),
  seed: seedSchema,
});

/** The parameters of an NER fine-tuning. */
export type NerParams = z.output<typeof schema>;

/** Passes over the training sentences when a spec says neither `epochs` nor `steps`. */
export const DEFAULT_EPOCHS = 10;

const percent = { better: "higher", range: [0, 100], unit: "percent" } as const;

/** What NER is scored by, as conlleval counts. */
const NER_METRICS: Readonly<Record<string, Metric>> = {
  precision: {
    ...percent,
    isHeadline: false,
    about: "Predicted entities that are right, of all predicted.",
  },
  recall: { ...percent, isHeadline: false, about: "Entities that were found, of all there are." },
  f1: { ...percent, isHeadline: true, about: "Harmonic mean of precision and recall." },
};

const inputs = {
  model: one(modelArtifact, "the model to fine-tune"),
  data: one(nerDataArtifact, "sentences with tags: train, dev and test"),
};

/** What an NER fine-tuning reads. */
export type NerInputs = typeof inputs;

/** The kind `ner`. */
export const ner: TaskKind<NerParams, NerInputs> = {
  kind: "ner",
  version: 1,
  about: "Fine-tunes a model on named entities and scores it as conlleval does.",
  params: schema,
  inputs,
  produces: { "": scoresArtifact.type },
  isNumeric: true,
  entry: import.meta.url,
  check: ({ epochs, steps }) =>
    epochs !== undefined && steps !== undefined
      ? [{
        path: "steps",
        message: "both steps and epochs say how long to train",
        mend: "remove one of them",
      }]
      : [],
  metrics: NER_METRICS,
  scores: ({ benchmark }) =>
    ["dev", "test"].flatMap((split) =>
      Object.keys(NER_METRICS).map((metric) => ({ benchmark, metric, split }))
    ),
  seed: (params) => params.seed,
  // Epochs are of sentences that are not counted before the data is there.
  estimate: ({ steps, rows, length }) =>
    steps === undefined ? {} : { steps, tokens: steps * rows * length },
  async run(context) {
    const { runNer } = await import("./run.ts");
    return await runNer(context);
  },
};
