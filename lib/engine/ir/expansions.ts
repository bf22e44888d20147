/**
 * What each fused operation is in terms of simpler ones.
 *
 * `passes/expand.ts` uses it for engines that lack an operation, and `grad.ts`
 * for derivatives. Both build the same nodes for the same thing (a softmax's
 * exponentials, a layer norm's standardised input), so that common
 * subexpressions of a step and its gradient are computed once.
 */
import type { AttentionOptions } from "./composites.ts";
import type { Graph, Node, OpName, Value } from "./graph.ts";
import { sumTo } from "./sum_to.ts";

const EXPANDABLE = [
  "replicaSum",
  "gelu",
  "geluGrad",
  "softmax",
  "softmaxGrad",
  "layerNorm",
  "layerNormGrad",
  "projections",
  "projectionsGrad",
  "softmaxCrossEntropy",
  "softmaxCrossEntropyGrad",
  "attention",
  "attentionGrad",
] as const satisfies readonly OpName[];

/** The name of an operation that `expandNode` can expand: a fused one, or one of several devices. */
export type FusedOp = (typeof EXPANDABLE)[number];

/** Those operations. */
export const FUSED_OPS: ReadonlySet<OpName> = new Set<OpName>(EXPANDABLE);

/**
 * Appends what a fused node computes, in simpler operations.
 *
 * Attention and its gradient expand to a softmax and the softmax's, which are fused
 * themselves; all others expand to primitives at once.
 *
 * @param inputs stand in for the node's own, in the graph appended to
 * @returns what stands for each of the node's outputs
 * @throws Error when the operation is not one of `FUSED_OPS`
 */
export function expandNode(
  graph: Graph,
  node: Node,
  inputs: readonly Value[],
): readonly [Value, ...Value[]] {
  const [a, b, c] = inputs as [Value, Value, Value];
  switch (node.op) {
    case "replicaSum":
      return [a];
    case "gelu":
      return [graph.mul(a, normalCdf(graph, a))];
    case "geluGrad": {
      const slope = graph.add(normalCdf(graph, a), graph.mul(a, normalDensity(graph, a)));
      return [graph.mul(b, slope)];
    }
    case "softmax": {
      const { exponentials, sums } = stableExponentials(graph, a);
      return [graph.div(exponentials, sums)];
    }
    case "softmaxGrad": {
      const weighted = graph.mul(a, b);
      return [graph.sub(weighted, graph.mul(a, graph.reduceSum(weighted, [last(a)], true)))];
    }
    case "layerNorm":
      return [graph.add(graph.mul(standardise(graph, a, node.attrs.epsilon).standardised, b), c)];
    case "layerNormGrad": {
      const { standardised, inverseDeviation } = standardise(graph, a, node.attrs.epsilon);
      const slope = graph.mul(c, b);
      const along = graph.mul(standardised, mean(graph, graph.mul(slope, standardised)));
      const across = graph.sub(graph.sub(slope, mean(graph, slope)), along);
      return [
        graph.mul(across, inverseDeviation),
        sumTo(graph, graph.mul(c, standardised), b.shape),
        sumTo(graph, c, b.shape),
      ];
    }
    case "projections":
      return projectApart(graph, inputs);
    case "projectionsGrad":
      return projectionsGradApart(graph, inputs);
    case "softmaxCrossEntropy": {
      const { shifted, sums } = stableExponentials(graph, a);
      const logSums = graph.reshape(graph.log(sums), b.shape);
      return [graph.sub(logSums, graph.pickLast(shifted, b))];
    }
    case "softmaxCrossEntropyGrad": {
      const { exponentials, sums } = stableExponentials(graph, a);
      const weighted = graph.mul(exponentials, graph.div(graph.reshape(c, sums.shape), sums));
      return [graph.sub(weighted, graph.placeLast(c, b, a.shape[1]!))];
    }
    case "attention": {
      const [, , , bias, mask] = inputs;
      const { mixing, v } = openAttention(graph, [a, b, c], {
        bias: bias!,
        mask,
        scale: node.attrs.scale,
      });
      return [swapHeads(graph, graph.matmul(mixing, v, { isNarrow: true }))];
    }
    case "attentionGrad": {
      const [, , , bias, , dy, mask] = inputs;
      const { scale } = node.attrs;
      const { q, k, v, weights, mixing } = openAttention(graph, [a, b, c], {
        bias: bias!,
        mask,
        scale,
      });
      const dmixture = swapHeads(graph, dy!);
      const dmixing = graph.matmul(dmixture, v, { transposeB: true, isNarrow: true });
      const dweights = mask === undefined ? dmixing : graph.mul(dmixing, mask);
      const dscores = graph.softmaxGrad(weights, dweights);
      return [
        swapHeads(graph, graph.matmul(dscores, k, { alpha: scale, isNarrow: true })),
        swapHeads(
          graph,
          graph.matmul(dscores, q, { transposeA: true, alpha: scale, isNarrow: true }),
        ),
        swapHeads(graph, graph.matmul(mixing, dmixture, { transposeA: true, isNarrow: true })),
      ];
    }
    default:
      throw new Error(`${node.op} is no fused operation`);
  }
}

/**
 * What an attention and its gradient have in common, heads before tokens.
 *
 * @returns weights: softmax(scale * q kT + bias) [B, H, T, S]; mixing: the same under the mask
 */
function openAttention(
  graph: Graph,
  operands: readonly [Value, Value, Value],
  { bias, mask, scale }: AttentionOptions,
) {
  const [q, k, v] = operands.map((each) => swapHeads(graph, each)) as [Value, Value, Value];
  const scores = graph.matmul(q, k, { transposeB: true, alpha: scale, isNarrow: true });
  const weights = graph.softmax(graph.add(scores, bias));
  return { q, k, v, weights, mixing: mask === undefined ? weights : graph.mul(weights, mask) };
}

/** Each projection as a product of its own. */
function projectApart(graph: Graph, [x, ...layers]: readonly Value[]): [Value, ...Value[]] {
  const count = layers.length / 2;
  return layers.slice(0, count).map((weight, i) =>
    graph.add(graph.matmul(x!, weight, { transposeB: true, isNarrow: true }), layers[count + i]!)
  ) as [Value, ...Value[]];
}

/** The gradients in the order in which those of linear layers one after the other come. */
function projectionsGradApart(
  graph: Graph,
  [x, ...others]: readonly Value[],
): [Value, ...Value[]] {
  const count = Math.floor(others.length / 2);
  const weights = others.slice(0, count), dys = others.slice(count, 2 * count);
  const made = weights.map((weight, i) => ({
    dbias: sumTo(graph, dys[i]!, weight.shape.slice(0, 1)),
    dx: graph.matmul(dys[i]!, weight, { isNarrow: true }),
    dweight: graph.matmul(dys[i]!, x!, { transposeA: true }),
  }));
  const terms = [...others.slice(2 * count), ...made.map(({ dx }) => dx).toReversed()];
  const dx = terms.reduce((sum, each) => graph.add(sum, each));
  return [dx, ...made.map(({ dweight }) => dweight), ...made.map(({ dbias }) => dbias)];
}

/** Tokens and heads in the other order: [B, T, H, D] to [B, H, T, D] and back. */
function swapHeads(graph: Graph, x: Value): Value {
  return graph.transpose(x, [0, 2, 1, 3]);
}

/**
 * (x - mean) / sqrt(variance + epsilon) over the last dimension.
 *
 * @returns standardised, of the shape of x, and 1 / sqrt(variance + epsilon), [..., 1]
 */
function standardise(
  graph: Graph,
  x: Value,
  epsilon: number,
): { standardised: Value; inverseDeviation: Value } {
  const centred = graph.sub(x, mean(graph, x));
  const variance = mean(graph, graph.mul(centred, centred));
  const inverseDeviation = graph.rsqrt(graph.add(variance, graph.splat(epsilon)));
  return { standardised: graph.mul(centred, inverseDeviation), inverseDeviation };
}

/** The mean over the last dimension, which stays with size 1. */
function mean(graph: Graph, x: Value): Value {
  return graph.mul(graph.reduceSum(x, [last(x)], true), graph.splat(1 / x.shape.at(-1)!));
}

/** x less its maximum, its exponentials, and their sums [..., 1], over the last dimension. */
function stableExponentials(graph: Graph, x: Value) {
  const shifted = graph.sub(x, graph.stopGradient(graph.reduceMax(x, [last(x)], true)));
  const exponentials = graph.exp(shifted);
  return { shifted, exponentials, sums: graph.reduceSum(exponentials, [last(x)], true) };
}

/** The standard normal distribution function. */
function normalCdf(graph: Graph, x: Value): Value {
  const half = graph.splat(0.5);
  return graph.add(half, graph.mul(half, graph.erf(graph.mul(x, graph.splat(Math.SQRT1_2)))));
}

/** The standard normal density. */
function normalDensity(graph: Graph, x: Value): Value {
  const exponent = graph.mul(graph.mul(x, x), graph.splat(-0.5));
  return graph.mul(graph.exp(exponent), graph.splat(1 / Math.sqrt(2 * Math.PI)));
}

function last(x: Value): number {
  return x.shape.length - 1;
}
