/** Real training steps of BERT: what is compiled for a GPU that is not there, and run on one. */
import { Stream } from "../../lib/base/rng.ts";
import type { Tensors, TrainingProgram } from "../../lib/engine/engine.ts";
import { sizeOf } from "../../lib/engine/ir/graph.ts";
import { BERT_PRESETS, bertConfig, type BertPreset } from "../../lib/model/config.ts";
import { maskedLanguageModel, type ModelGraph } from "../../lib/model/heads/heads.ts";
import { PLAIN } from "../engine/tiny_program.ts";

/** A step by its sizes. */
export interface RealStep {
  /** Sizes of the model by name. */
  readonly preset: BertPreset;
  /** Rows a batch. */
  readonly rows: number;
  /** Pieces a row. */
  readonly length: number;
  /** Of hidden values and of attention. */
  readonly dropout: number;
  /** How many devices compute it side by side. */
  readonly replicas?: number;
}

/** The pieces of BERT's cased vocabulary. */
export const VOCABULARY = 28_996;

/** The program of a step, 15 percent of its pieces predicted. */
export function programOf(
  { preset, rows, length, dropout }: RealStep,
  vocabSize: number = VOCABULARY,
): TrainingProgram & ModelGraph {
  const config = bertConfig({ ...BERT_PRESETS[preset], vocabSize }, {
    dropout,
    attentionDropout: dropout,
  });
  const predictions = rows * Math.ceil(0.15 * length);
  const model = maskedLanguageModel(config, { rows, length, predictions, isTraining: true });
  const optimizer = { ...PLAIN, clipNorm: 1 };
  return { ...model, loss: "loss", optimizer };
}

/** A batch of a step, always the same: ids of a part of the vocabulary, every weight 1. */
export function batchOf({ graph }: TrainingProgram, step: number): Tensors {
  const stream = new Stream(1, "tests/gpu/batch", step);
  return Object.fromEntries(graph.nodes.flatMap((node) => {
    if (node.op !== "input" || node.attrs.role !== "data") return [];
    const { attrs: { name }, output: { shape, dtype } } = node, length = sizeOf(shape);
    if (name === "dropoutSeed") return [[name, Int32Array.of(7, step)]];
    return [[
      name,
      dtype === "i32"
        ? Int32Array.from({ length }, () => stream.below(100))
        : new Float32Array(length).fill(1),
    ]];
  }));
}
