/**
 * The table of operations: what a node of the graph can be, with its attributes.
 *
 * The meaning of each operation is written here once; every engine, `grad.ts`
 * and the tests' reference interpreter follow it. Ids out of range are a fault
 * of the caller: no engine checks them, and their results may differ.
 */

/** Element types. Arithmetic is on f32; i32 holds ids; bool comes from comparisons. */
export type DType = "f32" | "i32" | "bool";

/** Sizes of the dimensions; empty for a scalar. */
export type Shape = readonly number[];

/** The attributes of an operation that has none. */
export type NoAttrs = Readonly<Record<never, never>>;

/** The attributes of a reduction: axes counted from 0, each at most once. */
export interface ReduceAttrs {
  /** The dimensions that go; none of them leaves the tensor as it is. */
  readonly axes: readonly number[];
  /** Whether they stay with size 1. */
  readonly keepDims: boolean;
}

/** The attributes of a product. */
export interface MatmulAttrs {
  /** Whether the first operand is given as [..., K, M]. */
  readonly transposeA: boolean;
  /** Whether the second is given as [..., N, K]. */
  readonly transposeB: boolean;
  /** What the product is multiplied by. */
  readonly alpha: number;
  /**
   * Whether the result may be rounded to the type of the operands where those are narrower
   * than f32: so it is between a model's layers, not for its answers nor for gradients of
   * weights. It says nothing where products are of f32.
   */
  readonly isNarrow: boolean;
}

/** Attributes of every operation: the table of operations. */
export type OpAttrs = {
  // Leaves
  /** A tensor from outside. */
  input: { readonly name: string; readonly role: "param" | "data" };
  /** Elements that all have one value; for bool 0 or 1. */
  splat: { readonly value: number };

  // Elementwise, with NumPy's broadcasting; operands of one dtype
  add: NoAttrs;
  sub: NoAttrs;
  mul: NoAttrs;
  /** f32 only. */
  div: NoAttrs;
  /** The greater; where both are equal the gradient goes to the first. */
  maximum: NoAttrs;
  /** The lesser; where both are equal the gradient goes to the first. */
  minimum: NoAttrs;
  /** bool. */
  equal: NoAttrs;
  /** bool. */
  less: NoAttrs;
  /** (condition, a, b): a where the condition holds, else b. */
  select: NoAttrs;

  // Elementwise of one operand
  neg: NoAttrs;
  exp: NoAttrs;
  /** Natural logarithm. */
  log: NoAttrs;
  sqrt: NoAttrs;
  /** 1 / sqrt(x). */
  rsqrt: NoAttrs;
  tanh: NoAttrs;
  erf: NoAttrs;
  /** f32 to i32 truncates; to bool: not zero; bool to a number: 0 or 1. */
  cast: { readonly to: DType };
  /** The same values; no gradient flows back. */
  stopGradient: NoAttrs;

  // Shape
  reshape: { readonly shape: Shape };
  /** Output dimension i is input dimension perm[i]. */
  transpose: { readonly perm: readonly number[] };
  broadcastTo: { readonly shape: Shape };
  /** Elements starts[i] up to but not including ends[i] of each dimension i. */
  slice: { readonly starts: readonly number[]; readonly ends: readonly number[] };
  concat: { readonly axis: number };

  // Reductions
  reduceSum: ReduceAttrs;
  /** Where several elements are the maximum, they share the gradient evenly. */
  reduceMax: ReduceAttrs;

  // Contraction
  /** alpha * op(a) op(b) over the last two dimensions. */
  matmul: MatmulAttrs;

  // Indexing
  /** (table [R, ...rest], ids [...S]): [...S, ...rest]. */
  gatherRows: NoAttrs;
  /** (base [R, ...rest], ids [N], updates [N, ...rest]); ids may repeat. */
  scatterAddRows: NoAttrs;
  /** (x [...S, V], ids [...S]): [...S]. */
  pickLast: NoAttrs;
  /** (values [...S], ids [...S]): [...S, depth], zero but at the ids. */
  placeLast: { readonly depth: number };

  // Between devices
  /**
   * The sum over the replicas that run the graph side by side, each on its part of a batch,
   * the same on all of them; on one, the value itself. Its gradient is of the sum of all losses.
   */
  replicaSum: NoAttrs;

  // Fused; each also expands to the operations above (passes/expand.ts)
  /** x * (1 + erf(x / sqrt(2))) / 2. */
  gelu: NoAttrs;
  /** (x, dy). */
  geluGrad: NoAttrs;
  /** Over the last dimension. */
  softmax: NoAttrs;
  /** (y, dy) with y the softmax: y * (dy - sum(y * dy)). */
  softmaxGrad: NoAttrs;
  /** (x, gamma, beta), over the last dimension, with the biased variance. */
  layerNorm: { readonly epsilon: number };
  /** (x, gamma, dy): the gradients of x, gamma and beta. */
  layerNormGrad: { readonly epsilon: number };
  /**
   * (x [N, in], n weights [out, in], n biases [out]): x wT + b for each, n times [N, out]. Said
   * as one, so that an engine may compute one wide product.
   */
  projections: NoAttrs;
  /** (x, n weights, n dy, base?): the gradients of x (plus base), of the weights, of the biases. */
  projectionsGrad: NoAttrs;
  /** (logits [N, V], targets [N]): [N] in nats. */
  softmaxCrossEntropy: NoAttrs;
  /** (logits [N, V], targets [N], dloss [N]): [N, V]. */
  softmaxCrossEntropyGrad: NoAttrs;
  /**
   * (q [B, T, H, D], k, v [B, S, H, D], bias, mask?): mask * softmax(scale * q kT + bias) v for
   * each of H heads, [B, T, H, D]; bias and mask broadcast to [B, H, T, S] and get no gradient.
   */
  attention: { readonly scale: number };
  /**
   * (q, k, v, bias, y, dy, mask?): the gradients of q, k and v. y is the attention's result: it
   * follows from the others, and leads an engine to what it kept when it made it.
   */
  attentionGrad: { readonly scale: number };

  // Random
  /** (seed i32 [2], or [3] with rowSize); see dropout_bits.ts. */
  dropoutMask: { readonly rate: number; readonly site: string; readonly rowSize?: number };
};

/** The name of an operation. */
export type OpName = keyof OpAttrs;

/**
 * The operations whose elements each depend on one element of every operand, with NumPy's
 * broadcasting, by how many operands they take. Those with attributes are not among them.
 */
const ELEMENTWISE = {
  neg: 1,
  exp: 1,
  log: 1,
  sqrt: 1,
  rsqrt: 1,
  tanh: 1,
  erf: 1,
  gelu: 1,
  add: 2,
  sub: 2,
  mul: 2,
  div: 2,
  maximum: 2,
  minimum: 2,
  equal: 2,
  less: 2,
  select: 3,
} as const satisfies Partial<Record<OpName, number>>;

/** The name of an elementwise operation. */
export type ElementwiseOp = keyof typeof ELEMENTWISE;

/** An elementwise operation of two operands. */
export type BinaryOp = {
  [Name in ElementwiseOp]: (typeof ELEMENTWISE)[Name] extends 2 ? Name : never;
}[ElementwiseOp];

/** Whether an operation is elementwise, so that its operands broadcast. */
export function isElementwise(op: OpName): op is ElementwiseOp {
  return Object.hasOwn(ELEMENTWISE, op);
}

/** A result of a node: an edge of the graph. */
export interface Value {
  /** Counts from 0 within its graph, in the order in which values are made. */
  readonly id: number;
  /** Static. */
  readonly shape: Shape;
  /** Of the elements. */
  readonly dtype: DType;
}

/** One operation applied to values. */
export type Node = {
  [Name in OpName]: {
    readonly op: Name;
    readonly attrs: OpAttrs[Name];
    readonly inputs: readonly Value[];
    /** What it makes: one value, or one for each gradient of a fused operation. */
    readonly outputs: readonly [Value, ...Value[]];
    /** The first of them, the only one of most nodes. */
    readonly output: Value;
  };
}[OpName];

/** The number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, each) => product * each, 1);
}

/**
 * The shape that two shapes broadcast to.
 *
 * @throws Error when they do not
 */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[a.length - rank + i] ?? 1, right = b[b.length - rank + i] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new Error(`shapes [${a}] and [${b}] do not broadcast`);
    }
    return left === 1 ? right : left;
  });
}
