/**
 * The intermediate representation: a typed SSA graph of tensor operations.
 *
 * A model is written against `Graph` once; `grad.ts` differentiates it; every
 * engine lowers it. A value has a static shape and a dtype, and a node is checked
 * when it is made (`shape_rules.ts`), so a mistake shows at the line that made it.
 * Knows no device and no numbers besides constants. `ops.ts` says what each
 * operation means.
 */
import type { DType, ElementwiseOp, Node, OpAttrs, OpName, Shape, Value } from "./ops.ts";
import type {
  AttentionGradients,
  AttentionOptions,
  LayerNormGradients,
  ProjectionGradients,
  ProjectionWeights,
} from "./composites.ts";
import {
  check,
  type OpOfGivenShape,
  resultsOf,
  type RuledOp,
  type ValueType,
} from "./shape_rules.ts";

import { sizeOf } from "./ops.ts";

export { broadcastShapes, isElementwise, sizeOf } from "./ops.ts";
export type { BinaryOp, DType, Node, OpName, Shape, Value } from "./ops.ts";

/** A graph under construction; nodes stand in an order in which they can run. */
export class Graph {
  /** Every node, each after those that make its inputs. */
  readonly nodes: Node[] = [];
  /** The results by name. */
  readonly outputs: Map<string, Value> = new Map();
  readonly #inputs = new Map<string, Value>();
  /** By the id of a value: the node that made it. */
  readonly #makers: Node[] = [];

  /** A named tensor from outside: a trained parameter, or data of the batch. */
  input(name: string, shape: Shape, dtype: DType = "f32", role: "param" | "data" = "data"): Value {
    check(!this.#inputs.has(name), `the graph has an input "${name}" already`);
    const value = this.#leaf("input", { name, role }, [], { shape, dtype });
    this.#inputs.set(name, value);
    return value;
  }

  /** A trained parameter: an f32 input of role "param". */
  param(name: string, shape: Shape): Value {
    return this.input(name, shape, "f32", "param");
  }

  /** The inputs by name, in the order in which they were made. */
  get inputs(): ReadonlyMap<string, Value> {
    return this.#inputs;
  }

  /** Names a value as a result of the graph. */
  output(name: string, value: Value): void {
    check(!this.outputs.has(name), `the graph has an output "${name}" already`);
    this.outputs.set(name, value);
  }

  /** The node that made a value. */
  nodeOf(value: Value): Node {
    const node = this.#makers[value.id];
    check(node?.outputs.includes(value) === true, "a value of another graph");
    return node;
  }

  /** A tensor whose elements all have one value; a scalar unless a shape is given. */
  splat(value: number, shape: Shape = [], dtype: DType = "f32"): Value {
    return this.#leaf("splat", { value }, [], { shape, dtype });
  }

  /** Elementwise a + b. */
  add(a: Value, b: Value): Value {
    return this.#one("add", {}, [a, b]);
  }
  /** Elementwise a - b. */
  sub(a: Value, b: Value): Value {
    return this.#one("sub", {}, [a, b]);
  }
  /** Elementwise a * b. */
  mul(a: Value, b: Value): Value {
    return this.#one("mul", {}, [a, b]);
  }
  /** Elementwise a / b. */
  div(a: Value, b: Value): Value {
    return this.#one("div", {}, [a, b]);
  }
  /** The greater of a and b, elementwise. */
  maximum(a: Value, b: Value): Value {
    return this.#one("maximum", {}, [a, b]);
  }
  /** The lesser of a and b, elementwise. */
  minimum(a: Value, b: Value): Value {
    return this.#one("minimum", {}, [a, b]);
  }
  /** Where `a` equals `b`, as bool. */
  equal(a: Value, b: Value): Value {
    return this.#one("equal", {}, [a, b]);
  }
  /** Where `a` is below `b`, as bool. */
  less(a: Value, b: Value): Value {
    return this.#one("less", {}, [a, b]);
  }
  /** `a` where `condition` (bool) holds, else `b`; all three broadcast. */
  select(condition: Value, a: Value, b: Value): Value {
    return this.#one("select", {}, [condition, a, b]);
  }

  /** -x. */
  neg(x: Value): Value {
    return this.#one("neg", {}, [x]);
  }
  /** e to the x. */
  exp(x: Value): Value {
    return this.#one("exp", {}, [x]);
  }
  /** The natural logarithm. */
  log(x: Value): Value {
    return this.#one("log", {}, [x]);
  }
  /** The square root. */
  sqrt(x: Value): Value {
    return this.#one("sqrt", {}, [x]);
  }
  /** 1 / sqrt(x). */
  rsqrt(x: Value): Value {
    return this.#one("rsqrt", {}, [x]);
  }
  /** The hyperbolic tangent. */
  tanh(x: Value): Value {
    return this.#one("tanh", {}, [x]);
  }
  /** The error function. */
  erf(x: Value): Value {
    return this.#one("erf", {}, [x]);
  }
  /** The values as another dtype; f32 to i32 truncates. */
  cast(x: Value, to: DType): Value {
    return this.#one("cast", { to }, [x]);
  }
  /** The same values; no gradient flows back. */
  stopGradient(x: Value): Value {
    return this.#one("stopGradient", {}, [x]);
  }

  /** The elements in the same order under another shape of the same size. */
  reshape(x: Value, shape: Shape): Value {
    return this.#one("reshape", { shape }, [x]);
  }
  /** Output dimension i is input dimension perm[i]. */
  transpose(x: Value, perm: readonly number[]): Value {
    return this.#one("transpose", { perm }, [x]);
  }
  /** Repeats dimensions of size 1, and new leading ones. */
  broadcastTo(x: Value, shape: Shape): Value {
    return this.#one("broadcastTo", { shape }, [x]);
  }
  /** Elements starts[i] up to but not including ends[i] of each dimension i. */
  slice(x: Value, starts: readonly number[], ends: readonly number[]): Value {
    return this.#one("slice", { starts, ends }, [x]);
  }
  /** Tensors joined along one axis; they agree in all others. */
  concat(values: readonly Value[], axis: number): Value {
    return this.#one("concat", { axis }, values);
  }

  /** Sum over axes (counted from 0). */
  reduceSum(x: Value, axes: readonly number[], keepDims = false): Value {
    return this.#one("reduceSum", { axes, keepDims }, [x]);
  }
  /** Maximum over axes (counted from 0). */
  reduceMax(x: Value, axes: readonly number[], keepDims = false): Value {
    return this.#one("reduceMax", { axes, keepDims }, [x]);
  }

  /**
   * alpha times the matrix product over the last two dimensions.
   *
   * Leading dimensions are equal, or `b` has none: [..., M, K] x [..., K, N] or
   * [..., M, K] x [K, N]. A transposed operand is given as [..., K, M] or [..., N, K].
   */
  matmul(
    a: Value,
    b: Value,
    options: Partial<OpAttrs["matmul"]> = {},
  ): Value {
    const { transposeA = false, transposeB = false, alpha = 1, isNarrow = false } = options;
    return this.#one("matmul", { transposeA, transposeB, alpha, isNarrow }, [a, b]);
  }

  /** Rows of a table [R, ...rest] at ids (i32, any shape S): [...S, ...rest]. */
  gatherRows(table: Value, ids: Value): Value {
    return this.#one("gatherRows", {}, [table, ids]);
  }
  /** base [R, ...rest] plus updates [N, ...rest] added to the rows at ids [N]; ids may repeat. */
  scatterAddRows(base: Value, ids: Value, updates: Value): Value {
    return this.#one("scatterAddRows", {}, [base, ids, updates]);
  }
  /** x[..., ids[...]]: one element of the last dimension each; x [...S, V], ids [...S]. */
  pickLast(x: Value, ids: Value): Value {
    return this.#one("pickLast", {}, [x, ids]);
  }
  /** The transpose of pickLast: values [...S] at ids [...S] of zeros [...S, depth]. */
  placeLast(values: Value, ids: Value, depth: number): Value {
    return this.#one("placeLast", { depth }, [values, ids]);
  }

  /** The sum over the replicas that run this graph; on one, the value itself. */
  replicaSum(x: Value): Value {
    return this.#one("replicaSum", {}, [x]);
  }

  /** Gaussian error linear unit, exact (with erf). @see arXiv:1606.08415 */
  gelu(x: Value): Value {
    return this.#one("gelu", {}, [x]);
  }
  /** The gradient of gelu: dy times gelu'(x). */
  geluGrad(x: Value, dy: Value): Value {
    return this.#one("geluGrad", {}, [x, dy]);
  }
  /** Softmax over the last dimension. */
  softmax(x: Value): Value {
    return this.#one("softmax", {}, [x]);
  }
  /** The gradient of softmax from its result y: y * (dy - sum(y * dy)). */
  softmaxGrad(y: Value, dy: Value): Value {
    return this.#one("softmaxGrad", {}, [y, dy]);
  }
  /** Normalisation over the last dimension, then gamma * x + beta. @see arXiv:1607.06450 */
  layerNorm(x: Value, gamma: Value, beta: Value, epsilon: number): Value {
    return this.#one("layerNorm", { epsilon }, [x, gamma, beta]);
  }
  /** The gradients of layerNorm with respect to all that it takes. */
  layerNormGrad(x: Value, gamma: Value, dy: Value, epsilon: number): LayerNormGradients {
    const made = this.#many("layerNormGrad", { epsilon }, [x, gamma, dy]);
    const [dx, dgamma, dbeta] = made as [Value, Value, Value];
    return { dx, dgamma, dbeta };
  }
  /**
   * Several linear layers of one input: x wT + b for each.
   *
   * @param x [N, in]
   */
  projections(x: Value, layers: readonly ProjectionWeights[]): Value[] {
    const weights = layers.map(({ weight }) => weight), biases = layers.map(({ bias }) => bias);
    return [...this.#many("projections", {}, [x, ...weights, ...biases])];
  }
  /**
   * The gradients of projections.
   *
   * @param dys the gradients of the results
   * @param options base: what the gradient of x is added to; of its shape
   */
  projectionsGrad(
    x: Value,
    dys: readonly Value[],
    { weights, base }: { readonly weights: readonly Value[]; readonly base?: Value | undefined },
  ): ProjectionGradients {
    const inputs = [x, ...weights, ...dys, ...base === undefined ? [] : [base]];
    const [dx, ...rest] = this.#many("projectionsGrad", {}, inputs);
    const dweights = rest.slice(0, weights.length);
    return { dx, dweights, dbiases: rest.slice(weights.length) };
  }
  /** Cross-entropy in nats of logits [N, V] against target ids [N] (i32): [N]. */
  softmaxCrossEntropy(logits: Value, targets: Value): Value {
    return this.#one("softmaxCrossEntropy", {}, [logits, targets]);
  }
  /** The gradient of softmaxCrossEntropy: dloss[n] * (softmax(logits[n]) - onehot(targets[n])). */
  softmaxCrossEntropyGrad(logits: Value, targets: Value, dloss: Value): Value {
    return this.#one("softmaxCrossEntropyGrad", {}, [logits, targets, dloss]);
  }
  /**
   * Scaled dot-product attention of several heads: mask * softmax(scale * q kT + bias) v.
   *
   * @param q [B, T, H, D]; k, v [B, S, H, D]
   * @returns [B, T, H, D]
   */
  attention(q: Value, k: Value, v: Value, options: AttentionOptions): Value {
    const { bias, mask, scale } = options;
    const inputs = [q, k, v, bias, ...mask === undefined ? [] : [mask]];
    return this.#one("attention", { scale }, inputs);
  }
  /**
   * The gradients of attention with respect to q, k and v.
   *
   * @param made y: the attention's result; dy: the gradient of it
   */
  attentionGrad(
    [q, k, v]: readonly [Value, Value, Value],
    { y, dy }: { readonly y: Value; readonly dy: Value },
    { bias, mask, scale }: AttentionOptions,
  ): AttentionGradients {
    const inputs = [q, k, v, bias, y, dy, ...mask === undefined ? [] : [mask]];
    const made = this.#many("attentionGrad", { scale }, inputs);
    const [dq, dk, dv] = made as [Value, Value, Value];
    return { dq, dk, dv };
  }
  /**
   * A dropout mask: 0 with probability `rate`, else 1 / (1 - rate).
   *
   * A pure function of (seed, site, element), see `dropout_bits.ts`, so that
   * every engine draws the same mask.
   *
   * @param seed i32 [2]: the run's seed and the step; of a micro-batch [3]: also its first
   *   row's number in the batch
   * @param options rows: how many rows of the batch the mask is of, where the seed tells a row
   */
  dropoutMask(
    seed: Value,
    shape: Shape,
    options: { readonly rate: number; readonly site: string; readonly rows?: number | undefined },
  ): Value {
    const { rate, site, rows } = options, words = rows === undefined ? 2 : 3;
    const isSeed = seed.dtype === "i32" && String(seed.shape) === String(words);
    check(isSeed, `dropoutMask needs a seed i32 [${words}]`);
    check(rate >= 0 && rate < 1, `a dropout rate is at least 0 and below 1, not ${rate}`);
    const part = rows === undefined ? {} : { rowSize: sizeOf(shape) / rows };
    check(part.rowSize === undefined || Number.isInteger(part.rowSize), "a mask of whole rows");
    return this.#leaf("dropoutMask", { rate, site, ...part }, [seed], { shape, dtype: "f32" });
  }

  /** Applies an elementwise operation by name. */
  elementwise(op: ElementwiseOp, operands: readonly Value[]): Value {
    return (this[op] as (...operands: readonly Value[]) => Value)(...operands);
  }

  /**
   * Adds a copy of a node with other inputs; for passes that rewrite a graph.
   * The caller answers for the shapes being still right.
   */
  copy(node: Node, inputs: readonly Value[]): readonly [Value, ...Value[]] {
    if (node.op === "input") {
      const { name, role } = node.attrs;
      return [this.input(name, node.output.shape, node.output.dtype, role)];
    }
    return this.#append(node.op, node.attrs, inputs, node.outputs);
  }

  /** A node that is given the type of what it makes. */
  #leaf<Name extends OpOfGivenShape>(
    op: Name,
    attrs: OpAttrs[Name],
    inputs: readonly Value[],
    result: ValueType,
  ): Value {
    return this.#append(op, attrs, inputs, [result])[0];
  }

  /** A node of one output. */
  #one<Name extends RuledOp>(op: Name, attrs: OpAttrs[Name], inputs: readonly Value[]): Value {
    return this.#many(op, attrs, inputs)[0];
  }

  #many<Name extends RuledOp>(
    op: Name,
    attrs: OpAttrs[Name],
    inputs: readonly Value[],
  ): readonly [Value, ...Value[]] {
    return this.#append(op, attrs, inputs, resultsOf(op, attrs, inputs));
  }

  #append<Name extends OpName>(
    op: Name,
    attrs: OpAttrs[Name],
    inputs: readonly Value[],
    results: readonly ValueType[],
  ): readonly [Value, ...Value[]] {
    for (const each of inputs) {
      const isOurs = this.#makers[each.id]?.outputs.includes(each) === true;
      check(isOurs, `${op} takes a value of another graph`);
    }
    const first = this.#makers.length;
    const outputs = results.map(({ shape, dtype }, i) => ({ id: first + i, shape, dtype }));
    // The mapped type of Node cannot follow a generic name.
    const node = { op, attrs, inputs, outputs, output: outputs[0] } as unknown as Node;
    this.nodes.push(node);
    outputs.forEach(() => this.#makers.push(node));
    return node.outputs;
  }
}
