/**
 * What is put on a BERT: the masked-language-model head, and classifiers.
 *
 * Each function makes the whole graph of a forward pass with its loss; engines
 * differentiate it. Losses are means in nats over the positions that count.
 */
import { Graph, type Value } from "../../engine/ir/graph.ts";
import type { Head } from "../../benchmarks/benchmark.ts";
import { type BatchShape, buildEncoder } from "../bert.ts";
import type { BertConfig } from "../config.ts";
import type { LayerBuilder, ModelParam } from "../layers.ts";
import {
  classifierLayer,
  classifierSpecs,
  embeddingLayers,
  encoderSpecs,
  maskedLanguageHeadSpecs,
  maskedLanguageLayers,
  poolerLayer,
} from "../params.ts";

/** A model's graph and its parameters, in the order of the graph's inputs. */
export interface ModelGraph {
  /** The forward pass with its outputs. */
  readonly graph: Graph;
  /** All parameters, the head included. */
  readonly params: readonly ModelParam[];
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
  const head = maskedLanguageLayers(config);
  const dense = builder.linear(graph.gatherRows(hidden, places), head.transform);
  const transformed = builder.norm(graph.gelu(dense), head.norm);
  const decoder = builder.param(embeddingLayers(config).words.weight);
  const logits = graph.add(
    graph.matmul(transformed, decoder, { transposeB: true }),
    builder.param(head.bias.bias),
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
 * Classification of pieces, of rows, or of where a span begins and ends.
 *
 * Data: `ids` i32 [B*T]; `attentionBias` f32 [B, 1, 1, T], 0 or PADDING_BIAS; with several
 * segments `tokenTypes` i32 [B*T]; when training also `targets` i32 [N] and `weights`
 * f32 [N], 1, or 0 where nothing is learned, N being B*T for tokens, B for a sequence,
 * and 2*B for a span (begin and end of each row); and `dropoutSeed` i32 [2] with dropout.
 *
 * Outputs: training `loss` [], the weighted mean cross-entropy; else `logits`, for tokens
 * [B*T, labels], for a sequence [B, labels], for a span [B*T, 2].
 */
export function classifier(
  config: BertConfig,
  options: BatchShape & {
    readonly head: Head;
    readonly isTraining: boolean;
    readonly hasSegments?: boolean;
  },
): ModelGraph {
  const { rows, length, head, isTraining, hasSegments = false } = options;
  const graph = new Graph();
  const headSpecs = classifierSpecs(config, head);
  const shape = { rows, length, isTraining, hasSegments, isPadded: true };
  const { builder, hidden } = buildEncoder(graph, config, { ...shape, headSpecs });
  const classified = head.kind === "sequence"
    ? pooled(builder, hidden, { ...options, config })
    : hidden;
  const logits = builder.answers(
    builder.dropout(classified, config.dropout, "classifier"),
    classifierLayer(config, head),
  );
  if (isTraining) {
    const scores = head.kind === "span" ? byEnd(graph, logits, options) : logits;
    const targets = graph.input("targets", [scores.shape[0]!], "i32");
    graph.output("loss", weightedMean(graph, graph.softmaxCrossEntropy(scores, targets)));
  } else {
    graph.output("logits", logits);
  }
  return { graph, params: [...encoderSpecs(config), ...headSpecs] };
}

/** BERT's pooler over the first piece of each row: [B*T, H] to [B, H]. */
function pooled(
  builder: LayerBuilder,
  hidden: Value,
  { rows, length, config }: BatchShape & { readonly config: BertConfig },
): Value {
  const { graph } = builder, width = hidden.shape[1]!;
  const byRow = graph.reshape(hidden, [rows, length, width]);
  const first = graph.reshape(graph.slice(byRow, [0, 0, 0], [rows, 1, width]), [rows, width]);
  return graph.tanh(builder.linear(first, poolerLayer(config)));
}

/** Scores of begin and end over the places of a row: [B*T, 2] to [B*2, T]. */
function byEnd(graph: Graph, logits: Value, { rows, length }: BatchShape): Value {
  const byRow = graph.reshape(logits, [rows, length, 2]);
  return graph.reshape(graph.transpose(byRow, [0, 2, 1]), [rows * 2, length]);
}

/** The mean of losses [N] under the data input `weights` [N], each 0 or 1; 0 if all are 0. */
function weightedMean(graph: Graph, losses: Value): Value {
  const weights = graph.input("weights", losses.shape);
  const total = graph.maximum(graph.reduceSum(weights, [0]), graph.splat(1));
  return graph.div(graph.reduceSum(graph.mul(losses, weights), [0]), total);
}
