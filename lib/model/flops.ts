/**
 * Floating-point operations of training, counted from a graph's products.
 *
 * A product [M, K] x [K, N] is 2 M K N operations; its backward pass is two such
 * products, so a training step is three times the forward pass, less what frozen
 * parameters save: their own gradients, and those of all that lies below the lowest
 * trained one. Everything that is no product (norms, softmax, embedding look-up, the update) is left out, as
 * in the usual 6 N D estimate, which this refines by attention and by the head
 * being computed at masked positions only. Evaluation is not counted: what is asked is what
 * training costs, and how often it is measured is no part of that.
 */
import type { ParamSpec } from "../engine/engine.ts";
import type { Graph, Node, Value } from "../engine/ir/graph.ts";
import type { BatchShape } from "./bert.ts";
import type { BertConfig } from "./config.ts";

/**
 * Operations of one training step of a graph: forward and backward.
 *
 * @param params those of the graph; absent: all of it is trained
 */
export function trainingFlops(graph: Graph, params?: readonly ParamSpec[]): number {
  const hasGradient = valuesWithGradient(graph, params);
  let flops = 0;
  for (const node of graph.nodes) {
    const forward = productFlops(node);
    if (forward === 0) continue;
    const [a, b, c] = node.inputs.map(({ id }) => hasGradient.has(id) ? 1 : 0);
    // A product has one more for each factor; of attention's two, dV, dP, dQ and dK.
    flops += node.op === "attention"
      ? forward * (2 + c! + Math.max(a!, b!) + a! + b!) / 2
      : forward * (1 + a! + b!);
  }
  return flops;
}

/** Operations of a node's products, forward; 0 where it has none. */
function productFlops(node: Node): number {
  if (node.op === "matmul") {
    const inner = node.inputs[0]!.shape.at(node.attrs.transposeA ? -2 : -1)!;
    return 2 * inner * node.output.shape.reduce((product, each) => product * each, 1);
  }
  if (node.op === "projections") {
    const inner = node.inputs[0]!.shape[1]!;
    return node.outputs.reduce((sum, { shape }) => sum + 2 * inner * shape[0]! * shape[1]!, 0);
  }
  if (node.op !== "attention") return 0;
  const [rows, queries, heads, width] = node.output.shape as [number, number, number, number];
  return 4 * rows * heads * queries * node.inputs[1]!.shape[1]! * width;
}

/** The ids of values that something trained leads to. */
function valuesWithGradient(graph: Graph, params: readonly ParamSpec[] | undefined): Set<number> {
  const frozen = new Set(params?.filter(({ isFrozen }) => isFrozen).map(({ name }) => name));
  const found = new Set<number>();
  const add = (values: readonly Value[]) => values.forEach(({ id }) => found.add(id));
  for (const node of graph.nodes) {
    const isTrained = node.op === "input"
      ? node.attrs.role === "param" && !frozen.has(node.attrs.name)
      : node.inputs.some(({ id }) => found.has(id));
    if (isTrained) add(node.outputs);
  }
  return found;
}

/** Sizes that the operations follow from. */
type FlopSizes = Pick<BertConfig, "layers" | "hiddenSize" | "intermediateSize" | "vocabSize">;

/** A batch, and how much of the model is frozen. */
export interface FlopShape extends BatchShape {
  /** Embeddings and so many of the lowest layers are frozen; absent: nothing is. */
  readonly frozenLayers?: number | undefined;
}

/** The same for pre-training, from sizes alone: what `trainingFlops` would count. */
export function pretrainingFlops(
  config: FlopSizes,
  batch: FlopShape & { readonly predictions: number; readonly nextSentence?: boolean },
): number {
  const { hiddenSize: width, vocabSize, layers } = config, { frozenLayers, predictions } = batch;
  const belowHead = frozenLayers !== undefined && frozenLayers >= layers ? 2 : 3;
  const decoder = frozenLayers === undefined ? 3 : 2;
  const masked = 2 * predictions * width * (belowHead * width + decoder * vocabSize);
  const pairs = batch.nextSentence === true
    ? 2 * batch.rows * width * (belowHead * width + 3 * 2)
    : 0;
  return encoderFlops(config, batch) + masked + pairs;
}

/** The same for an encoder alone, beside which a classifier's head is next to nothing. */
export function encoderFlops(
  { layers, hiddenSize: width, intermediateSize: inner }: FlopSizes,
  { rows, length, frozenLayers }: FlopShape,
): number {
  const pieces = rows * length;
  const layer = 2 * pieces * (4 * width * width + 2 * width * inner) +
    4 * pieces * length * width;
  if (frozenLayers === undefined) return 3 * layers * layer;
  const trained = Math.max(0, layers - frozenLayers);
  // What the lowest trained layer takes has no gradient.
  const unneeded = trained === 0 ? 0 : 3 * 2 * pieces * width * width;
  return (3 * trained + (layers - trained)) * layer - unneeded;
}
