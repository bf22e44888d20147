/**
 * A model of each of transformers' classes, with the weights of `golden/make_export_golden.py`,
 * and what it gives for two rows in our own graphs.
 */
import { openDevice } from "../../../lib/engine/devices.ts";
import type { ParamSpec } from "../../../lib/engine/engine.ts";
import { sizeOf } from "../../../lib/engine/ir/graph.ts";
import { PADDING_BIAS } from "../../../lib/model/bert.ts";
import { bertConfig, type NamedHead } from "../../../lib/model/config.ts";
import { classifier, maskedLanguageModel } from "../../../lib/model/heads/heads.ts";
import type { Params } from "../../../lib/model/init.ts";
import {
  classifierSpecs,
  encoderSpecs,
  maskedLanguageHeadSpecs,
  nextSentenceHeadSpecs,
  poolerSpecs,
} from "../../../lib/model/params.ts";
import { SPECIAL_PIECES } from "../../../lib/text/pieces/wordpiece.ts";

export const ROWS = 2, LENGTH = 7;
export const CONFIG = bertConfig(
  { vocabSize: 23, layers: 2, hiddenSize: 8, heads: 2, intermediateSize: 16 },
  { positions: 12, dropout: 0, attentionDropout: 0 },
);
export const PIECES = [...SPECIAL_PIECES, ..."ABcdefghijklmnop", "##x", "##y"];

/** Two rows of 7 and 5 pieces, of two segments, as the script has them. */
export const BATCH = {
  ids: Int32Array.from({ length: ROWS * LENGTH }, (_, i) => 1 + (5 * i + 3) % 22),
  attentionBias: Float32Array.from({ length: 14 }, (_, i) => i < 12 ? 0 : PADDING_BIAS),
  tokenTypes: Int32Array.of(0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0),
};
/** Places of pieces that are looked at for masked-language modelling, and what stands there. */
export const MASKED = {
  maskedPositions: Int32Array.of(1, 4, 9, 12),
  targets: Int32Array.of(7, 14, 20, 11),
};

/** A class of transformers, and the parts that our models for it have beside the encoder. */
export interface Made {
  readonly architecture: string;
  readonly specs: readonly ParamSpec[];
  readonly head?: NamedHead;
}

const encoder = encoderSpecs(CONFIG), pooler = poolerSpecs(CONFIG);
const masked = maskedLanguageHeadSpecs(CONFIG), next = nextSentenceHeadSpecs(CONFIG);

function fineTuned(architecture: string, head: NamedHead): Made {
  const { kind, labels } = head;
  const shape = kind === "span" ? { kind } : { kind, labels: labels.length };
  return { architecture, head, specs: [...encoder, ...classifierSpecs(CONFIG, shape)] };
}

export const MADE: readonly Made[] = [
  { architecture: "BertForPreTraining", specs: [...encoder, ...pooler, ...masked, ...next] },
  { architecture: "BertForMaskedLM", specs: [...encoder, ...masked] },
  { architecture: "BertModel", specs: [...encoder, ...pooler] },
  fineTuned("BertForTokenClassification", { kind: "tokens", labels: ["O", "B", "I"] }),
  fineTuned("BertForSequenceClassification", { kind: "sequence", labels: ["no", "yes", "maybe"] }),
  fineTuned("BertForQuestionAnswering", { kind: "span", labels: [] }),
];

/** Value i of a parameter: 0.4 sin(i + its name's length), and 1 more for norm weights. */
export function formulaParams(specs: readonly ParamSpec[]): Params {
  return Object.fromEntries(specs.map(({ name, shape }) => {
    const shift = name.endsWith("LayerNorm.weight") ? 1 : 0;
    const values = Float32Array.from(
      { length: sizeOf(shape) },
      (_, i) => Math.fround(0.4 * Math.sin(i + name.length)) + shift,
    );
    return [name, values];
  }));
}

/** Logits of a classifier over the batch; `renamed` gives other parameters in place of its own. */
async function classified(
  params: Params,
  head: { readonly kind: "tokens" | "sequence"; readonly labels: number } | { kind: "span" },
): Promise<number[]> {
  const shape = { rows: ROWS, length: LENGTH, head, hasSegments: true };
  const { graph, params: specs } = classifier(CONFIG, { ...shape, isTraining: false });
  const engine = await openDevice({ name: "cpu", threads: 1 });
  const own = Object.fromEntries(specs.map(({ name }) => [name, params[name]!]));
  const model = await engine.compile(graph, own);
  try {
    const { logits } = await model.run({ ...BATCH });
    // Padded places mean nothing.
    const width = head.kind === "span" ? 2 : head.labels;
    return [...logits as Float32Array].slice(0, head.kind === "sequence" ? undefined : 12 * width);
  } finally {
    await model.dispose();
  }
}

/** What transformers' class gives, by our graphs: logits, next-sentence logits, the pooled row. */
export async function ourOutputs({ head }: Made, params: Params): Promise<number[]> {
  if (head?.kind === "span") return await classified(params, { kind: "span" });
  if (head !== undefined) {
    return await classified(params, { kind: head.kind, labels: head.labels.length });
  }
  const width = CONFIG.hiddenSize;
  const last = (weight: Float32Array, bias: Float32Array) => ({
    ...params,
    "classifier.weight": weight,
    "classifier.bias": bias,
  });
  const nextWeight = params["cls.seq_relationship.weight"];
  if (nextWeight !== undefined) {
    const own = last(nextWeight, params["cls.seq_relationship.bias"]!);
    return await classified(own, { kind: "sequence", labels: 2 });
  }
  if (params["bert.pooler.dense.weight"] === undefined) return [];
  const identity = Float32Array.from({ length: width * width }, (_, i) => i % (width + 1) ? 0 : 1);
  return await classified(last(identity, new Float32Array(width)), {
    kind: "sequence",
    labels: width,
  });
}

/** Losses of masked-language modelling at the places of `MASKED`, of whole rows in one segment. */
export async function maskedLosses(params: Params): Promise<number[]> {
  const shape = { rows: ROWS, length: LENGTH, predictions: 4, isTraining: false };
  const { graph, params: specs } = maskedLanguageModel(CONFIG, shape);
  const engine = await openDevice({ name: "cpu", threads: 1 });
  const own = Object.fromEntries(specs.map(({ name }) => [name, params[name]!]));
  const model = await engine.compile(graph, own);
  try {
    const { losses } = await model.run({ ids: BATCH.ids, ...MASKED });
    return [...losses as Float32Array];
  } finally {
    await model.dispose();
  }
}
