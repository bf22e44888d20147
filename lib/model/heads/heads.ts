/**
 * What is put on a BERT: the heads of pre-training, and classifiers.
 *
 * Each function makes the whole graph of a forward pass with its loss; engines
 * differentiate it. Losses are means in nats over the positions that count.
 */
import { Graph, type Value } from "../../engine/ir/graph.ts";
import type { Head } from "../../benchmarks/benchmark.ts";
import {
  type BatchShape,
  buildEncoder,
  type PartOf,
  type RowLayout,
  type Unpadded,
} from "../bert.ts";
import type { BertConfig } from "../config.ts";
import type { LayerBuilder, ModelParam } from "../layers.ts";
import {
  classifierLayer,
  classifierSpecs,
  embeddingLayers,
  encoderSpecs,
  maskedLanguageHeadSpecs,
  maskedLanguageLayers,
  nextSentenceHeadSpecs,
  nextSentenceLayer,
  poolerLayer,
  poolerSpecs,
} from "../params.ts";

/** A model's graph and its parameters, in the order of the graph's inputs. */
export interface ModelGraph {
  /** The forward pass with its outputs. */
  readonly graph: Graph;
  /** All parameters, the head included. */
  readonly params: readonly ModelParam[];
}

/** What a pre-training's graph is made for. */
export interface PretrainingShape extends BatchShape, PartOf {
  /** Prediction slots, P. */
  readonly predictions: number;
  /** Whether dropout applies and a loss is minimised. */
  readonly isTraining: boolean;
  /** Whether rows are pairs, and it is learned which follow: adds data, pooler and head. */
  readonly nextSentence?: boolean;
}

/**
 * Masked-language modelling, the head computed at the masked positions only; with next-sentence
 * prediction beside it when asked for, both losses added as in BERT's code.
 *
 * Data: `ids` i32 [B*T]; `maskedPositions` i32 [P], as row * T + place; `targets`
 * i32 [P]; `weights` f32 [P], 1, or 0 for an unused slot; `dropoutSeed` (see `PartOf`) when
 * training with dropout. Rows are full, so nothing is padded, unless they are pairs: then
 * `attentionBias` f32 [B, 1, 1, T], `tokenTypes` i32 [B*T] and, training, `nextSentence`
 * i32 [B], 1 where the second segment does not follow. A micro-batch also has `weightTotal`
 * f32 [], the weights of the whole batch.
 *
 * Outputs: training `loss` [], the weighted mean cross-entropy, of pairs that and
 * `nextSentenceLoss` [], which `loss` includes beside `maskedLoss` []; else `losses`
 * [P], each unweighted, and `hits` [P], 1 where no piece is likelier than the target. The losses
 * of micro-batches add up to that of the batch.
 */
export function maskedLanguageModel(config: BertConfig, options: PretrainingShape): ModelGraph {
  const { predictions, isTraining, nextSentence = false } = options;
  const graph = new Graph();
  const headSpecs = pretrainingHeadSpecs(config, { nextSentence });
  const { builder, hidden, layout } = buildEncoder(graph, config, {
    rows: options.rows,
    length: options.length,
    isTraining,
    isPadded: nextSentence,
    hasSegments: nextSentence,
    partOf: options.partOf,
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
    const masked = weightedMean(graph, losses, options);
    if (nextSentence) {
      const next = nextSentenceLosses(builder, hidden, { config, layout }).losses;
      const count = options.partOf ?? options.rows;
      const mean = graph.mul(graph.reduceSum(next, [0]), graph.splat(1 / count));
      graph.output("loss", graph.add(masked, mean));
      graph.output("maskedLoss", masked);
      graph.output("nextSentenceLoss", mean);
    } else {
      graph.output("loss", masked);
    }
  } else {
    graph.output("losses", losses);
    graph.output("hits", hitsOf(graph, logits, targets));
  }
  return { graph, params: [...encoderSpecs(config), ...headSpecs] };
}

/** The parameters above the encoder that a pre-training trains. */
function pretrainingHeadSpecs(
  config: BertConfig,
  { nextSentence }: { readonly nextSentence: boolean },
): readonly ModelParam[] {
  const masked = maskedLanguageHeadSpecs(config);
  return nextSentence
    ? [...poolerSpecs(config), ...masked, ...nextSentenceHeadSpecs(config)]
    : masked;
}

/**
 * Next-sentence prediction alone, to be measured.
 *
 * Data: `ids`, `attentionBias`, `tokenTypes` and `nextSentence` as `maskedLanguageModel` has them
 * for pairs. Outputs: `losses` [B] and `hits` [B], 1 where the right answer is the likelier one.
 */
export function nextSentenceModel(config: BertConfig, shape: BatchShape): ModelGraph {
  const graph = new Graph();
  const headSpecs = [...poolerSpecs(config), ...nextSentenceHeadSpecs(config)];
  const { builder, hidden, layout } = buildEncoder(graph, config, {
    rows: shape.rows,
    length: shape.length,
    isTraining: false,
    isPadded: true,
    hasSegments: true,
    headSpecs,
  });
  const { losses, logits, targets } = nextSentenceLosses(builder, hidden, { config, layout });
  graph.output("losses", losses);
  graph.output("hits", hitsOf(graph, logits, targets));
  return { graph, params: [...encoderSpecs(config), ...headSpecs] };
}

/** Scores and losses [B] of the data input `nextSentence`. */
function nextSentenceLosses(
  builder: LayerBuilder,
  hidden: Value,
  { config, layout }: PooledOptions,
): { readonly losses: Value; readonly logits: Value; readonly targets: Value } {
  const { graph } = builder, { rows } = layout.shape;
  const targets = graph.input("nextSentence", [rows], "i32");
  const logits = builder.linear(
    pooled(builder, hidden, { config, layout }),
    nextSentenceLayer(config),
  );
  return { losses: graph.softmaxCrossEntropy(logits, targets), logits, targets };
}

/** 1 where nothing is likelier than the target, of logits [N, V] and targets [N]. */
function hitsOf(graph: Graph, logits: Value, targets: Value): Value {
  const best = graph.reduceMax(logits, [1]);
  const isMiss = graph.less(graph.pickLast(logits, targets), best);
  return graph.select(isMiss, graph.splat(0), graph.splat(1));
}

/**
 * Classification of pieces, of rows, or of where a span begins and ends.
 *
 * Data: `ids` i32 [B*T]; `attentionBias` f32 [B, 1, 1, T], 0 or PADDING_BIAS; with several
 * segments `tokenTypes` i32 [B*T]; when training also `targets` i32 [N] and `weights`
 * f32 [N], 1, or 0 where nothing is learned, N being B*T for tokens, B for a sequence,
 * and 2*B for a span (begin and end of each row); and `dropoutSeed` with dropout. A
 * micro-batch (`partOf` rows) also has `weightTotal` f32 [], the weights of the whole batch.
 *
 * Without padding (`pieces`), see `Unpadded`, what is [B*T] is [N], and a sequence has
 * `firstPieces` i32 [B]. A span is then of the places that have a piece: padded, all places of
 * a row compete, as in BERT's own code.
 *
 * Outputs: training `loss` [], the weighted mean cross-entropy; else `logits`, for tokens
 * [B*T, labels], for a sequence [B, labels], for a span [B*T, 2].
 */
export function classifier(
  config: BertConfig,
  options: BatchShape & Unpadded & PartOf & {
    readonly head: Head;
    readonly isTraining: boolean;
    readonly hasSegments?: boolean;
  },
): ModelGraph {
  const { head, isTraining, hasSegments = false } = options;
  const graph = new Graph();
  const headSpecs = classifierSpecs(config, head);
  const { builder, hidden, layout } = buildEncoder(graph, config, {
    rows: options.rows,
    length: options.length,
    pieces: options.pieces,
    partOf: options.partOf,
    isTraining,
    hasSegments,
    isPadded: true,
    headSpecs,
  });
  const classified = head.kind === "sequence"
    ? builder.dropout(pooled(builder, hidden, { config, layout }), config.dropout, "classifier")
    : builder.pieceDropout(hidden, config.dropout, "classifier");
  const logits = builder.answers(classified, classifierLayer(config, head));
  if (isTraining) {
    const scores = head.kind === "span" ? byEnd(graph, logits, layout) : logits;
    const targets = graph.input("targets", [scores.shape[0]!], "i32");
    const losses = graph.softmaxCrossEntropy(scores, targets);
    graph.output("loss", weightedMean(graph, losses, options));
  } else {
    graph.output("logits", logits);
  }
  return { graph, params: [...encoderSpecs(config), ...headSpecs] };
}

interface PooledOptions {
  readonly config: BertConfig;
  readonly layout: RowLayout;
}

/** BERT's pooler over the first piece of each row: [N, H] to [B, H]. */
function pooled(builder: LayerBuilder, hidden: Value, { config, layout }: PooledOptions): Value {
  return builder.graph.tanh(builder.linear(layout.firstOfRows(hidden), poolerLayer(config)));
}

/** Scores of begin and end over the places of a row: [N, 2] to [B*2, T]. */
function byEnd(graph: Graph, logits: Value, layout: RowLayout): Value {
  const { rows, length, pieces, bias } = layout.shape;
  const byRow = graph.reshape(layout.toRows(logits), [rows, length, 2]);
  const scores = graph.transpose(byRow, [0, 2, 1]);
  const own = pieces === undefined
    ? scores
    : graph.add(scores, graph.reshape(bias, [rows, 1, length]));
  return graph.reshape(own, [rows * 2, length]);
}

/**
 * The mean of losses [N] under the data input `weights` [N], each 0 or 1; 0 if all are 0. In a
 * micro-batch its share of the mean over the whole batch.
 */
function weightedMean(
  graph: Graph,
  losses: Value,
  { partOf }: PartOf,
): Value {
  const weights = graph.input("weights", losses.shape);
  const total = partOf === undefined
    ? graph.maximum(graph.reduceSum(weights, [0]), graph.splat(1))
    : graph.input("weightTotal", []);
  return graph.div(graph.reduceSum(graph.mul(losses, weights), [0]), total);
}
