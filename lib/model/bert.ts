/**
 * BERT's embeddings and encoder as a graph, layer norm after each block.
 *
 * Activations are [B*T, H] but inside attention. Weights are the graph's params
 * under Hugging Face's names. A dropout rate of 0 makes no nodes.
 *
 * @see BERT, arXiv:1810.04805
 */
import type { ParamSpec } from "../engine/engine.ts";
import type { Graph, Shape, Value } from "../engine/ir/graph.ts";
import type { BertConfig } from "./config.ts";
import { encoderSpecs } from "./params.ts";

/** The batch that a graph is made for. */
export interface BatchShape {
  /** Rows, B. */
  readonly rows: number;
  /** Pieces a row, T. */
  readonly length: number;
}

/** What else an encoder takes. */
export interface EncoderOptions extends BatchShape {
  /** Whether dropout applies: in training. Adds the data input `dropoutSeed` i32 [2]. */
  readonly isTraining: boolean;
  /** Whether rows are padded. Adds the data input `attentionBias` f32 [B, 1, 1, T]. */
  readonly isPadded: boolean;
  /** Whether rows hold several segments. Adds the data input `tokenTypes` i32 [B*T]. */
  readonly hasSegments?: boolean;
}

/** The bias that keeps attention from a padded position. */
export const PADDING_BIAS: number = -1e9;

/** A graph under construction with a model's parameters and its dropout. */
export class LayerBuilder {
  readonly #params = new Map<string, Value>();
  readonly #seed: Value | undefined;

  /** Adds the parameters to a graph, and with dropout its seed. */
  constructor(readonly graph: Graph, specs: readonly ParamSpec[], hasDropout: boolean) {
    for (const each of specs) this.#params.set(each.name, graph.param(each.name, each.shape));
    this.#seed = hasDropout ? graph.input("dropoutSeed", [2], "i32") : undefined;
  }

  /** The parameter of a name. */
  param(name: string): Value {
    const value = this.#params.get(name);
    if (value === undefined) throw new Error(`the model has no parameter ${name}`);
    return value;
  }

  /** x W^T + b of the parameters `<name>.weight` and `<name>.bias`; x is [N, in]. */
  linear(x: Value, name: string): Value {
    const product = this.graph.matmul(x, this.param(`${name}.weight`), { transposeB: true });
    return this.graph.add(product, this.param(`${name}.bias`));
  }

  /** Layer norm with the parameters `<name>.weight` and `<name>.bias`. */
  norm(x: Value, name: string, epsilon: number): Value {
    return this.graph.layerNorm(
      x,
      this.param(`${name}.weight`),
      this.param(`${name}.bias`),
      epsilon,
    );
  }

  /** Dropout at a site; the value itself when the rate is 0 or nothing is trained. */
  dropout(x: Value, rate: number, site: string): Value {
    const mask = this.dropoutMask(x.shape, rate, site);
    return mask === undefined ? x : this.graph.mul(x, mask);
  }

  /** The mask of a dropout at a site; none when the rate is 0 or nothing is trained. */
  dropoutMask(shape: Shape, rate: number, site: string): Value | undefined {
    if (rate === 0 || this.#seed === undefined) return undefined;
    return this.graph.dropoutMask(this.#seed, shape, rate, site);
  }
}

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
  options: EncoderOptions & { readonly headSpecs: readonly ParamSpec[] },
): { readonly builder: LayerBuilder; readonly hidden: Value } {
  const { rows, length } = options;
  if (length > config.positions) {
    throw new Error(`rows of ${length} pieces in a model of ${config.positions} positions`);
  }
  const specs = [...encoderSpecs(config), ...options.headSpecs];
  const builder = new LayerBuilder(graph, specs, options.isTraining && hasDropout(config));
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
  const ids = graph.input("ids", [rows * length], "i32");
  const words = graph.gatherRows(builder.param("bert.embeddings.word_embeddings.weight"), ids);
  const positions = graph.slice(
    builder.param("bert.embeddings.position_embeddings.weight"),
    [0, 0],
    [length, width],
  );
  const types = builder.param("bert.embeddings.token_type_embeddings.weight");
  let sum: Value;
  if (options.hasSegments === true) {
    const typed = graph.gatherRows(types, graph.input("tokenTypes", [rows * length], "i32"));
    sum = graph.add(graph.reshape(graph.add(words, typed), byRow), positions);
  } else {
    const constant = graph.add(positions, graph.slice(types, [0, 0], [1, width]));
    sum = graph.add(graph.reshape(words, byRow), constant);
  }
  const normed = builder.norm(
    graph.reshape(sum, flat),
    "bert.embeddings.LayerNorm",
    config.layerNormEpsilon,
  );
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
  const { config, layer } = options;
  const name = `bert.encoder.layer.${layer}`, epsilon = config.layerNormEpsilon;
  const context = attend(builder, input, options);
  const attended = builder.dropout(
    builder.linear(context, `${name}.attention.output.dense`),
    config.dropout,
    `layer.${layer}.attention`,
  );
  const middle = builder.norm(
    graph.add(attended, input),
    `${name}.attention.output.LayerNorm`,
    epsilon,
  );
  const inner = graph.gelu(builder.linear(middle, `${name}.intermediate.dense`));
  const output = builder.dropout(
    builder.linear(inner, `${name}.output.dense`),
    config.dropout,
    `layer.${layer}.output`,
  );
  return builder.norm(graph.add(output, middle), `${name}.output.LayerNorm`, epsilon);
}

/** Multi-head self-attention before its output projection: [B*T, H] to [B*T, H]. */
function attend(builder: LayerBuilder, input: Value, options: LayerOptions): Value {
  const { graph } = builder;
  const { config, layer, bias, rows, length } = options;
  const { heads, hiddenSize } = config, headSize = hiddenSize / heads;
  const [q, k, v] = (["query", "key", "value"] as const).map((part) => {
    const projected = builder.linear(input, `bert.encoder.layer.${layer}.attention.self.${part}`);
    return graph.reshape(projected, [rows, length, heads, headSize]);
  }) as [Value, Value, Value];
  const site = `layer.${layer}.probabilities`;
  const mask = builder.dropoutMask([rows, heads, length, length], config.attentionDropout, site);
  const context = graph.attention(q, k, v, { bias, mask, scale: 1 / Math.sqrt(headSize) });
  return graph.reshape(context, [rows * length, hiddenSize]);
}
