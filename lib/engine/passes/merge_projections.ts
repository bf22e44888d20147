/**
 * Several projections of one input as one wide product: for engines that are slow to begin a
 * product, or waste hardware on a narrow one. Weights and biases stay apart where they are
 * kept; joining them costs a pass over the weights a step.
 */
import type { Graph, Node, Value } from "../ir/graph.ts";
import { sumTo } from "../ir/sum_to.ts";
import { rewrite } from "./rewrite.ts";

/** Replaces all projections, and their gradients, by products over joined weights. */
export function mergeProjections(graph: Graph): Graph {
  return rewrite(graph, (node, inputs, target) => {
    switch (node.op) {
      case "projections":
        return merged(target, node, inputs);
      case "projectionsGrad":
        return mergedGradients(target, node, inputs);
      default:
        return target.copy(node, inputs);
    }
  }).graph;
}

function merged(graph: Graph, { outputs }: Node, [x, ...layers]: readonly Value[]): Value[] {
  const weight = graph.concat(layers.slice(0, outputs.length), 0);
  const bias = graph.concat(layers.slice(outputs.length), 0);
  const wide = graph.add(graph.matmul(x!, weight, { transposeB: true, isNarrow: true }), bias);
  return cut(graph, wide, { axis: 1, sizes: outputs.map(({ shape }) => shape[1]!) });
}

function mergedGradients(
  graph: Graph,
  { outputs }: Node,
  [x, ...others]: readonly Value[],
): Value[] {
  const count = (outputs.length - 1) / 2;
  const weights = others.slice(0, count), [base] = others.slice(2 * count);
  const sizes = weights.map(({ shape }) => shape[0]!);
  const weight = graph.concat(weights, 0), dy = graph.concat(others.slice(count, 2 * count), 1);
  const product = graph.matmul(dy, weight, { isNarrow: true });
  const dweight = graph.matmul(dy, x!, { transposeA: true });
  const dbias = sumTo(graph, dy, [dy.shape[1]!]);
  return [
    base === undefined ? product : graph.add(base, product),
    ...cut(graph, dweight, { axis: 0, sizes }),
    ...cut(graph, dbias, { axis: 0, sizes }),
  ];
}

/** Consecutive parts of a tensor along one axis. */
function cut(
  graph: Graph,
  x: Value,
  { axis, sizes }: { readonly axis: number; readonly sizes: readonly number[] },
): Value[] {
  let end = 0;
  return sizes.map((size) => {
    const start = end;
    end += size;
    return graph.slice(
      x,
      x.shape.map((_, i) => i === axis ? start : 0),
      x.shape.map((whole, i) => i === axis ? end : whole),
    );
  });
}
