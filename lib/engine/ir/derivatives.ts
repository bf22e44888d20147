/**
 * The derivative of every operation: gradients of a node's inputs from the
 * gradient of its output.
 *
 * The table names all operations, so that a new one does not compile until it
 * says what its derivative is, or that it has none. Broadcasting is undone by
 * the caller (`sumTo`), so an elementwise rule need not think of it.
 */
import type { Graph, Node, OpName, Shape, Value } from "./graph.ts";
import { sumTo } from "./sum_to.ts";

/** What a derivative is made from. */
export interface DerivativeContext {
  /** The graph to append to. */
  readonly graph: Graph;
  /** The inputs of the node. */
  readonly inputs: readonly Value[];
  /** The output of the node. */
  readonly y: Value;
  /** The gradient of the output. */
  readonly dy: Value;
  /** The gradients of all outputs, where one flows. */
  readonly dys: readonly (Value | undefined)[];
  /**
   * Hands over what has been accumulated for an input so far: the gradient that
   * is then returned for that input must include it.
   */
  readonly take: (input: Value) => Value | undefined;
}

/** The gradient for each input in order; absent: none flows. Built only when called. */
export type Derivative<Name extends OpName> = (
  node: Extract<Node, { readonly op: Name }>,
  context: DerivativeContext,
) => readonly ((() => Value) | undefined)[];

type Elementwise = (
  graph: Graph,
  values: { readonly x: Value; readonly y: Value; readonly dy: Value },
) => Value;

/** A derivative of one operand from x, y and dy. */
function unary<Name extends OpName>(rule: Elementwise): Derivative<Name> {
  return (_, { graph, inputs, y, dy }) => [() => rule(graph, { x: inputs[0]!, y, dy })];
}

/** Builds something at the first call only. */
function once<Result>(build: () => Result): () => Result {
  let result: { readonly built: Result } | undefined;
  return () => (result ??= { built: build() }).built;
}

/** No gradient flows to any input. */
function none(): [] {
  return [];
}

/** The derivative of every operation; "by expansion": that of its expansion. */
export const DERIVATIVES: { readonly [Name in OpName]: Derivative<Name> | "by expansion" } = {
  input: none,
  splat: none,
  add: (_, { dy }) => [() => dy, () => dy],
  sub: (_, { graph, dy }) => [() => dy, () => graph.neg(dy)],
  mul: (_, { graph, inputs: [a, b], dy }) => [() => graph.mul(dy, b!), () => graph.mul(dy, a!)],
  div: (_, { graph, inputs: [, b], y, dy }) => [
    () => graph.div(dy, b!),
    () => graph.neg(graph.mul(graph.div(dy, b!), y)),
  ],
  maximum: (_, { graph, inputs: [a, b], dy }) => chooseBy(graph, graph.less(a!, b!), dy),
  minimum: (_, { graph, inputs: [a, b], dy }) => chooseBy(graph, graph.less(b!, a!), dy),
  equal: none,
  less: none,
  select: (_, { graph, inputs: [condition], dy }) => [
    undefined,
    () => graph.select(condition!, dy, graph.splat(0)),
    () => graph.select(condition!, graph.splat(0), dy),
  ],
  neg: unary((graph, { dy }) => graph.neg(dy)),
  exp: unary((graph, { y, dy }) => graph.mul(dy, y)),
  log: unary((graph, { x, dy }) => graph.div(dy, x)),
  sqrt: unary((graph, { y, dy }) => graph.div(graph.mul(dy, graph.splat(0.5)), y)),
  rsqrt: unary((graph, { x, y, dy }) =>
    graph.mul(graph.mul(dy, graph.splat(-0.5)), graph.div(y, x))
  ),
  tanh: unary((graph, { y, dy }) => graph.mul(dy, graph.sub(graph.splat(1), graph.mul(y, y)))),
  erf: unary((graph, { x, dy }) => {
    const slope = graph.mul(graph.exp(graph.neg(graph.mul(x, x))), graph.splat(2 / SQRT_PI));
    return graph.mul(dy, slope);
  }),
  cast: (node, { inputs: [x], dy }) =>
    x!.dtype === "f32" && node.attrs.to === "f32" ? [() => dy] : [],
  stopGradient: none,
  reshape: unary((graph, { x, dy }) => graph.reshape(dy, x.shape)),
  transpose: (node, { graph, dy }) => [() => graph.transpose(dy, inversePerm(node.attrs.perm))],
  broadcastTo: unary((graph, { x, dy }) => sumTo(graph, dy, x.shape)),
  slice: (node, { graph, inputs: [x], dy }) => [
    () => padWithZeros(graph, dy, { starts: node.attrs.starts, shape: x!.shape }),
  ],
  concat: (node, { graph, inputs, dy }) => {
    let end = 0;
    return inputs.map((each) => {
      const start = end;
      end += each.shape[node.attrs.axis]!;
      const range = { axis: node.attrs.axis, start, end };
      return () => sliceAxis(graph, dy, range);
    });
  },
  reduceSum: (node, { graph, inputs: [x], dy }) => [
    () => graph.broadcastTo(graph.reshape(dy, keptShape(x!.shape, node.attrs.axes)), x!.shape),
  ],
  reduceMax: (node, { graph, inputs: [x], y, dy }) => [() => {
    const kept = keptShape(x!.shape, node.attrs.axes);
    const isMax = graph.cast(graph.equal(x!, graph.reshape(y, kept)), "f32");
    const share = graph.div(
      graph.reshape(dy, kept),
      graph.reduceSum(isMax, node.attrs.axes, true),
    );
    return graph.mul(isMax, share);
  }],
  matmul: matmulDerivative,
  gatherRows: (_, { graph, inputs: [table, ids], dy, take }) => [() => {
    const [rows, ...rest] = table!.shape;
    const count = ids!.shape.reduce((product, size) => product * size, 1);
    // Adding onto the gradient so far lets an engine scatter in place.
    const base = take(table!) ?? graph.splat(0, [rows!, ...rest]);
    const updates = graph.reshape(dy, [count, ...rest]);
    return graph.scatterAddRows(base, graph.reshape(ids!, [count]), updates);
  }],
  scatterAddRows: (_, { graph, inputs: [, ids], dy }) => [
    () => dy,
    undefined,
    () => graph.gatherRows(dy, ids!),
  ],
  pickLast: (_, { graph, inputs: [x, ids], dy }) => [
    () => graph.placeLast(dy, ids!, x!.shape.at(-1)!),
  ],
  placeLast: (_, { graph, inputs: [, ids], dy }) => [() => graph.pickLast(dy, ids!)],
  replicaSum: unary((graph, { dy }) => graph.replicaSum(dy)),
  gelu: unary((graph, { x, dy }) => graph.geluGrad(x, dy)),
  geluGrad: "by expansion",
  softmax: unary((graph, { y, dy }) => graph.softmaxGrad(y, dy)),
  softmaxGrad: "by expansion",
  layerNorm: (node, { graph, inputs: [x, gamma], dy }) => {
    const made = once(() => graph.layerNormGrad(x!, gamma!, dy, node.attrs.epsilon));
    return [() => made().dx, () => made().dgamma, () => made().dbeta];
  },
  layerNormGrad: "by expansion",
  projections: (node, { graph, inputs: [x, ...layers], dys, take }) => {
    const weights = layers.slice(0, layers.length / 2);
    const made = once(() => {
      const flows = dys.map((dy, i) => dy ?? graph.splat(0, node.outputs[i]!.shape));
      // Adding onto the gradient so far lets an engine begin a product with it.
      return graph.projectionsGrad(x!, flows, { weights, base: take(x!) });
    });
    return [
      () => made().dx,
      ...weights.map((_, i) => () => made().dweights[i]!),
      ...weights.map((_, i) => () => made().dbiases[i]!),
    ];
  },
  projectionsGrad: "by expansion",
  softmaxCrossEntropy: (_, { graph, inputs: [logits, targets], dy }) => [
    () => graph.softmaxCrossEntropyGrad(logits!, targets!, dy),
  ],
  softmaxCrossEntropyGrad: "by expansion",
  attention: (node, { graph, inputs: [q, k, v, bias, mask], y, dy }) => {
    const options = { bias: bias!, mask, scale: node.attrs.scale };
    const made = once(() => graph.attentionGrad([q!, k!, v!], { y, dy }, options));
    return [() => made().dq, () => made().dk, () => made().dv];
  },
  attentionGrad: "by expansion",
  dropoutMask: none,
};

const SQRT_PI = Math.sqrt(Math.PI);

/** The gradient goes to the second operand where `second` holds, else to the first. */
function chooseBy(graph: Graph, second: Value, dy: Value): (() => Value)[] {
  return [
    () => graph.select(second, graph.splat(0), dy),
    () => graph.select(second, dy, graph.splat(0)),
  ];
}

function matmulDerivative(
  node: Extract<Node, { readonly op: "matmul" }>,
  { graph, inputs, dy }: DerivativeContext,
): (() => Value)[] {
  const [a, b] = inputs as [Value, Value];
  const { transposeA, transposeB, alpha, isNarrow } = node.attrs;
  const isShared = b.shape.length === 2 && a.shape.length > 2;
  return [
    () => {
      if (!transposeA) return graph.matmul(dy, b, { transposeB: !transposeB, alpha, isNarrow });
      if (!isShared) {
        return graph.matmul(b, dy, { transposeA: transposeB, transposeB: true, alpha, isNarrow });
      }
      const plain = graph.matmul(dy, b, { transposeB: !transposeB, alpha, isNarrow });
      return swapLast(graph, plain);
    },
    () => {
      const rows = isShared ? flatten(graph, transposeA ? swapLast(graph, a) : a) : a;
      const flow = isShared ? flatten(graph, dy) : dy;
      const isTransposed = transposeA && !isShared;
      return transposeB
        ? graph.matmul(flow, rows, { transposeA: true, transposeB: isTransposed, alpha })
        : graph.matmul(rows, flow, { transposeA: !isTransposed, alpha });
    },
  ];
}

/** [..., M, N] as [the product of the rest, N]. */
function flatten(graph: Graph, x: Value): Value {
  const width = x.shape.at(-1)!;
  return graph.reshape(x, [x.shape.slice(0, -1).reduce((a, b) => a * b, 1), width]);
}

/** The last two dimensions in the other order. */
function swapLast(graph: Graph, x: Value): Value {
  const rank = x.shape.length;
  const lead = Array.from({ length: rank - 2 }, (_, i) => i);
  return graph.transpose(x, [...lead, rank - 1, rank - 2]);
}

function inversePerm(perm: readonly number[]): number[] {
  return perm.map((_, i) => perm.indexOf(i));
}

/** The shape with the given axes reduced to size 1. */
function keptShape(shape: Shape, axes: readonly number[]): Shape {
  return shape.map((size, i) => axes.includes(i) ? 1 : size);
}

function sliceAxis(
  graph: Graph,
  x: Value,
  { axis, start, end }: { axis: number; start: number; end: number },
): Value {
  const starts = x.shape.map((_, i) => i === axis ? start : 0);
  return graph.slice(x, starts, x.shape.map((size, i) => i === axis ? end : size));
}

/** The transpose of slice: x at `starts` of zeros of a shape. */
function padWithZeros(
  graph: Graph,
  x: Value,
  { starts, shape }: { readonly starts: readonly number[]; readonly shape: Shape },
): Value {
  return shape.reduce((padded, size, axis) => {
    const start = starts[axis]!, after = size - start - padded.shape[axis]!;
    const zeros = (count: number) =>
      count === 0 ? [] : [graph.splat(0, padded.shape.map((n, i) => i === axis ? count : n))];
    const parts = [...zeros(start), padded, ...zeros(after)];
    return parts.length === 1 ? padded : graph.concat(parts, axis);
  }, x);
}
