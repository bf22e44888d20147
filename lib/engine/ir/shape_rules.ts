/**
 * The shape rule of every operation: the shapes and dtypes that a node makes, from
 * those that it takes, or an error that says what does not fit.
 *
 * `Graph` asks here when a node is made. Leaves and `dropoutMask` have no rule: whoever
 * makes one gives its shape.
 */
import {
  broadcastShapes,
  type DType,
  type OpAttrs,
  type OpName,
  type Shape,
  sizeOf,
  type Value,
} from "./ops.ts";

/** What a value is besides its place in a graph. */
export type ValueType = Pick<Value, "shape" | "dtype">;

/** The operations that are given their shape. */
export type OpOfGivenShape = "input" | "splat" | "dropoutMask";

/** The operations whose results follow from their operands and attributes. */
export type RuledOp = Exclude<OpName, OpOfGivenShape>;

type ShapeRule<Name extends OpName> = (
  attrs: OpAttrs[Name],
  ...operands: readonly ValueType[]
) => ValueType | readonly ValueType[];

/** Fails as a fault of the code that builds a graph, not of whoever uses the program. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/**
 * What a node makes, one type for each of its outputs.
 *
 * @throws Error when the operands do not fit
 */
export function resultsOf<Name extends RuledOp>(
  op: Name,
  attrs: OpAttrs[Name],
  operands: readonly ValueType[],
): readonly ValueType[] {
  const results = SHAPE_RULES[op](attrs, ...operands);
  return isList(results) ? results : [results];
}

function isList(results: ValueType | readonly ValueType[]): results is readonly ValueType[] {
  return Array.isArray(results);
}

const SHAPE_RULES: { readonly [Name in RuledOp]: ShapeRule<Name> } = {
  add: binary("add"),
  sub: binary("sub"),
  mul: binary("mul"),
  div: (_, a, b) => {
    check(a!.dtype === "f32", `div needs f32, not ${a!.dtype}`);
    return broadcast("div", a!, b!);
  },
  maximum: binary("maximum"),
  minimum: binary("minimum"),
  equal: (_, a, b) => ({ ...broadcast("equal", a!, b!), dtype: "bool" }),
  less: (_, a, b) => ({ ...broadcast("less", a!, b!), dtype: "bool" }),
  select: (_, condition, a, b) => {
    check(condition!.dtype === "bool", "select needs a bool condition");
    check(a!.dtype === b!.dtype, "select needs branches of one dtype");
    const branches = broadcastShapes(a!.shape, b!.shape);
    return { shape: broadcastShapes(condition!.shape, branches), dtype: a!.dtype };
  },

  neg: unary("neg"),
  exp: unary("exp"),
  log: unary("log"),
  sqrt: unary("sqrt"),
  rsqrt: unary("rsqrt"),
  tanh: unary("tanh"),
  erf: unary("erf"),
  cast: ({ to }, x) => ({ shape: x!.shape, dtype: to }),
  stopGradient: (_, x) => x!,

  reshape: ({ shape }, x) => {
    check(sizeOf(shape) === sizeOf(x!.shape), `cannot reshape [${x!.shape}] to [${shape}]`);
    return { shape, dtype: x!.dtype };
  },
  transpose: ({ perm }, x) => {
    check(
      perm.length === x!.shape.length && new Set(perm).size === perm.length &&
        perm.every((axis) => x!.shape[axis] !== undefined),
      `[${perm}] is no permutation of the dimensions of [${x!.shape}]`,
    );
    return { shape: perm.map((axis) => x!.shape[axis]!), dtype: x!.dtype };
  },
  broadcastTo: ({ shape }, x) => {
    const joint = broadcastShapes(x!.shape, shape);
    check(String(joint) === String(shape), `cannot broadcast [${x!.shape}] to [${shape}]`);
    return { shape, dtype: x!.dtype };
  },
  slice: ({ starts, ends }, x) => {
    const { shape, dtype } = x!;
    check(
      starts.length === shape.length && ends.length === shape.length &&
        starts.every((start, i) => start >= 0 && start < ends[i]! && ends[i]! <= shape[i]!),
      `slice [${starts}] to [${ends}] does not fit [${shape}]`,
    );
    return { shape: starts.map((n, i) => ends[i]! - n), dtype };
  },
  concat: ({ axis }, ...values) => {
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
    return { shape, dtype: first.dtype };
  },

  reduceSum: reduced,
  reduceMax: reduced,

  matmul: ({ transposeA, transposeB }, a, b) => {
    const what = `cannot multiply [${a!.shape}] by [${b!.shape}]`;
    check(a!.shape.length >= 2 && b!.shape.length >= 2, what);
    check(a!.dtype === "f32" && b!.dtype === "f32", `${what}: not f32`);
    const lead = a!.shape.slice(0, -2), other = b!.shape.slice(0, -2);
    check(other.length === 0 || String(lead) === String(other), what);
    const [m, k] = transposeA ? a!.shape.slice(-2).reverse() : a!.shape.slice(-2);
    const [k2, n] = transposeB ? b!.shape.slice(-2).reverse() : b!.shape.slice(-2);
    check(k === k2, what);
    return { shape: [...lead, m!, n!], dtype: "f32" };
  },

  gatherRows: (_, table, ids) => {
    const isFit = ids!.dtype === "i32" && table!.shape.length >= 1;
    check(isFit, "gatherRows needs a table and i32 ids");
    return { shape: [...ids!.shape, ...table!.shape.slice(1)], dtype: table!.dtype };
  },
  scatterAddRows: (_, base, ids, updates) => {
    check(
      ids!.dtype === "i32" && ids!.shape.length === 1 &&
        isShape(updates!, [ids!.shape[0]!, ...base!.shape.slice(1)]),
      `cannot add [${updates!.shape}] to rows [${ids!.shape}] of [${base!.shape}]`,
    );
    check(base!.dtype === updates!.dtype, "scatterAddRows: dtypes differ");
    return base!;
  },
  pickLast: (_, x, ids) => {
    check(ids!.dtype === "i32", "pickLast needs i32 ids");
    check(isShape(ids!, x!.shape.slice(0, -1)), "pickLast: shapes differ");
    return { shape: ids!.shape, dtype: x!.dtype };
  },
  placeLast: ({ depth }, values, ids) => {
    check(isShape(values!, ids!.shape), "placeLast: shapes differ");
    return { shape: [...ids!.shape, depth], dtype: values!.dtype };
  },

  replicaSum: unary("replicaSum"),

  gelu: unary("gelu"),
  geluGrad: (_, x, dy) => {
    check(isShape(dy!, x!.shape), "geluGrad: shapes differ");
    return x!;
  },
  softmax: (_, x) => {
    check(x!.shape.length >= 1, "softmax needs a dimension");
    check(x!.dtype === "f32", `softmax needs f32, not ${x!.dtype}`);
    return x!;
  },
  softmaxGrad: (_, y, dy) => {
    check(isShape(dy!, y!.shape), "softmaxGrad: shapes differ");
    return y!;
  },
  layerNorm: (_, x, gamma, beta) => {
    const width = x!.shape.at(-1);
    check(width !== undefined, "layerNorm needs a dimension");
    check(isShape(gamma!, [width]), "layerNorm: gamma has another width");
    check(isShape(beta!, [width]), "layerNorm: beta has another width");
    return x!;
  },
  layerNormGrad: (_, x, gamma, dy) => {
    check(isShape(dy!, x!.shape), "layerNormGrad: shapes differ");
    check(isShape(gamma!, x!.shape.slice(-1)), "layerNormGrad: another width");
    return [x!, gamma!, gamma!];
  },
  projections: (_, x, ...layers) => {
    const count = layers.length / 2;
    check(Number.isInteger(count) && count > 0, "projections need a weight and a bias each");
    return layers.slice(0, count).map((weight, i) => projected(x!, weight, layers[count + i]!));
  },
  projectionsGrad: (_, x, ...others) => {
    const count = Math.floor(others.length / 2);
    check(count > 0, "projectionsGrad needs a weight and a gradient each");
    const weights = others.slice(0, count), dys = others.slice(count, 2 * count);
    const biases = weights.map(({ shape, dtype }) => ({ shape: shape.slice(0, 1), dtype }));
    const isFit =
      weights.every((weight, i) => isShape(dys[i]!, projected(x!, weight, biases[i]!).shape)) &&
      others.slice(2 * count).every((base) => isShape(base, x!.shape));
    check(isFit, "projectionsGrad: shapes differ");
    return [x!, ...weights, ...biases];
  },
  softmaxCrossEntropy: (_, logits, targets) => {
    check(
      logits!.shape.length === 2 && targets!.dtype === "i32" &&
        isShape(targets!, [logits!.shape[0]!]),
      `softmaxCrossEntropy of [${logits!.shape}] and [${targets!.shape}]`,
    );
    return { shape: targets!.shape, dtype: "f32" };
  },
  softmaxCrossEntropyGrad: (_, logits, targets, dloss) => {
    check(
      isShape(dloss!, targets!.shape) && isShape(dloss!, [logits!.shape[0]!]),
      `softmaxCrossEntropyGrad of [${logits!.shape}], [${targets!.shape}], [${dloss!.shape}]`,
    );
    return { shape: logits!.shape, dtype: "f32" };
  },
  attention: (_, q, k, v, ...besides) => {
    checkAttention([q!, k!, v!], besides);
    return { shape: q!.shape, dtype: "f32" };
  },
  attentionGrad: (_, q, k, v, bias, y, dy, ...mask) => {
    checkAttention([q!, k!, v!], [bias!, ...mask]);
    const isFit = isShape(y!, q!.shape) && isShape(dy!, q!.shape);
    check(isFit, "attentionGrad: shapes differ");
    return [q!, k!, v!];
  },
};

function isShape(type: ValueType, shape: Shape): boolean {
  return String(type.shape) === String(shape);
}

function unary(op: OpName): (attrs: unknown, ...operands: readonly ValueType[]) => ValueType {
  return (_, x) => {
    check(x!.dtype === "f32", `${op} needs f32, not ${x!.dtype}`);
    return x!;
  };
}

function binary(op: OpName): (attrs: unknown, ...operands: readonly ValueType[]) => ValueType {
  return (_, a, b) => broadcast(op, a!, b!);
}

function broadcast(op: OpName, a: ValueType, b: ValueType): { shape: Shape; dtype: DType } {
  check(a.dtype === b.dtype, `${op} of ${a.dtype} and ${b.dtype}`);
  return { shape: broadcastShapes(a.shape, b.shape), dtype: a.dtype };
}

function reduced({ axes, keepDims }: OpAttrs["reduceSum"], x?: ValueType): ValueType {
  const { shape, dtype } = x!;
  check(
    axes.every((axis) => shape[axis] !== undefined) && new Set(axes).size === axes.length,
    `no axes [${axes}] in [${shape}]`,
  );
  return {
    shape: keepDims
      ? shape.map((size, i) => axes.includes(i) ? 1 : size)
      : shape.filter((_, i) => !axes.includes(i)),
    dtype,
  };
}

/** What one of several projections makes. */
function projected(x: ValueType, weight: ValueType, bias: ValueType): ValueType {
  const [rows, width] = x.shape, [out, inner] = weight.shape;
  check(
    x.shape.length === 2 && weight.shape.length === 2 && inner === width && isShape(bias, [out!]) &&
      [x, weight, bias].every(({ dtype }) => dtype === "f32"),
    `cannot project [${x.shape}] by [${weight.shape}] and [${bias.shape}]`,
  );
  return { shape: [rows!, out!], dtype: "f32" };
}

function checkAttention(
  [q, k, v]: readonly [ValueType, ValueType, ValueType],
  besides: readonly ValueType[],
): void {
  check(
    q.shape.length === 4 && isShape(k, v.shape) && q.shape[0] === k.shape[0] &&
      String(q.shape.slice(2)) === String(k.shape.slice(2)),
    `attention of [${q.shape}], [${k.shape}], [${v.shape}]`,
  );
  // The probabilities: [B, H, T, S] of q [B, T, H, D] and k [B, S, H, D].
  const [rows, length, heads] = q.shape as [number, number, number];
  const weights: Shape = [rows, heads, length, k.shape[1]!];
  for (const { shape } of besides) {
    check(
      String(broadcastShapes(weights, shape)) === String(weights),
      `attention: [${shape}] does not broadcast to [${weights}]`,
    );
  }
}
