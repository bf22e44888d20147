/**
 * The task kind `pretrain`: masked-language modelling on a tokenised corpus, with next-sentence
 * prediction when asked for.
 *
 * Which tasks are points of one trajectory, and what is measured; what it takes is in
 * `params.ts`, the work itself in `run.ts`.
 */
import type { JsonObject } from "../../base/canonical.ts";
import type { Metric } from "../../base/measures.ts";
import type { TaskKind, Trajectory } from "../../graph/task.ts";
import { modelArtifact } from "../../model/weights/model_artifact.ts";
import type { HeldOutScores } from "../../train/heldout.ts";
import { type ContextScores, isOfTrainingText } from "../../train/seen_text.ts";
import type { HeldOutPairScores } from "../../train/heldout_pairs.ts";
import { trunkOf, whyNotShared } from "../../train/schedule.ts";
import {
  pretrainEstimate,
  pretrainFaults,
  pretrainGainsByXla,
  type PretrainInputs,
  pretrainInputs,
  type PretrainParams,
  pretrainSchema,
} from "./params.ts";

/** What is measured on held-out text. */
const HELD_OUT_METRICS: Readonly<Record<keyof HeldOutScores, Metric>> = {
  lossNats: {
    unit: "nats",
    better: "lower",
    range: [0, Infinity],
    isHeadline: true,
    about: "Mean cross-entropy over masked positions of held-out text.",
  },
  contextGapNats: {
    unit: "nats",
    isHeadline: true,
    doubt: {
      code: "bag-of-words",
      below: 0.05,
      says: "the model makes no use of the order of words: what is measured of it is that of a " +
        "bag of words, and more steps or text may yet change it at once",
    },
    about: "Held-out loss with shuffled context minus held-out loss: near 0 for a bag of words.",
  },
  maskedAccuracy: {
    unit: "fraction",
    better: "higher",
    range: [0, 1],
    isHeadline: false,
    about: "Masked positions of held-out text where no piece is likelier than the right one.",
  },
};

/** What is measured besides, where training text is measured on too. */
const CONTEXT_METRICS: Readonly<Record<keyof ContextScores, Metric>> = {
  usefulContextNats: {
    unit: "nats",
    better: "higher",
    range: [0, Infinity],
    isHeadline: true,
    about:
      "The part of the context gap that takes held-out loss below that of piece frequencies: " +
      "contexts learnt by heart cannot raise it.",
  },
  seenLossNats: {
    unit: "nats",
    better: "lower",
    range: [0, Infinity],
    isHeadline: false,
    about: "lossNats on rows of the training text.",
  },
  seenContextGapNats: {
    unit: "nats",
    isHeadline: true,
    about: "contextGapNats on rows of the training text: what is beyond usefulContextNats was " +
      "learnt by heart.",
  },
};

/** What is measured on held-out pairs, under nextSentence. */
const PAIR_METRICS: Readonly<Record<keyof HeldOutPairScores, Metric>> = {
  nextSentenceLossNats: {
    unit: "nats",
    better: "lower",
    range: [0, Infinity],
    isHeadline: false,
    about: "Mean cross-entropy of whether held-out segments follow each other.",
  },
  nextSentenceAccuracy: {
    unit: "fraction",
    better: "higher",
    range: [0, 1],
    isHeadline: true,
    about: "Held-out pairs of segments of which it is told rightly whether they follow.",
  },
};

/** The kind `pretrain`. */
export const pretrain: TaskKind<PretrainParams, PretrainInputs> = {
  kind: "pretrain",
  version: 2,
  about:
    "Pre-trains a BERT by masked-language modelling, from scratch or from another model; also by next-sentence prediction.",
  params: pretrainSchema,
  inputs: pretrainInputs,
  produces: { "": modelArtifact.type },
  isNumeric: true,
  entry: import.meta.url,
  check: pretrainFaults,
  trajectory,
  trunk(params) {
    const trunk = trunkOf(params.schedule, params.steps);
    return trunk === undefined ? undefined : { ...params, ...trunk };
  },
  readsState: ({ carryMoments }) => carryMoments ? ["init"] : [],
  metrics: { ...HELD_OUT_METRICS, ...CONTEXT_METRICS, ...PAIR_METRICS },
  scores: ({ nextSentence, evaluation }) =>
    Object.keys({
      ...HELD_OUT_METRICS,
      ...(evaluation.trainingRows > 0 ? CONTEXT_METRICS : {}),
      ...(nextSentence ? PAIR_METRICS : {}),
    }).map((metric) => (
      { benchmark: "mlm", metric, split: isOfTrainingText(metric) ? "train" : "validation" }
    )),
  seed: (params) => params.seed,
  estimate: pretrainEstimate,
  gainsByXla: pretrainGainsByXla,
  async checkpointStep(scratchDir) {
    const { latestStep } = await import("../training/checkpoints.ts");
    return await latestStep(scratchDir);
  },
  async run(context) {
    const { runPretrain } = await import("./run.ts");
    return await runPretrain(context);
  },
};

function trajectory(params: PretrainParams): Trajectory | { readonly whyNot: string } {
  const whyNot = whyNotShared(params.schedule);
  if (whyNot !== undefined) return { whyNot };
  // What is measured, and how often, changes no weight.
  const { steps, measureEvery: _, evaluation: __, ...shared } = params;
  return { shared: shared as unknown as JsonObject, step: steps };
}
