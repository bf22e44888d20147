/**
 * What is put on a BERT: the masked-language-model head and token labels.
 *
 * Each function makes the whole graph of a forward pass with its loss; engines
 * differentiate it. Losses are means in nats over the positions that count.
 */
import type { ParamSpec } from "../../engine/engine.ts";
import { Graph, type Value } from "../../engine/ir/graph.ts";
import { type BatchShape, buildEncoder } from "../bert.ts";
import type { BertConfig } from "../config.ts";
import { classifierSpecs, encoderSpecs, maskedLanguageHeadSpecs } from "../params.ts";

/** A model's graph and its parameters, in the order of the graph's inputs. */
export interface ModelGraph {
  /** The forward pass with its outputs. */
  readonly graph: Graph;
  /** All parameters, the head included. */
  readonly params: readonly ParamSpec[];
}

/**
 * Masked-language modelling, the head computed at the masked positions only.
 *
 * Data: `ids` i32 [B*T]; `maskedPositions` i32 [P], as row * T + place; `targets`
 * i32 [P]; `weights` f32 [P], 1, or 0 for an unused slot; `dropoutSeed` i32 [2] when
 * training with dropout. Rows are full, so nothing is padded.
 *
 * Outputs: training `loss` [], the weighted mean cross-entropy; else `losses`
 * [P], each unweighted, and `hits` [P], 1 where no piece is likelier than the target.
 */
export function maskedLanguageModel(
  config: BertConfig,
  options: BatchShape & { readonly predictions: number; readonly isTraining: boolean },
): ModelGraph {
  const { predictions, isTraining } = options;
  const graph = new Graph();
  const headSpecs = maskedLanguageHeadSpecs(config);
  const { builder, hidden } = buildEncoder(graph, config, {
    rows: options.rows,
    length: options.length,
    isTraining,
    isPadded: false,
    headSpecs,
  });
  const places = graph.input("maskedPositions", [predictions], "i32");
  const targets = graph.input("targets", [predictions], "i32");
  const dense = builder.linear(graph.gatherRows(hidden, places), "cls.predictions.transform.dense");
  const transformed = builder.norm(
    graph.gelu(dense),
    "cls.predictions.transform.LayerNorm",
    config.layerNormEpsilon,
  );
  const decoder = builder.param("bert.embeddings.word_embeddings.weight");
  const logits = graph.add(
    graph.matmul(transformed, decoder, { transposeB: true }),
    builder.param("cls.predictions.bias"),
  );
  const losses = graph.softmaxCrossEntropy(logits, targets);
  if (isTraining) {
    graph.output("loss", weightedMean(graph, losses));
  } else {
    graph.output("losses", losses);
    const best = graph.reduceMax(logits, [1]);
    const isMiss = graph.less(graph.pickLast(logits, targets), best);
    graph.output("hits", graph.select(isMiss, graph.splat(0), graph.splat(1)));
  }
  return { graph, params: [...encoderSpecs(config), ...headSpecs] };
}

/**
 * Token classification: one label a position.
 *
 * Data: `ids` i32 [B*T]; `attentionBias` f32 [B, 1, 1, T], 0 or PADDING_BIAS; when
 * training also `targets` i32 [B*T], `weights` f32 [B*T], 1, or 0 where the
 * label is ignored, and `dropoutSeed` i32 [2] with dropout.
 *
 * Outputs: training `loss` [], the weighted mean cross-entropy; else `logits` [B*T, labels].
 */
export function tokenClassifier(
  config: BertConfig,
  options: BatchShape & { readonly labels: number; readonly isTraining: boolean },
): ModelGraph {
  const { rows, length, labels, isTraining } = options;
  const graph = new Graph();
  const headSpecs = classifierSpecs(config, labels);
  const { builder, hidden } = buildEncoder(graph, config, {
    rows,
    length,
    isTraining,
    isPadded: true,
    headSpecs,
  });
  const logits = builder.linear(
    builder.dropout(hidden, config.dropout, "classifier"),
    "classifier",
  );
  if (isTraining) {
    const targets = graph.input("targets", [rows * length], "i32");
    graph.output("loss", weightedMean(graph, graph.softmaxCrossEntropy(logits, targets)));
  } else {
    graph.output("logits", logits);
  }
  return { graph, params: [...encoderSpecs(config), ...headSpecs] };
}

/** The mean of losses [N] under the data input `weights` [N], each 0 or 1; 0 if all are 0. */
function weightedMean(graph: Graph, losses: Value): Value {
  const weights = graph.input("weights", losses.shape);
  const total = graph.maximum(graph.reduceSum(weights, [0]), graph.splat(1));
  return graph.div(graph.reduceSum(graph.mul(losses, weights), [0]), total);
}
