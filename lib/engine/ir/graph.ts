/**
 * The intermediate representation: a typed SSA graph of tensor operations.
 *
 * A model is written against `Graph` once; `grad.ts` differentiates it; every
 * engine lowers it. A value has a static shape and a dtype, and a node is checked
 * when it is made, so a mistake shows at the line that made it. Knows no device
 * and no numbers besides constants. `ops.ts` says what each operation means.
 */
import {
  type BinaryOp,
  broadcastShapes,
  type DType,
  type ElementwiseOp,
  type Node,
  type OpAttrs,
  type OpName,
  type Shape,
  sizeOf,
  type UnaryOp,
  type Value,
} from "./ops.ts";

export { broadcastShapes, isElementwise, sizeOf } from "./ops.ts";
export type {
  BinaryOp,
  DType,
  ElementwiseOp,
  Node,
  OpAttrs,
  OpName,
  Shape,
  UnaryOp,
  Value,
} from "./ops.ts";

/** The gradients of a layer norm. */
export interface LayerNormGradients {
  /** Of the shape of x. */
  readonly dx: Value;
  /** Of the shape of gamma. */
  readonly dgamma: Value;
  /** Of the shape of beta. */
  readonly dbeta: Value;
}

/** What an attention takes besides queries, keys and values. */
export interface AttentionOptions {
  /** Broadcasts to [B, H, T, S]; 0 to attend, a large negative number not to. */
  readonly bias: Value;
  /** Broadcasts to [B, H, T, S]: what the probabilities are multiplied by, as in dropout. */
  readonly mask?: Value | undefined;
  /** What the products of queries and keys are multiplied by. */
  readonly scale: number;
}

/** The gradients of an attention, each of the shape of its operand. */
export interface AttentionGradients {
  /** Of the queries. */
  readonly dq: Value;
  /** Of the keys. */
  readonly dk: Value;
  /** Of the values. */
  readonly dv: Value;
}

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
    const value = this.#add("input", { name, role }, [], { shape, dtype });
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
    return this.#add("splat", { value }, [], { shape, dtype });
  }

  /** Elementwise a + b. */
  add(a: Value, b: Value): Value {
    return this.#binary("add", a, b);
  }
  /** Elementwise a - b. */
  sub(a: Value, b: Value): Value {
    return this.#binary("sub", a, b);
  }
  /** Elementwise a * b. */
  mul(a: Value, b: Value): Value {
    return this.#binary("mul", a, b);
  }
  /** Elementwise a / b. */
  div(a: Value, b: Value): Value {
    check(a.dtype === "f32", `div needs f32, not ${a.dtype}`);
    return this.#binary("div", a, b);
  }
  /** The greater of a and b, elementwise. */
  maximum(a: Value, b: Value): Value {
    return this.#binary("maximum", a, b);
  }
  /** The lesser of a and b, elementwise. */
  minimum(a: Value, b: Value): Value {
    return this.#binary("minimum", a, b);
  }
  /** Where `a` equals `b`, as bool. */
  equal(a: Value, b: Value): Value {
    return this.#binary("equal", a, b, "bool");
  }
  /** Where `a` is below `b`, as bool. */
  less(a: Value, b: Value): Value {
    return this.#binary("less", a, b, "bool");
  }
  /** `a` where `condition` (bool) holds, else `b`; all three broadcast. */
  select(condition: Value, a: Value, b: Value): Value {
    check(condition.dtype === "bool", "select needs a bool condition");
    check(a.dtype === b.dtype, "select needs branches of one dtype");
    const shape = broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape));
    return this.#add("select", {}, [condition, a, b], { shape, dtype: a.dtype });
  }

  /** -x. */
  neg(x: Value): Value {
    return this.#unary("neg", x);
  }
  /** e to the x. */
  exp(x: Value): Value {
    return this.#unary("exp", x);
  }
  /** The natural logarithm. */
  log(x: Value): Value {
    return this.#unary("log", x);
  }
  /** The square root. */
  sqrt(x: Value): Value {
    return this.#unary("sqrt", x);
  }
  /** 1 / sqrt(x). */
  rsqrt(x: Value): Value {
    return this.#unary("rsqrt", x);
  }
  /** The hyperbolic tangent. */
  tanh(x: Value): Value {
    return this.#unary("tanh", x);
  }
  /** The error function. */
  erf(x: Value): Value {
    return this.#unary("erf", x);
  }
  /** The values as another dtype; f32 to i32 truncates. */
  cast(x: Value, to: DType): Value {
    return this.#add("cast", { to }, [x], { shape: x.shape, dtype: to });
  }
  /** The same values; no gradient flows back. */
  stopGradient(x: Value): Value {
    return this.#add("stopGradient", {}, [x], x);
  }

  /** The elements in the same order under another shape of the same size. */
  reshape(x: Value, shape: Shape): Value {
    check(sizeOf(shape) === sizeOf(x.shape), `cannot reshape [${x.shape}] to [${shape}]`);
    return this.#add("reshape", { shape }, [x], { shape, dtype: x.dtype });
  }
  /** Output dimension i is input dimension perm[i]. */
  transpose(x: Value, perm: readonly number[]): Value {
    check(
      perm.length === x.shape.length && new Set(perm).size === perm.length &&
        perm.every((axis) => x.shape[axis] !== undefined),
      `[${perm}] is no permutation of the dimensions of [${x.shape}]`,
    );
    return this.#add("transpose", { perm }, [x], {
      shape: perm.map((axis) => x.shape[axis]!),
      dtype: x.dtype,
    });
  }
  /** Repeats dimensions of size 1, and new leading ones. */
  broadcastTo(x: Value, shape: Shape): Value {
    const joint = broadcastShapes(x.shape, shape);
    check(String(joint) === String(shape), `cannot broadcast [${x.shape}] to [${shape}]`);
    return this.#add("broadcastTo", { shape }, [x], { shape, dtype: x.dtype });
  }
  /** Elements starts[i] up to but not including ends[i] of each dimension i. */
  slice(x: Value, starts: readonly number[], ends: readonly number[]): Value {
    check(
      starts.length === x.shape.length && ends.length === x.shape.length &&
        starts.every((start, i) => start >= 0 && start < ends[i]! && ends[i]! <= x.shape[i]!),
      `slice [${starts}] to [${ends}] does not fit [${x.shape}]`,
    );
    return this.#add("slice", { starts, ends }, [x], {
      shape: starts.map((n, i) => ends[i]! - n),
      dtype: x.dtype,
    });
  }
  /** Tensors joined along one axis; they agree in all others. */
  concat(values: readonly Value[], axis: number): Value {
    const first = values[0];
    check(first !== undefined && first.shape[axis] !== undefined, `concat at axis ${axis}`);
    check(
      values.every((each) =>
        each.dtype === first.dtype && each.shape.length === first.shape.length &&
        each.shape.every((size, i) => i === axis || size === first.shape[i])
      ),
      `shapes ${values.map((each) => `[${each.shape}]`).join(", ")} do not join at ${axis}`,
    );
    const total = values.reduce((sum, each) => sum + each.shape[axis]!, 0);
    const shape = first.shape.map((size, i) => i === axis ? total : size);
    return this.#add("concat", { axis }, values, { shape, dtype: first.dtype });
  }

  /** Sum over axes (counted from 0). */
  reduceSum(x: Value, axes: readonly number[], keepDims = false): Value {
    return this.#reduce("reduceSum", x, axes, keepDims);
  }
  /** Maximum over axes (counted from 0). */
  reduceMax(x: Value, axes: readonly number[], keepDims = false): Value {
    return this.#reduce("reduceMax", x, axes, keepDims);
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
    options: { transposeA?: boolean; transposeB?: boolean; alpha?: number } = {},
  ): Value {
    const { transposeA = false, transposeB = false, alpha = 1 } = options;
    const what = `cannot multiply [${a.shape}] by [${b.shape}]`;
    check(a.shape.length >= 2 && b.shape.length >= 2, what);
    check(a.dtype === "f32" && b.dtype === "f32", `${what}: not f32`);
    const lead = a.shape.slice(0, -2), other = b.shape.slice(0, -2);
    check(other.length === 0 || String(lead) === String(other), what);
    const [m, k] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : a.shape.slice(-2);
    const [k2, n] = transposeB ? [b.shape.at(-1)!, b.shape.at(-2)!] : b.shape.slice(-2);
    check(k === k2, what);
    return this.#add("matmul", { transposeA, transposeB, alpha }, [a, b], {
      shape: [...lead, m!, n!],
      dtype: "f32",
    });
  }

  /** Rows of a table [R, ...rest] at ids (i32, any shape S): [...S, ...rest]. */
  gatherRows(table: Value, ids: Value): Value {
    check(ids.dtype === "i32" && table.shape.length >= 1, "gatherRows needs a table and i32 ids");
    const shape = [...ids.shape, ...table.shape.slice(1)];
    return this.#add("gatherRows", {}, [table, ids], { shape, dtype: table.dtype });
  }
  /** base [R, ...rest] plus updates [N, ...rest] added to the rows at ids [N]; ids may repeat. */
  scatterAddRows(base: Value, ids: Value, updates: Value): Value {
    check(
      ids.dtype === "i32" && ids.shape.length === 1 &&
        String(updates.shape) === String([ids.shape[0]!, ...base.shape.slice(1)]),
      `cannot add [${updates.shape}] to rows [${ids.shape}] of [${base.shape}]`,
    );
    check(base.dtype === updates.dtype, "scatterAddRows: dtypes differ");
    return this.#add("scatterAddRows", {}, [base, ids, updates], {
      shape: base.shape,
      dtype: base.dtype,
    });
  }
  /** x[..., ids[...]]: one element of the last dimension each; x [...S, V], ids [...S]. */
  pickLast(x: Value, ids: Value): Value {
    check(ids.dtype === "i32", "pickLast needs i32 ids");
    check(String(x.shape.slice(0, -1)) === String(ids.shape), "pickLast: shapes differ");
    return this.#add("pickLast", {}, [x, ids], { shape: ids.shape, dtype: x.dtype });
  }
  /** The transpose of pickLast: values [...S] at ids [...S] of zeros [...S, depth]. */
  placeLast(values: Value, ids: Value, depth: number): Value {
    check(String(values.shape) === String(ids.shape), "placeLast: shapes differ");
    return this.#add("placeLast", { depth }, [values, ids], {
      shape: [...ids.shape, depth],
      dtype: values.dtype,
    });
  }

  /** Gaussian error linear unit, exact (with erf). @see arXiv:1606.08415 */
  gelu(x: Value): Value {
    return this.#unary("gelu", x);
  }
  /** The gradient of gelu: dy times gelu'(x). */
  geluGrad(x: Value, dy: Value): Value {
    check(String(x.shape) === String(dy.shape), "geluGrad: shapes differ");
    return this.#add("geluGrad", {}, [x, dy], x);
  }
  /** Softmax over the last dimension. */
  softmax(x: Value): Value {
    check(x.shape.length >= 1, "softmax needs a dimension");
    return this.#unary("softmax", x);
  }
  /** The gradient of softmax from its result y: y * (dy - sum(y * dy)). */
  softmaxGrad(y: Value, dy: Value): Value {
    check(String(y.shape) === String(dy.shape), "softmaxGrad: shapes differ");
    return this.#add("softmaxGrad", {}, [y, dy], y);
  }
  /** Normalisation over the last dimension, then gamma * x + beta. @see arXiv:1607.06450 */
  layerNorm(x: Value, gamma: Value, beta: Value, epsilon: number): Value {
    const width = x.shape.at(-1);
    check(width !== undefined, "layerNorm needs a dimension");
    check(String(gamma.shape) === String([width]), "layerNorm: gamma has another width");
    check(String(beta.shape) === String([width]), "layerNorm: beta has another width");
    return this.#add("layerNorm", { epsilon }, [x, gamma, beta], x);
  }
  /** The gradients of layerNorm with respect to all that it takes. */
  layerNormGrad(x: Value, gamma: Value, dy: Value, epsilon: number): LayerNormGradients {
    check(String(x.shape) === String(dy.shape), "layerNormGrad: shapes differ");
    check(String(gamma.shape) === String(x.shape.slice(-1)), "layerNormGrad: another width");
    const results = [x, gamma, gamma];
    const made = this.#addNode("layerNormGrad", { epsilon }, [x, gamma, dy], results);
    const [dx, dgamma, dbeta] = made as [Value, Value, Value];
    return { dx, dgamma, dbeta };
  }
  /** Cross-entropy in nats of logits [N, V] against target ids [N] (i32): [N]. */
  softmaxCrossEntropy(logits: Value, targets: Value): Value {
    check(
      logits.shape.length === 2 && targets.dtype === "i32" &&
        String(targets.shape) === String([logits.shape[0]]),
      `softmaxCrossEntropy of [${logits.shape}] and [${targets.shape}]`,
    );
    return this.#add("softmaxCrossEntropy", {}, [logits, targets], {
      shape: targets.shape,
      dtype: "f32",
    });
  }
  /** The gradient of softmaxCrossEntropy: dloss[n] * (softmax(logits[n]) - onehot(targets[n])). */
  softmaxCrossEntropyGrad(logits: Value, targets: Value, dloss: Value): Value {
    check(
      String(dloss.shape) === String(targets.shape) &&
        String(dloss.shape) === String([logits.shape[0]]),
      `softmaxCrossEntropyGrad of [${logits.shape}], [${targets.shape}], [${dloss.shape}]`,
    );
    return this.#add("softmaxCrossEntropyGrad", {}, [logits, targets, dloss], {
      shape: logits.shape,
      dtype: "f32",
    });
  }
  /**
   * Scaled dot-product attention of several heads: mask * softmax(scale * q kT + bias) v.
   *
   * @param q [B, T, H, D]; k, v [B, S, H, D]
   * @returns [B, T, H, D]
   */
  attention(q: Value, k: Value, v: Value, options: AttentionOptions): Value {
    const { bias, mask, scale } = options;
    checkAttention([q, k, v], [bias, ...mask === undefined ? [] : [mask]]);
    const inputs = [q, k, v, bias, ...mask === undefined ? [] : [mask]];
    return this.#add("attention", { scale }, inputs, { shape: q.shape, dtype: "f32" });
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
    checkAttention([q, k, v], [bias, ...mask === undefined ? [] : [mask]]);
    for (const each of [y, dy]) {
      check(String(each.shape) === String(q.shape), "attentionGrad: shapes differ");
    }
    const inputs = [q, k, v, bias, y, dy, ...mask === undefined ? [] : [mask]];
    const made = this.#addNode("attentionGrad", { scale }, inputs, [q, k, v]);
    const [dq, dk, dv] = made as [Value, Value, Value];
    return { dq, dk, dv };
  }
  /**
   * A dropout mask: 0 with probability `rate`, else 1 / (1 - rate).
   *
   * A pure function of (seed, site, element), see `dropout_bits.ts`, so that
   * every engine draws the same mask.
   *
   * @param seed i32 [2]: the run's seed and the step
   */
  dropoutMask(seed: Value, shape: Shape, rate: number, site: string): Value {
    check(seed.dtype === "i32" && String(seed.shape) === "2", "dropoutMask needs a seed i32 [2]");
    check(rate >= 0 && rate < 1, `a dropout rate is at least 0 and below 1, not ${rate}`);
    return this.#add("dropoutMask", { rate, site }, [seed], { shape, dtype: "f32" });
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
    return this.#addNode(node.op, node.attrs, inputs, node.outputs);
  }

  #unary(op: UnaryOp | "softmax", x: Value): Value {
    check(x.dtype === "f32", `${op} needs f32, not ${x.dtype}`);
    return this.#add(op, {}, [x], x);
  }

  #binary(op: BinaryOp, a: Value, b: Value, dtype: DType = a.dtype): Value {
    check(a.dtype === b.dtype, `${op} of ${a.dtype} and ${b.dtype}`);
    return this.#add(op, {}, [a, b], { shape: broadcastShapes(a.shape, b.shape), dtype });
  }

  #reduce(
    op: "reduceSum" | "reduceMax",
    x: Value,
    axes: readonly number[],
    keepDims: boolean,
  ): Value {
    check(
      axes.every((axis) => x.shape[axis] !== undefined) && new Set(axes).size === axes.length,
      `no axes [${axes}] in [${x.shape}]`,
    );
    const shape = keepDims
      ? x.shape.map((size, i) => axes.includes(i) ? 1 : size)
      : x.shape.filter((_, i) => !axes.includes(i));
    return this.#add(op, { axes, keepDims }, [x], { shape, dtype: x.dtype });
  }

  #add<Name extends OpName>(
    op: Name,
    attrs: OpAttrs[Name],
    inputs: readonly Value[],
    result: ValueType,
  ): Value {
    return this.#addNode(op, attrs, inputs, [result])[0];
  }

  #addNode<Name extends OpName>(
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

/** What a value is besides its place. */
type ValueType = Pick<Value, "shape" | "dtype">;

function checkAttention([q, k, v]: [Value, Value, Value], besides: readonly Value[]): void {
  check(
    q.shape.length === 4 && String(k.shape) === String(v.shape) &&
      q.shape[0] === k.shape[0] && String(q.shape.slice(2)) === String(k.shape.slice(2)),
    `attention of [${q.shape}], [${k.shape}], [${v.shape}]`,
  );
  const weights = attentionWeightsShape(q, k);
  for (const { shape } of besides) {
    check(
      String(broadcastShapes(weights, shape)) === String(weights),
      `attention: [${shape}] does not broadcast to [${weights}]`,
    );
  }
}

/** The shape of an attention's probabilities: [B, H, T, S] of q [B, T, H, D] and k [B, S, H, D]. */
function attentionWeightsShape(q: Value, k: Value): Shape {
  const [rows, length, heads] = q.shape as [number, number, number];
  return [rows, heads, length, k.shape[1]!];
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
