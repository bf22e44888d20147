/**
 * BERT's embeddings and encoder as a graph, layer norm after each block.
 *
 * Activations are [N, H] but inside attention, N being the places of all rows, B*T, or without
 * padding their pieces alone, which are put into their rows for attention and taken out again.
 * Weights are those that `params.ts` declares. A dropout rate of 0 makes no nodes.
 *
 * @see BERT, arXiv:1810.04805
 */
import type { Graph, Shape, Value } from "../engine/ir/graph.ts";
import type { BertConfig } from "./config.ts";
import { LayerBuilder, type ModelParam, type Table } from "./layers.ts";
import { embeddingLayers, type EncoderLayers, encoderLayers, encoderSpecs } from "./params.ts";

/** The batch that a graph is made for. */
export interface BatchShape {
  /** Rows, B. */
  readonly rows: number;
  /** Pieces a row, T. */
  readonly length: number;
}

/**
 * How much of the rows is computed.
 *
 * With `pieces`, data inputs that are i32 [B*T] are [N], and these are added: `positions` i32 [N],
 * each piece's place in its row; `placeOf` i32 [N], its place among those of all rows, row * T +
 * position; `pieceAt` i32 [B*T], the piece at a place, any where there is none.
 */
export interface Unpadded {
  /**
   * Pieces that are computed, N: those of all rows one after another, and the last ones of no
   * row. Absent: every place of every row.
   */
  readonly pieces?: number | undefined;
}

/** Of what a batch is a part. */
export interface PartOf {
  /**
   * Rows of the whole batch, where these are a micro-batch of it. `dropoutSeed` is i32 [2] of a
   * whole one, the run's seed and the step; of a micro-batch [3], and its first row's number.
   * Without padding a micro-batch has `pieceDropoutSeed` i32 [3] besides, with the number of its
   * first piece, so that each piece drops what it does in the whole batch.
   */
  readonly partOf?: number | undefined;
}

/** What else an encoder takes. */
export interface EncoderOptions extends BatchShape, Unpadded, PartOf {
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
 * @returns the builder, for the head, the encoder's output [N, H], and how it lies in rows
 */
export function buildEncoder(
  graph: Graph,
  config: BertConfig,
  options: EncoderOptions & { readonly headSpecs: readonly ModelParam[] },
): { readonly builder: LayerBuilder; readonly hidden: Value; readonly layout: RowLayout } {
  const { rows, length, pieces } = options;
  if (length > config.positions) {
    throw new Error(`rows of ${length} pieces in a model of ${config.positions} positions`);
  }
  const specs = [...encoderSpecs(config), ...options.headSpecs];
  const isDropped = options.isTraining && hasDropout(config);
  const drawn = { rows, pieces, isPart: options.partOf !== undefined };
  const builder = new LayerBuilder(graph, specs, isDropped ? drawn : undefined);
  const bias = options.isPadded
    ? graph.input("attentionBias", [rows, 1, 1, length])
    : graph.splat(0, [1, 1, 1, 1]);
  const layout = new RowLayout(graph, { rows, length, pieces, bias });
  let hidden = embeddings(builder, config, options);
  for (let layer = 0; layer < config.layers; layer++) {
    hidden = encoderLayer(builder, hidden, { config, layer, layout });
  }
  return { builder, hidden, layout };
}

/** How what is computed for each piece lies in rows. */
export class RowLayout {
  readonly #places: { readonly pieceAt: Value; readonly placeOf: Value } | undefined;

  /** Adds `pieceAt` and `placeOf` where rows are without padding. */
  constructor(
    readonly graph: Graph,
    readonly shape: BatchShape & Unpadded & {
      /** [B, 1, 1, T] or [1, 1, 1, 1] */
      readonly bias: Value;
    },
  ) {
    const { rows, length, pieces } = shape;
    this.#places = pieces === undefined ? undefined : {
      pieceAt: graph.input("pieceAt", [rows * length], "i32"),
      placeOf: graph.input("placeOf", [pieces], "i32"),
    };
  }

  /** [N, width] to [B*T, width]; at places without a piece something that is to be masked. */
  toRows(x: Value): Value {
    return this.#places === undefined ? x : this.graph.gatherRows(x, this.#places.pieceAt);
  }

  /** [B*T, width] to [N, width]. */
  toPieces(x: Value): Value {
    return this.#places === undefined ? x : this.graph.gatherRows(x, this.#places.placeOf);
  }

  /** The first piece of each row: [N, width] to [B, width]; without padding adds `firstPieces`. */
  firstOfRows(x: Value): Value {
    const { graph, shape: { rows, length } } = this, width = x.shape[1]!;
    if (this.#places !== undefined) {
      return graph.gatherRows(x, graph.input("firstPieces", [rows], "i32"));
    }
    const byRow = graph.reshape(x, [rows, length, width]);
    return graph.reshape(graph.slice(byRow, [0, 0, 0], [rows, 1, width]), [rows, width]);
  }
}

function embeddings(builder: LayerBuilder, config: BertConfig, options: EncoderOptions): Value {
  const { graph } = builder;
  const { rows, length, pieces } = options, width = config.hiddenSize;
  if (pieces !== undefined) return unpaddedEmbeddings(builder, config, { ...options, pieces });
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
  return builder.pieceDropout(normed, config.dropout, "embeddings");
}

function unpaddedEmbeddings(
  builder: LayerBuilder,
  config: BertConfig,
  { pieces, hasSegments = false }: EncoderOptions & { readonly pieces: number },
): Value {
  const { graph } = builder, layers = embeddingLayers(config);
  const ofPieces = (table: Table, input: string) =>
    graph.gatherRows(builder.param(table.weight), graph.input(input, [pieces], "i32"));
  const types = hasSegments
    ? ofPieces(layers.types, "tokenTypes")
    : graph.slice(builder.param(layers.types.weight), [0, 0], [1, config.hiddenSize]);
  const placed = graph.add(ofPieces(layers.positions, "positions"), types);
  const sum = graph.add(ofPieces(layers.words, "ids"), placed);
  return builder.pieceDropout(builder.norm(sum, layers.norm), config.dropout, "embeddings");
}

interface LayerOptions {
  readonly config: BertConfig;
  readonly layer: number;
  readonly layout: RowLayout;
}

function encoderLayer(builder: LayerBuilder, input: Value, options: LayerOptions): Value {
  const { graph } = builder;
  const { config, layer } = options, layers = encoderLayers(config, layer);
  const context = attend(builder, input, { ...options, layers });
  const attended = builder.pieceDropout(
    builder.linear(context, layers.attended),
    config.dropout,
    `layer.${layer}.attention`,
  );
  const middle = builder.norm(graph.add(attended, input), layers.attendedNorm);
  const inner = graph.gelu(builder.linear(middle, layers.inner));
  const output = builder.pieceDropout(
    builder.linear(inner, layers.output),
    config.dropout,
    `layer.${layer}.output`,
  );
  return builder.norm(graph.add(output, middle), layers.outputNorm);
}

/** Multi-head self-attention before its output projection: [N, H] to [N, H]. */
function attend(
  builder: LayerBuilder,
  input: Value,
  options: LayerOptions & { readonly layers: EncoderLayers },
): Value {
  const { graph } = builder;
  const { config, layer, layers, layout } = options, { rows, length, bias } = layout.shape;
  const { heads, hiddenSize } = config, headSize = hiddenSize / heads;
  const parts = builder.projections(input, [layers.query, layers.key, layers.value]);
  const [q, k, v] = parts.map((part) =>
    graph.reshape(layout.toRows(part), [rows, length, heads, headSize])
  ) as [Value, Value, Value];
  const site = `layer.${layer}.probabilities`;
  const mask = builder.dropoutMask([rows, heads, length, length], config.attentionDropout, site);
  const context = graph.attention(q, k, v, { bias, mask, scale: 1 / Math.sqrt(headSize) });
  return layout.toPieces(graph.reshape(context, [rows * length, hiddenSize]));
}
