/** What a pre-training takes: parameters and inputs; what does not go together, and what it costs. */
import { z } from "zod";
import type { JsonObject } from "../../base/canonical.ts";
import { one, optional } from "../../graph/kind.ts";
import type { Estimate, ParamFault, UpstreamInputs } from "../../graph/task.ts";
import { BERT_PRESETS, type BertConfig, type BertPreset, modelSizes } from "../../model/config.ts";
import { pretrainingFlops } from "../../model/flops.ts";
import { countParameters, encoderSpecs, maskedLanguageHeadSpecs } from "../../model/params.ts";
import { modelArtifact } from "../../model/weights/model_artifact.ts";
import { shardsArtifact } from "../../text/pieces/shards_artifact.ts";
import { predictionsPerRow } from "../../train/batches.ts";
import { scheduleFaults } from "../../train/schedule.ts";
import { choiceArtifact } from "../reduce/choice_artifact.ts";
import {
  frozenLayersSchema,
  microBatchFaults,
  microBatchSchema,
  optimizerSchema,
  seedSchema,
} from "../training_params.ts";
import { upstreamConfig } from "../upstream.ts";

const size = (about: string) => z.int().min(1).describe(about);

const modelSchema = z.strictObject({
  preset: z.enum(Object.keys(BERT_PRESETS) as [BertPreset, ...BertPreset[]]).optional().describe(
    "Sizes by name; sizes given beside it replace its own.",
  ),
  layers: size("Layers of the encoder.").optional(),
  hiddenSize: size("Width of the encoder, a multiple of heads.").optional(),
  heads: size("Attention heads a layer.").optional(),
  intermediateSize: size("Width inside the feed-forward blocks; absent: 4 times hiddenSize.")
    .optional(),
  positions: size("The longest row in pieces that the model can ever take.").default(512),
  initializerRange: z.number().positive().lt(1).default(0.02).describe(
    "Standard deviation of fresh weights; small models leave their plateau sooner with more.",
  ),
});

const rate = { learningRate: z.number().positive().describe("The full learning rate.") };
const warmup = {
  warmup: z.int().min(0).default(0).describe("Steps over which the learning rate rises."),
};

const scheduleSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("constant"), ...rate, ...warmup }),
  z.strictObject({
    kind: z.literal("linear"),
    ...rate,
    ...warmup,
    horizon: z.int().min(1).optional().describe(
      "The step at which the rate reaches 0, whatever `steps` is; absent: `steps`.",
    ),
  }),
  z.strictObject({
    kind: z.literal("trapezoid"),
    ...rate,
    ...warmup,
    cooldown: z.union([
      z.strictObject({ steps: z.int().min(1) }),
      z.strictObject({ fraction: z.number().gt(0).max(1) }),
    ]).describe("The fall to 0 at the end, in steps or as a share of `steps`."),
  }),
]);

/** As in BERT's code. */
const DUPE_FACTOR = 10;
/** As in BERT's code. */
const SHORT_ROWS = 0.1;

const schema = z.strictObject({
  model: modelSchema.optional().describe("A fresh model; not together with `init`."),
  tokens: size("Use only so many tokens from the corpus's beginning; absent: all.").optional(),
  steps: z.int().min(0).describe("Optimizer updates; 0 only measures."),
  rowPieces: z.int().min(8).default(128).describe("Pieces a row, [CLS] and [SEP] counted."),
  rows: size("Rows a batch.").default(64),
  maskRate: z.number().gt(0).max(1).default(0.15).describe(
    "Share of positions to predict in training; measurements always use 0.15.",
  ),
  maxPredictions: size(
    "At most so many predictions a row; absent: as many as the rate gives a full row, at 0.15 " +
      "within BERT's own limits of 20 at 128 pieces and 77 at 512.",
  ).optional(),
  masking: z.enum(["dynamic", "static"]).default("dynamic").describe(
    "Whether a row is masked anew at every visit, or, as in BERT, once in each of `dupeFactor` " +
      "copies of the corpus, all of which an epoch visits.",
  ),
  dupeFactor: size("Copies of the corpus under static masking.").default(DUPE_FACTOR),
  wholeWords: z.boolean().default(false).describe(
    "Whether all pieces of a word are masked together; measurements always mask single pieces.",
  ),
  nextSentence: z.boolean().default(false).describe(
    "Whether rows are pairs of segments as BERT builds them, and the model also learns which " +
      "second segments follow; takes text of sentences and documents.",
  ),
  shortRows: z.number().min(0).max(1).default(SHORT_ROWS).describe(
    "Under nextSentence: the probability that a document's pairs are shorter than a row.",
  ),
  schedule: scheduleSchema.describe("The learning rate by step."),
  optimizer: optimizerSchema({ biasCorrection: false }).prefault({}).describe("AdamW."),
  dropout: z.number().min(0).lt(1).default(0.1).describe(
    "Dropout after embeddings and in every block.",
  ),
  attentionDropout: z.number().min(0).lt(1).optional().describe(
    "Dropout of attention probabilities; absent: as `dropout`.",
  ),
  measureEvery: size(
    "Measure on held-out text at every multiple of this step, besides step 0 and the end.",
  ).optional(),
  microBatch: microBatchSchema,
  frozenLayers: frozenLayersSchema,
  head: z.enum(["auto", "fresh"]).default("auto").describe(
    "What stands above the encoder of `init`: gone on from, and drawn where it lacks (auto), or " +
      "drawn afresh (fresh).",
  ),
  carryMoments: z.boolean().default(false).describe(
    "Whether the optimizer goes on with the moments of `init`'s training; else they begin at 0.",
  ),
  evaluation: z.strictObject({
    rows: size("Held-out rows, and pairs under nextSentence, to measure on, at most.").default(256),
    trainingRows: z.int().min(0).default(0).describe(
      "Rows of the training text, at most, to measure on as on held-out rows: tells context that " +
        "is of use from context learnt by heart. 0: none.",
    ),
  }).prefault({}).describe("How held-out text is measured."),
  seed: seedSchema,
});

/** The parameters of a pre-training. */
export type PretrainParams = z.output<typeof schema>;

/** Their schema. */
export const pretrainSchema: z.ZodType<PretrainParams> = schema;

/** What a pre-training reads, by role. */
export const pretrainInputs = {
  corpus: one(shardsArtifact, "the text to train on"),
  validation: optional(
    shardsArtifact,
    "the text whose validation split is measured on; absent: the corpus's own",
  ),
  init: optional(
    {
      types: [modelArtifact.type, choiceArtifact.type],
      open: (dir: string) => modelArtifact.open(dir),
    },
    "the model to start from, or a choice among such; absent: a fresh one",
  ),
};

/** The roles of a pre-training. */
export type PretrainInputs = typeof pretrainInputs;

/** Initial deviations above it are told: BERT's is 0.02, and a few times that helps small models. */
const ODD_RANGE = 0.2;

/** What does not go together, before anything is read; again checked when it runs. */
export function pretrainFaults(
  params: PretrainParams,
  roles?: readonly string[],
): readonly ParamFault[] {
  const faults = [...scheduleFaults(params.schedule, params.steps)];
  const { model, rowPieces } = params;
  if (roles !== undefined && (model === undefined) !== roles.includes("init")) {
    faults.push(
      model === undefined
        ? {
          path: "model",
          message: "there is neither a fresh model nor one to start from",
          mend: "give `model:` (such as { preset: bert-tiny }) or `init:`",
        }
        : {
          path: "model",
          message: "the model's sizes are those of `init`",
          mend: "remove `model:` or `init:`",
        },
    );
  }
  faults.push(...microBatchFaults(params), ...pairFaults(params), ...startFaults(params, roles));
  if (model === undefined) return faults;
  if (model.initializerRange > ODD_RANGE) {
    faults.push({
      path: "model.initializerRange",
      message: `weights drawn with a deviation of ${model.initializerRange} are far larger than ` +
        "trained ones, and training may diverge",
      mend: "give such as 0.02, for small models up to 0.1",
      isWarning: true,
    });
  }
  const sizes = modelSizes(model);
  if (sizes === undefined) {
    faults.push({
      path: "model",
      message: "the model's sizes are incomplete",
      mend: "give a preset, or layers, hiddenSize and heads",
    });
  } else if (sizes.hiddenSize % sizes.heads !== 0) {
    faults.push({
      path: "model.hiddenSize",
      message: `hiddenSize ${sizes.hiddenSize} cannot be divided among ${sizes.heads} heads`,
      mend: "make hiddenSize a multiple of heads",
    });
  }
  if (model.positions < rowPieces) {
    faults.push({
      path: "model.positions",
      message: `rows of ${rowPieces} pieces do not fit a model of ${model.positions} positions`,
      mend: "raise positions or lower rowPieces",
    });
  }
  return faults;
}

function pairFaults(
  { nextSentence, shortRows, masking, dupeFactor }: PretrainParams,
): readonly ParamFault[] {
  const faults: ParamFault[] = [];
  if (!nextSentence && shortRows !== SHORT_ROWS) {
    faults.push({
      path: "shortRows",
      message: "rows are short only where they are pairs",
      mend: "remove shortRows, or write nextSentence: true",
    });
  }
  if (masking === "dynamic" && dupeFactor !== DUPE_FACTOR) {
    faults.push({
      path: "dupeFactor",
      message: "copies of the corpus are of static masking alone",
      mend: "remove dupeFactor, or write masking: static",
    });
  }
  return faults;
}

function startFaults(
  { model, frozenLayers, head, carryMoments, optimizer }: PretrainParams,
  roles: readonly string[] | undefined,
): readonly ParamFault[] {
  const faults: ParamFault[] = [];
  const needInit = [["head", head === "fresh"], ["carryMoments", carryMoments]] as const;
  for (const [path, isAsked] of needInit) {
    if (!isAsked || roles === undefined || roles.includes("init")) continue;
    faults.push({
      path,
      message: `${path} is of a model to start from, and there is none`,
      mend: `remove ${path}, or give init:`,
    });
  }
  if (carryMoments && optimizer.biasCorrection) {
    faults.push({
      path: "carryMoments",
      message: "moments that are carried on do not begin at zero, which bias correction is for",
      mend: "write optimizer: { biasCorrection: false }, or remove carryMoments",
    });
  }
  const layers = model === undefined ? undefined : modelSizes(model)?.layers;
  if (layers !== undefined && frozenLayers !== undefined) {
    faults.push(
      frozenLayers > layers
        ? {
          path: "frozenLayers",
          message: `${frozenLayers} layers are to be frozen of a model of ${layers}`,
          mend: `give at most ${layers}`,
        }
        : {
          path: "frozenLayers",
          message: "layers of a fresh model stay as they are drawn",
          mend: "freeze layers of a model that init gives",
          isWarning: true,
        },
    );
  }
  return faults;
}

/**
 * The widest hidden size of which a step takes less CPU time under XLA with one thread and with
 * two, rows of 16 pieces and of 128, with dropout and without: 0.71 to 0.87 of it. Of 128 it
 * takes 0.81 to 1.07, of more about as much.
 */
const WIDEST_GAINING = 64;

/** Whether a pre-training is of so small a model. */
export function pretrainGainsByXla(params: PretrainParams, inputs: UpstreamInputs): boolean {
  const config = configBefore(params, inputs);
  return config !== undefined && config.hiddenSize <= WIDEST_GAINING;
}

function configBefore(params: PretrainParams, inputs: UpstreamInputs): BertConfig | undefined {
  return upstreamConfig({ kind: "pretrain", params: params as unknown as JsonObject, inputs });
}

/** What a pre-training costs, as far as its inputs are known. */
export function pretrainEstimate(params: PretrainParams, inputs: UpstreamInputs): Estimate {
  const { steps, rows, rowPieces, nextSentence, frozenLayers } = params;
  // Pairs are a little shorter than rows, which the corpus alone tells.
  const cost = { steps, tokens: steps * rows * (rowPieces - (nextSentence ? 3 : 2)) };
  const config = configBefore(params, inputs);
  if (config === undefined) return cost;
  const predictions = rows * predictionsPerRow(rowPieces, params);
  const batch = { rows, length: rowPieces, predictions, nextSentence, frozenLayers };
  const specs = [...encoderSpecs(config), ...maskedLanguageHeadSpecs(config)];
  // Without the optimizer's state, which only points keep that others go on from.
  const bytes = Float32Array.BYTES_PER_ELEMENT * countParameters(specs);
  return { ...cost, flops: steps * pretrainingFlops(config, batch), bytes };
}
