/**
 * The parameters of a BERT: names and shapes as Hugging Face has them.
 *
 * Linear weights are [out, in]. The decoder of the masked-language-model head
 * is the word embedding itself, so it is no parameter of its own.
 */
import type { Head } from "../benchmarks/benchmark.ts";
import type { ParamSpec } from "../engine/engine.ts";
import { type Shape, sizeOf } from "../engine/ir/graph.ts";
import type { BertConfig } from "./config.ts";

/** The parameters of embeddings and encoder, which every task shares. */
export function encoderSpecs(config: BertConfig): readonly ParamSpec[] {
  const { hiddenSize: width, intermediateSize: inner } = config;
  return [
    weight("bert.embeddings.word_embeddings.weight", [config.vocabSize, width]),
    weight("bert.embeddings.position_embeddings.weight", [config.positions, width]),
    weight("bert.embeddings.token_type_embeddings.weight", [config.tokenTypes, width]),
    ...normSpecs("bert.embeddings.LayerNorm", width),
    ...Array.from({ length: config.layers }, (_, layer) => {
      const at = `bert.encoder.layer.${layer}`;
      return [
        ...linearSpecs(`${at}.attention.self.query`, [width, width]),
        ...linearSpecs(`${at}.attention.self.key`, [width, width]),
        ...linearSpecs(`${at}.attention.self.value`, [width, width]),
        ...linearSpecs(`${at}.attention.output.dense`, [width, width]),
        ...normSpecs(`${at}.attention.output.LayerNorm`, width),
        ...linearSpecs(`${at}.intermediate.dense`, [inner, width]),
        ...linearSpecs(`${at}.output.dense`, [width, inner]),
        ...normSpecs(`${at}.output.LayerNorm`, width),
      ];
    }).flat(),
  ];
}

/** The parameters of the masked-language-model head. */
export function maskedLanguageHeadSpecs(config: BertConfig): readonly ParamSpec[] {
  const width = config.hiddenSize;
  return [
    ...linearSpecs("cls.predictions.transform.dense", [width, width]),
    ...normSpecs("cls.predictions.transform.LayerNorm", width),
    bias("cls.predictions.bias", config.vocabSize),
  ];
}

/** What the layer between the encoder and a classifier of rows is called. */
export const POOLER = "bert.pooler.dense";

/** What the last layer is called, by the kind of head. */
export const CLASSIFIERS: Readonly<Record<Head["kind"], string>> = {
  tokens: "classifier",
  sequence: "classifier",
  span: "qa_outputs",
};

/** The parameters of the pooler. */
export function poolerSpecs({ hiddenSize: width }: BertConfig): readonly ParamSpec[] {
  return linearSpecs(POOLER, [width, width]);
}

/** The parameters of a classifier: its last layer, before it BERT's pooler for rows. */
export function classifierSpecs(config: BertConfig, head: Head): readonly ParamSpec[] {
  const width = config.hiddenSize, labels = head.kind === "span" ? 2 : head.labels;
  return [
    ...(head.kind === "sequence" ? poolerSpecs(config) : []),
    ...linearSpecs(CLASSIFIERS[head.kind], [labels, width]),
  ];
}

/** The number of trained values of some parameters. */
export function countParameters(specs: readonly ParamSpec[]): number {
  return specs.reduce((sum, each) => sum + sizeOf(each.shape), 0);
}

function linearSpecs(name: string, shape: readonly [out: number, into: number]): ParamSpec[] {
  return [weight(`${name}.weight`, shape), bias(`${name}.bias`, shape[0])];
}

function normSpecs(name: string, width: number): ParamSpec[] {
  return [
    { name: `${name}.weight`, shape: [width], decays: false },
    { name: `${name}.bias`, shape: [width], decays: false },
  ];
}

function weight(name: string, shape: Shape): ParamSpec {
  return { name, shape, decays: true };
}

function bias(name: string, width: number): ParamSpec {
  return { name, shape: [width], decays: false };
}
