/**
 * BERT's embeddings and encoder as a graph, layer norm after each block.
 *
 * Activations are [B*T, H] but inside attention. Weights are those that `params.ts`
 * declares. A dropout rate of 0 makes no nodes.
 *
 * @see BERT, arXiv:1810.04805
 */
import type { Graph, Shape, Value } from "../engine/ir/graph.ts";
import type { BertConfig } from "./config.ts";
import { LayerBuilder, type ModelParam } from "./layers.ts";
import { embeddingLayers, type EncoderLayers, encoderLayers, encoderSpecs } from "./params.ts";

/** The batch that a graph is made for. */
export interface BatchShape {
  /** Rows, B. */
  readonly rows: number;
  /** Pieces a row, T. */
  readonly length: number;
}

/** Of what a batch is a part. */
export interface PartOf {
  /**
   * Rows of the whole batch, where these are a micro-batch of it. `dropoutSeed` is i32 [2] of a
   * whole one, the run's seed and the step; of a micro-batch [3], and its first row's number.
   */
  readonly partOf?: number | undefined;
}

/** What else an encoder takes. */
export interface EncoderOptions extends BatchShape, PartOf {
  /** Whether dropout applies: in training. Adds the data input `dropoutSeed`, see `PartOf`. */
  readonly isTraining: boolean;
  /** Whether rows are padded. Adds the data input `attentionBias` f32 [B, 1, 1, T]. */
  readonly isPadded: boolean;
  /** Whether rows hold several segments. Adds the data input `tokenTypes` i32 [B*T]. */
  readonly hasSegments?: boolean;
}

/** The bias that keeps attention from a padded position. */
export const PADDING_BIAS: number = -1e9;

/** Whether the graph of a configuration draws dropout masks when training. */
export function hasDropout(config: BertConfig): boolean {
  return config.dropout > 0 || config.attentionDropout > 0;
}

/**
 * Adds a BERT without a head, whose data input `ids` is i32 [B*T].
 *
 * @param headSpecs parameters that the caller's head adds
 * @returns the builder, for the head, and the encoder's output [B*T, H]
 */
export function buildEncoder(
  graph: Graph,
  config: BertConfig,
  options: EncoderOptions & { readonly headSpecs: readonly ModelParam[] },
): { readonly builder: LayerBuilder; readonly hidden: Value } {
  const { rows, length } = options;
  if (length > config.positions) {
    throw new Error(`rows of ${length} pieces in a model of ${config.positions} positions`);
  }
  const specs = [...encoderSpecs(config), ...options.headSpecs];
  const isDropped = options.isTraining && hasDropout(config);
  const drawn = { rows: options.partOf === undefined ? undefined : rows };
  const builder = new LayerBuilder(graph, specs, isDropped ? drawn : undefined);
  const bias = options.isPadded
    ? graph.input("attentionBias", [rows, 1, 1, length])
    : graph.splat(0, [1, 1, 1, 1]);
  let hidden = embeddings(builder, config, options);
  for (let layer = 0; layer < config.layers; layer++) {
    hidden = encoderLayer(builder, hidden, { ...options, config, layer, bias });
  }
  return { builder, hidden };
}

function embeddings(builder: LayerBuilder, config: BertConfig, options: EncoderOptions): Value {
  const { graph } = builder;
  const { rows, length } = options, width = config.hiddenSize;
  const flat: Shape = [rows * length, width], byRow: Shape = [rows, length, width];
  const ids = graph.input("ids", [rows * length], "i32"), layers = embeddingLayers(config);
  const words = graph.gatherRows(builder.param(layers.words.weight), ids);
  const table = builder.param(layers.positions.weight);
  const positions = graph.slice(table, [0, 0], [length, width]);
  const types = builder.param(layers.types.weight);
  let sum: Value;
  if (options.hasSegments === true) {
    const typed = graph.gatherRows(types, graph.input("tokenTypes", [rows * length], "i32"));
    sum = graph.add(graph.reshape(graph.add(words, typed), byRow), positions);
  } else {
    const constant = graph.add(positions, graph.slice(types, [0, 0], [1, width]));
    sum = graph.add(graph.reshape(words, byRow), constant);
  }
  const normed = builder.norm(graph.reshape(sum, flat), layers.norm);
  return builder.dropout(normed, config.dropout, "embeddings");
}

interface LayerOptions extends BatchShape {
  readonly isTraining: boolean;
  readonly config: BertConfig;
  readonly layer: number;
  readonly bias: Value;
}

function encoderLayer(builder: LayerBuilder, input: Value, options: LayerOptions): Value {
  const { graph } = builder;
  const { config, layer } = options, layers = encoderLayers(config, layer);
  const context = attend(builder, input, { ...options, layers });
  const attended = builder.dropout(
    builder.linear(context, layers.attended),
    config.dropout,
    `layer.${layer}.attention`,
  );
  const middle = builder.norm(graph.add(attended, input), layers.attendedNorm);
  const inner = graph.gelu(builder.linear(middle, layers.inner));
  const output = builder.dropout(
    builder.linear(inner, layers.output),
    config.dropout,
    `layer.${layer}.output`,
  );
  return builder.norm(graph.add(output, middle), layers.outputNorm);
}

/** Multi-head self-attention before its output projection: [B*T, H] to [B*T, H]. */
function attend(
  builder: LayerBuilder,
  input: Value,
  options: LayerOptions & { readonly layers: EncoderLayers },
): Value {
  const { graph } = builder;
  const { config, layer, layers, bias, rows, length } = options;
  const { heads, hiddenSize } = config, headSize = hiddenSize / heads;
  const parts = builder.projections(input, [layers.query, layers.key, layers.value]);
  const [q, k, v] = parts.map((part) => graph.reshape(part, [rows, length, heads, headSize])) as [
    Value,
    Value,
    Value,
  ];
  const site = `layer.${layer}.probabilities`;
  const mask = builder.dropoutMask([rows, heads, length, length], config.attentionDropout, site);
  const context = graph.attention(q, k, v, { bias, mask, scale: 1 / Math.sqrt(headSize) });
  return graph.reshape(context, [rows * length, hiddenSize]);
}
