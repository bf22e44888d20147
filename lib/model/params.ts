/**
 * The layers of a BERT under Hugging Face's names: each declared here and nowhere else.
 *
 * The graphs of `bert.ts` and `heads/` are built from these declarations. The decoder of the
 * masked-language-model head is the word embedding itself, so it is no layer of its own.
 */
import type { Head } from "../benchmarks/benchmark.ts";
import type { ParamSpec } from "../engine/engine.ts";
import { sizeOf } from "../engine/ir/graph.ts";
import type { BertConfig } from "./config.ts";
import {
  type Bias,
  LayersAt,
  type Linear,
  type ModelParam,
  type Norm,
  paramsOf,
  type Table,
} from "./layers.ts";

/** The embeddings: three tables whose rows are added and normalised. */
export interface EmbeddingLayers {
  /** One row a piece; the masked-language-model head's decoder as well. */
  readonly words: Table;
  /** One row a place. */
  readonly positions: Table;
  /** One row a segment. */
  readonly types: Table;
  /** Of their sum. */
  readonly norm: Norm;
}

/** One layer of the encoder. */
export interface EncoderLayers {
  /** What asks. */
  readonly query: Linear;
  /** What answers. */
  readonly key: Linear;
  /** What is given. */
  readonly value: Linear;
  /** Of the attention's result. */
  readonly attended: Linear;
  /** After attention. */
  readonly attendedNorm: Norm;
  /** Into the feed-forward block. */
  readonly inner: Linear;
  /** Out of it. */
  readonly output: Linear;
  /** After it. */
  readonly outputNorm: Norm;
}

/** The layers of the embeddings. */
export function embeddingLayers(config: BertConfig): EmbeddingLayers {
  const { hiddenSize: width, layerNormEpsilon } = config, at = new LayersAt(0);
  const name = (part: string) => `bert.embeddings.${part}`;
  return {
    words: at.table(name("word_embeddings"), [config.vocabSize, width]),
    positions: at.table(name("position_embeddings"), [config.positions, width]),
    types: at.table(name("token_type_embeddings"), [config.tokenTypes, width]),
    norm: at.norm(name("LayerNorm"), width, layerNormEpsilon),
  };
}

/** The layers of a layer of the encoder, from 0. */
export function encoderLayers(config: BertConfig, layer: number): EncoderLayers {
  const { hiddenSize: width, intermediateSize: inner, layerNormEpsilon } = config;
  const at = new LayersAt(layer + 1),
    name = (part: string) => `bert.encoder.layer.${layer}.${part}`;
  return {
    query: at.linear(name("attention.self.query"), [width, width]),
    key: at.linear(name("attention.self.key"), [width, width]),
    value: at.linear(name("attention.self.value"), [width, width]),
    attended: at.linear(name("attention.output.dense"), [width, width]),
    attendedNorm: at.norm(name("attention.output.LayerNorm"), width, layerNormEpsilon),
    inner: at.linear(name("intermediate.dense"), [inner, width]),
    output: at.linear(name("output.dense"), [width, inner]),
    outputNorm: at.norm(name("output.LayerNorm"), width, layerNormEpsilon),
  };
}

/** The masked-language-model head, but for its decoder. */
export interface MaskedLanguageLayers {
  /** Before the decoder. */
  readonly transform: Linear;
  /** Of the transform's result. */
  readonly norm: Norm;
  /** Added to each piece's score. */
  readonly bias: Bias;
}

/** The layers of the masked-language-model head. */
export function maskedLanguageLayers(config: BertConfig): MaskedLanguageLayers {
  const { hiddenSize: width, layerNormEpsilon } = config, at = headLayers(config);
  const name = (part: string) => `cls.predictions.${part}`;
  return {
    transform: at.linear(name("transform.dense"), [width, width]),
    norm: at.norm(name("transform.LayerNorm"), width, layerNormEpsilon),
    bias: at.bias(name("bias"), config.vocabSize),
  };
}

/** The layer between the encoder and what classifies rows. */
export function poolerLayer(config: BertConfig): Linear {
  const { hiddenSize: width } = config;
  return headLayers(config).linear("bert.pooler.dense", [width, width]);
}

/** The next-sentence head, which stands on the pooler: 0 follows, 1 does not. */
export function nextSentenceLayer(config: BertConfig): Linear {
  return headLayers(config).linear("cls.seq_relationship", [2, config.hiddenSize]);
}

/** The last layer of a classifier. */
export function classifierLayer(config: BertConfig, head: Head): Linear {
  const labels = head.kind === "span" ? 2 : head.labels;
  const name = head.kind === "span" ? "qa_outputs" : "classifier";
  return headLayers(config).linear(name, [labels, config.hiddenSize]);
}

function headLayers({ layers }: BertConfig): LayersAt {
  return new LayersAt(layers + 1);
}

/** The parameters of embeddings and encoder, which every task shares. */
export function encoderSpecs(config: BertConfig): readonly ModelParam[] {
  const { words, positions, types, norm } = embeddingLayers(config);
  const layers = Array.from({ length: config.layers }, (_, layer) => encoderLayers(config, layer));
  return paramsOf([
    words,
    positions,
    types,
    norm,
    ...layers.flatMap((each) => Object.values(each)),
  ]);
}

/** The parameters of the masked-language-model head. */
export function maskedLanguageHeadSpecs(config: BertConfig): readonly ModelParam[] {
  const { transform, norm, bias } = maskedLanguageLayers(config);
  return paramsOf([transform, norm, bias]);
}

/** The parameters of the pooler. */
export function poolerSpecs(config: BertConfig): readonly ModelParam[] {
  return paramsOf([poolerLayer(config)]);
}

/** The parameters of the next-sentence head. */
export function nextSentenceHeadSpecs(config: BertConfig): readonly ModelParam[] {
  return paramsOf([nextSentenceLayer(config)]);
}

/** The parameters of a classifier: its last layer, before it BERT's pooler for rows. */
export function classifierSpecs(config: BertConfig, head: Head): readonly ModelParam[] {
  const last = classifierLayer(config, head);
  return paramsOf(head.kind === "sequence" ? [poolerLayer(config), last] : [last]);
}

/** The number of trained values of some parameters. */
export function countParameters(specs: readonly ParamSpec[]): number {
  return specs.reduce((sum, each) => sum + sizeOf(each.shape), 0);
}
