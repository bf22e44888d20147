/**
 * Floating-point operations of training, counted from a graph's products.
 *
 * A product [M, K] x [K, N] is 2 M K N operations; its backward pass is two such
 * products, so a training step is three times the forward pass. Everything that
 * is no product (norms, softmax, embedding look-up, the update) is left out, as
 * in the usual 6 N D estimate, which this refines by attention and by the head
 * being computed at masked positions only. Evaluation is not counted: what is asked is what
 * training costs, and how often it is measured is no part of that.
 */
import type { Graph } from "../engine/ir/graph.ts";
import type { BatchShape } from "./bert.ts";
import type { BertConfig } from "./config.ts";

/** Operations of one training step of a graph: forward and backward. */
export function trainingFlops(graph: Graph): number {
  let forward = 0;
  for (const node of graph.nodes) {
    if (node.op === "matmul") {
      const [a] = node.inputs;
      const inner = a!.shape.at(node.attrs.transposeA ? -2 : -1)!;
      forward += 2 * inner * node.output.shape.reduce((product, each) => product * each, 1);
    } else if (node.op === "projections") {
      const inner = node.inputs[0]!.shape[1]!;
      for (const { shape } of node.outputs) forward += 2 * inner * shape[0]! * shape[1]!;
    } else if (node.op === "attention") {
      const [rows, queries, heads, width] = node.output.shape as [number, number, number, number];
      const keys = node.inputs[1]!.shape[1]!;
      forward += 4 * rows * heads * queries * keys * width;
    }
  }
  return 3 * forward;
}

/** Sizes that the operations follow from. */
type FlopSizes = Pick<BertConfig, "layers" | "hiddenSize" | "intermediateSize" | "vocabSize">;

/** The same for masked-language modelling, from sizes alone: what `trainingFlops` would count. */
export function maskedLanguageFlops(
  config: FlopSizes,
  batch: BatchShape & { readonly predictions: number },
): number {
  const { hiddenSize: width, vocabSize } = config;
  const head = 2 * batch.predictions * (width * width + width * vocabSize);
  return encoderFlops(config, batch) + 3 * head;
}

/** The same for an encoder alone, beside which a classifier's head is next to nothing. */
export function encoderFlops(
  { layers, hiddenSize: width, intermediateSize: inner }: FlopSizes,
  { rows, length }: BatchShape,
): number {
  const layer = 2 * rows * length * (4 * width * width + 2 * width * inner) +
    4 * rows * length * length * width;
  return 3 * layers * layer;
}
