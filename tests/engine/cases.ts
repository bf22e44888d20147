/**
 * Every operation with small inputs, edge cases included: one table for all engines.
 *
 * `check_case.ts` runs a case on an engine. A new operation does not pass
 * `ops_test.ts` until it has a case here, and one with a derivative until its
 * case names what to differentiate by.
 */
import type * as tfjs from "@tensorflow/tfjs-core";
import { Stream } from "../../lib/base/rng.ts";
import {
  type DType,
  type Graph,
  type OpName,
  type Shape,
  sizeOf,
} from "../../lib/engine/ir/graph.ts";
import type { Value } from "../../lib/engine/ir/graph.ts";

/** A named input of a case. */
export interface CaseInput {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly values: readonly number[];
}

/** One operation applied to given inputs. */
export interface OpCase {
  /** Operation and circumstance; unique. */
  readonly name: string;
  readonly op: OpName;
  readonly inputs: Readonly<Record<string, CaseInput>>;
  /** Applies the operation to the inputs in order. */
  readonly build: (graph: Graph, ...inputs: Value[]) => Value;
  /** Names of the inputs that have a gradient. */
  readonly wrt: readonly string[];
  /** The same with TensorFlow.js, which also gives the gradient; absent where it has none. */
  readonly tfjs?: (tf: typeof tfjs, ...inputs: tfjs.Tensor[]) => tfjs.Tensor;
  /** Allowed error relative to the largest expected magnitude, at least 1; default 2e-6. */
  readonly tolerance?: number;
}

type Options = Partial<Pick<OpCase, "wrt" | "tfjs" | "tolerance">>;

function opCase(
  name: string,
  inputs: Readonly<Record<string, CaseInput>>,
  build: OpCase["build"],
  options: Options = {},
): OpCase {
  const wrt = Object.keys(inputs).filter((each) => inputs[each]!.dtype === "f32");
  return { name, op: name.split(" ")[0] as OpName, inputs, build, wrt, ...options };
}

/** Uniform numbers in a range, always the same for one label and shape. */
function random(shape: Shape, label = "", low = -2, high = 2): CaseInput {
  const stream = new Stream(1, `tests/cases/${label}/${shape}`);
  const values = Array.from(
    { length: sizeOf(shape) },
    () => Math.fround(low + (high - low) * stream.float()),
  );
  return { shape, dtype: "f32", values };
}

/** Several results as one row, so that a case has one. */
function joined(graph: Graph, results: readonly Value[]): Value {
  return graph.concat(results.map((each) => graph.reshape(each, [sizeOf(each.shape)])), 0);
}

/** Numbers away from zero, where logarithms and roots are tame. */
function positive(shape: Shape, label = ""): CaseInput {
  return random(shape, `positive/${label}`, 0.25, 3);
}

function floats(shape: Shape, values: readonly number[]): CaseInput {
  return { shape, dtype: "f32", values };
}

function ids(shape: Shape, values: readonly number[]): CaseInput {
  return { shape, dtype: "i32", values };
}

function bools(shape: Shape, values: readonly number[]): CaseInput {
  return { shape, dtype: "bool", values };
}

type BinaryOp = "add" | "sub" | "mul" | "div" | "maximum" | "minimum";

const BROADCASTS: readonly [string, Shape, Shape][] = [
  ["of equal shapes", [2, 3], [2, 3]],
  ["with a scalar", [2, 3], []],
  ["with a row", [2, 3], [3]],
  ["broadcasting both sides", [2, 1, 3], [4, 1]],
  ["of sizes 1", [1, 1], [1]],
];

function binaryCases(op: BinaryOp): OpCase[] {
  return BROADCASTS.map(([how, a, b]) =>
    opCase(
      `${op} ${how}`,
      { a: random(a, "a"), b: op === "div" ? positive(b) : random(b, "b") },
      (graph, a, b) => graph[op](a!, b!),
      // TensorFlow.js forgets to sum the gradients of these two over broadcasts.
      (op === "maximum" || op === "minimum") && String(a) !== String(b)
        ? {}
        : { tfjs: (tf, a, b) => tf[op](a!, b!) },
    )
  );
}

type UnaryOp = "neg" | "exp" | "log" | "sqrt" | "rsqrt" | "tanh" | "erf";

function unaryCases(op: UnaryOp, x: CaseInput): OpCase[] {
  const build: OpCase["build"] = (graph, x) => graph[op](x!);
  const tfjs: OpCase["tfjs"] = (tf, x) => tf[op](x!);
  return [
    opCase(`${op}`, { x }, build, { tfjs }),
    opCase(`${op} of one element`, { x: floats([1, 1], [0.75]) }, build, { tfjs }),
  ];
}

const ELEMENTWISE: readonly OpCase[] = [
  ...binaryCases("add"),
  ...binaryCases("sub"),
  ...binaryCases("mul"),
  ...binaryCases("div"),
  ...binaryCases("maximum"),
  ...binaryCases("minimum"),
  opCase(
    "add of i32",
    { a: ids([3], [1, -2, 3]), b: ids([1], [40]) },
    (graph, a, b) => graph.add(a!, b!),
  ),
  opCase(
    "mul of i32",
    { a: ids([3], [1, -2, 3]), b: ids([3], [4, 5, -6]) },
    (graph, a, b) => graph.mul(a!, b!),
  ),
  opCase(
    "equal of i32",
    { a: ids([2, 3], [1, 2, 3, 4, 5, 6]), b: ids([3], [1, 5, 3]) },
    (graph, a, b) => graph.equal(a!, b!),
  ),
  opCase(
    "equal of f32",
    { a: floats([3], [0.5, -0, 2]), b: floats([3], [0.5, 0, 2.5]) },
    (graph, a, b) => graph.equal(a!, b!),
    { wrt: [] },
  ),
  opCase(
    "less broadcasting both sides",
    { a: floats([2, 1], [1, 2]), b: floats([3], [1, 2, 3]) },
    (graph, a, b) => graph.less(a!, b!),
    { wrt: [] },
  ),
  opCase(
    "less of i32",
    { a: ids([3], [1, 2, 3]), b: ids([3], [2, 2, 2]) },
    (graph, a, b) => graph.less(a!, b!),
  ),
  opCase(
    "select of equal shapes",
    {
      condition: bools([2, 3], [1, 0, 1, 0, 0, 1]),
      a: random([2, 3], "a"),
      b: random([2, 3], "b"),
    },
    (graph, condition, a, b) => graph.select(condition!, a!, b!),
    { tfjs: (tf, condition, a, b) => tf.where(condition!, a!, b!) },
  ),
  opCase(
    "select broadcasting all sides",
    { condition: bools([2, 1], [1, 0]), a: random([3], "a"), b: random([], "b") },
    (graph, condition, a, b) => graph.select(condition!, a!, b!),
  ),
  opCase(
    "select of i32",
    { condition: bools([2], [1, 0]), a: ids([2], [1, 2]), b: ids([1], [9]) },
    (graph, condition, a, b) => graph.select(condition!, a!, b!),
  ),
  opCase(
    // NaN in the branch not taken must not leak, as it would from a product with 0.
    "select beside infinities",
    {
      condition: bools([2], [1, 0]),
      a: floats([2], [1, Infinity]),
      b: floats([2], [-Infinity, 2]),
    },
    (graph, condition, a, b) => graph.select(condition!, a!, b!),
  ),
  ...unaryCases("neg", random([2, 3])),
  ...unaryCases("exp", random([2, 3])),
  ...unaryCases("log", positive([2, 3])),
  ...unaryCases("sqrt", positive([2, 3])),
  ...unaryCases("rsqrt", positive([2, 3])),
  ...unaryCases("tanh", random([2, 3])),
  ...unaryCases("erf", floats([8], [-4, -2, -1, -0.1, 0.1, 0.5, 1.5, 3])),
  opCase(
    "tanh of large numbers",
    { x: floats([4], [-90, -20, 20, 90]) },
    (graph, x) => graph.tanh(x!),
  ),
  opCase(
    "cast of f32 to i32",
    { x: floats([4], [1.75, -1.75, 0, 3]) },
    (graph, x) => graph.cast(x!, "i32"),
    { wrt: [] },
  ),
  opCase(
    "cast of bool to f32",
    { x: bools([3], [0, 1, 1]) },
    (graph, x) => graph.cast(x!, "f32"),
  ),
  opCase("cast of i32 to f32", { x: ids([3], [0, 7, -1]) }, (graph, x) => graph.cast(x!, "f32")),
  opCase("cast of f32 to f32", { x: random([3]) }, (graph, x) => graph.cast(x!, "f32")),
  opCase(
    "cast of i32 to bool",
    { x: ids([3], [0, 7, -1]) },
    (graph, x) => graph.cast(x!, "bool"),
  ),
  opCase("stopGradient", { x: random([3]) }, (graph, x) => graph.stopGradient(x!), { wrt: [] }),
];

const SHAPES: readonly OpCase[] = [
  opCase("input as output", { x: random([2, 2]) }, (_, x) => x!),
  opCase("splat", {}, (graph) => graph.splat(0.1, [2, 3])),
  opCase("splat of i32", {}, (graph) => graph.splat(7, [2], "i32")),
  opCase("reshape", { x: random([2, 6]) }, (graph, x) => graph.reshape(x!, [3, 1, 4]), {
    tfjs: (tf, x) => tf.reshape(x!, [3, 1, 4]),
  }),
  opCase("reshape to a scalar", { x: random([1, 1]) }, (graph, x) => graph.reshape(x!, [])),
  opCase(
    "transpose of three dimensions",
    { x: random([2, 3, 4]) },
    (graph, x) => graph.transpose(x!, [2, 0, 1]),
    { tfjs: (tf, x) => tf.transpose(x!, [2, 0, 1]) },
  ),
  opCase(
    "transpose of heads",
    { x: random([2, 3, 2, 2]) },
    (graph, x) => graph.transpose(x!, [0, 2, 1, 3]),
  ),
  opCase(
    "broadcastTo",
    { x: random([3, 1]) },
    (graph, x) => graph.broadcastTo(x!, [2, 3, 4]),
    { tfjs: (tf, x) => tf.broadcastTo(x!, [2, 3, 4]) },
  ),
  opCase(
    "broadcastTo from a scalar",
    { x: random([]) },
    (graph, x) => graph.broadcastTo(x!, [2, 2]),
  ),
  opCase(
    "broadcastTo of i32",
    { x: ids([2, 1], [3, 4]) },
    (graph, x) => graph.broadcastTo(x!, [2, 3]),
  ),
  opCase(
    "slice of the middle",
    { x: random([4, 5]) },
    (graph, x) => graph.slice(x!, [1, 2], [3, 4]),
    { tfjs: (tf, x) => tf.slice(x!, [1, 2], [2, 2]) },
  ),
  opCase("slice of a row", { x: random([4, 5]) }, (graph, x) => graph.slice(x!, [0, 0], [1, 5])),
  opCase(
    "concat",
    { a: random([2, 1], "a"), b: random([2, 3], "b"), c: random([2, 2], "c") },
    (graph, ...all) => graph.concat(all, 1),
    { tfjs: (tf, ...all) => tf.concat(all, 1) },
  ),
  opCase(
    "reduceSum over the last axis",
    { x: random([2, 3]) },
    (graph, x) => graph.reduceSum(x!, [1]),
    { tfjs: (tf, x) => tf.sum(x!, [1]) },
  ),
  opCase(
    "reduceSum over outer axes, keeping them",
    { x: random([2, 3, 4]) },
    (graph, x) => graph.reduceSum(x!, [0, 2], true),
    { tfjs: (tf, x) => tf.sum(x!, [0, 2], true) },
  ),
  opCase("reduceSum to a scalar", { x: random([2, 3]) }, (graph, x) => graph.reduceSum(x!, [0, 1])),
  opCase("reduceSum over no axes", { x: random([2, 3]) }, (graph, x) => graph.reduceSum(x!, [])),
  opCase(
    "reduceMax over the last axis",
    { x: random([3, 4]) },
    (graph, x) => graph.reduceMax(x!, [1]),
    { tfjs: (tf, x) => tf.max(x!, [1]) },
  ),
  opCase(
    "reduceMax of negative numbers",
    { x: floats([2, 2], [-3, -1, -5, -7]) },
    (graph, x) => graph.reduceMax(x!, [0], true),
    { tfjs: (tf, x) => tf.max(x!, [0], true) },
  ),
];

type MatmulFlags = { transposeA?: boolean; transposeB?: boolean; alpha?: number };

function matmulCase(how: string, shapes: readonly [Shape, Shape], flags: MatmulFlags = {}): OpCase {
  const [a, b] = shapes;
  return opCase(
    `matmul ${how}`,
    { a: random(a, "a"), b: random(b, "b") },
    (graph, a, b) => graph.matmul(a!, b!, flags),
    {
      tfjs: (tf, left, right) => {
        // Its gradient does not sum over batches that share a matrix; that of broadcastTo does.
        const shared = tf.broadcastTo(right!, [...a.slice(0, -2), ...b.slice(-2)]);
        const product = tf.matMul(left!, shared, flags.transposeA, flags.transposeB);
        return tf.mul(product, flags.alpha ?? 1);
      },
    },
  );
}

const TRANSPOSED = { transposeA: true, transposeB: true };

const PRODUCTS: readonly OpCase[] = [
  matmulCase("of matrices", [[2, 3], [3, 4]]),
  matmulCase("of a transposed left", [[3, 2], [3, 4]], { transposeA: true }),
  matmulCase("of a transposed right", [[2, 3], [4, 3]], { transposeB: true }),
  matmulCase("of both transposed, scaled", [[3, 2], [4, 3]], { ...TRANSPOSED, alpha: 0.25 }),
  matmulCase("of size 1", [[1, 1], [1, 1]], { alpha: -2 }),
  matmulCase("of batches", [[2, 3, 2, 3], [2, 3, 3, 2]], { alpha: 0.5 }),
  matmulCase("of batches, right transposed", [[2, 2, 3], [2, 4, 3]], { transposeB: true }),
  matmulCase("of batches, left transposed", [[2, 3, 2], [2, 3, 4]], { transposeA: true }),
  matmulCase("of batches, both transposed", [[2, 3, 2], [2, 4, 3]], TRANSPOSED),
  matmulCase("by a shared matrix", [[2, 3, 4], [4, 2]], { alpha: 2 }),
  matmulCase("by a shared transposed matrix", [[2, 2, 3, 4], [2, 4]], { transposeB: true }),
  matmulCase("of transposed batches by a shared matrix", [[2, 4, 3], [4, 2]], {
    transposeA: true,
  }),
  matmulCase("of transposed batches by a shared transposed one", [[2, 4, 3], [2, 4]], TRANSPOSED),
];

const INDEXING: readonly OpCase[] = [
  opCase(
    "gatherRows with repeated ids",
    { table: random([4, 3]), ids: ids([5], [1, 3, 1, 0, 1]) },
    (graph, table, ids) => graph.gatherRows(table!, ids!),
    { tfjs: (tf, table, ids) => tf.gather(table!, ids as tfjs.Tensor1D, 0) },
  ),
  opCase(
    "gatherRows of a batch of ids",
    { table: random([4, 2]), ids: ids([2, 3], [1, 3, 1, 0, 2, 2]) },
    (graph, table, ids) => graph.gatherRows(table!, ids!),
  ),
  opCase(
    "gatherRows of scalars",
    { table: random([4]), ids: ids([1], [2]) },
    (graph, table, ids) => graph.gatherRows(table!, ids!),
  ),
  opCase(
    "gatherRows of i32",
    { table: ids([3], [10, 20, 30]), ids: ids([2], [2, 0]) },
    (graph, table, ids) => graph.gatherRows(table!, ids!),
  ),
  opCase(
    "scatterAddRows with repeated ids",
    { base: random([4, 3]), ids: ids([5], [1, 3, 1, 0, 1]), updates: random([5, 3], "updates") },
    (graph, base, ids, updates) => graph.scatterAddRows(base!, ids!, updates!),
    {
      tfjs: (tf, base, ids, updates) =>
        tf.add(base!, tf.unsortedSegmentSum(updates!, ids as tfjs.Tensor1D, 4)),
    },
  ),
  opCase(
    // 4,096 ones on one row: a racing implementation loses some.
    "scatterAddRows of many updates to one row",
    {
      base: floats([2, 1], [0, 0]),
      ids: ids([4096], new Array(4096).fill(1)),
      updates: floats([4096, 1], new Array(4096).fill(1)),
    },
    (graph, base, ids, updates) => graph.scatterAddRows(base!, ids!, updates!),
    { wrt: [] },
  ),
  opCase(
    "pickLast",
    { x: random([2, 3, 4]), ids: ids([2, 3], [0, 3, 1, 1, 2, 0]) },
    (graph, x, ids) => graph.pickLast(x!, ids!),
    { tfjs: (tf, x, ids) => tf.sum(tf.mul(x!, tf.oneHot(ids!, 4)), -1) },
  ),
  opCase(
    "pickLast beside infinities",
    { x: floats([2, 2], [1, -Infinity, Infinity, 2]), ids: ids([2], [0, 1]) },
    (graph, x, ids) => graph.pickLast(x!, ids!),
    { wrt: [] },
  ),
  opCase(
    "placeLast",
    { values: random([2, 3]), ids: ids([2, 3], [0, 3, 1, 1, 2, 0]) },
    (graph, values, ids) => graph.placeLast(values!, ids!, 4),
    { tfjs: (tf, values, ids) => tf.mul(tf.expandDims(values!, -1), tf.oneHot(ids!, 4)) },
  ),
];

/** Sizes of an attention, and what it takes besides queries, keys and values. */
interface AttentionSizes {
  readonly q: Shape;
  readonly k: Shape;
  readonly bias: CaseInput;
  readonly mask?: CaseInput;
}

const ATTENTIONS: readonly (readonly [string, AttentionSizes])[] = [
  ["with padding", {
    q: [2, 3, 2, 4],
    k: [2, 3, 2, 4],
    bias: floats([2, 1, 1, 3], [0, 0, -10000, 0, -10000, -10000]),
  }],
  ["to another length, of one head", { q: [1, 2, 1, 3], k: [1, 4, 1, 3], bias: floats([], [0]) }],
  ["under a mask", {
    q: [1, 3, 2, 4],
    k: [1, 3, 2, 4],
    bias: floats([], [0]),
    mask: floats([1, 2, 3, 3], [2, 0, 2, 2, 2, 0, 0, 2, 2, 0, 0, 0, 2, 2, 2, 0, 2, 0]),
  }],
  ["of whole vectors, with padding, under a mask", {
    q: [2, 4, 2, 8],
    k: [2, 4, 2, 8],
    bias: floats([2, 1, 1, 4], [0, 0, 0, 0, 0, 0, -10000, -10000]),
    mask: floats([2, 2, 4, 4], Array.from({ length: 64 }, (_, i) => i % 3 === 0 ? 0 : 1.5)),
  }],
  ["with a bias and a mask that broadcast", {
    q: [2, 4, 2, 8],
    k: [2, 4, 2, 8],
    bias: random([2, 4, 4], "bias"),
    mask: floats([1, 4], [0, 2, 2, 1]),
  }],
];

/** An attention and its gradient, whose own derivatives are its second ones. */
function attentionCases([how, { q, k, bias, mask }]: (typeof ATTENTIONS)[number]): OpCase[] {
  const inputs = {
    q: random(q, "q"),
    k: random(k, "k"),
    v: random(k, "v"),
    bias,
    ...mask === undefined ? {} : { mask },
  };
  const scale = 1 / Math.sqrt(q[3]!);
  const heads = [0, 2, 1, 3];
  return [
    opCase(
      `attention ${how}`,
      inputs,
      (graph, q, k, v, bias, mask) => graph.attention(q!, k!, v!, { bias: bias!, mask, scale }),
      {
        wrt: ["q", "k", "v"],
        tfjs: (tf, q, k, v, bias, mask) => {
          const [queries, keys, values] = [q!, k!, v!].map((each) => tf.transpose(each, heads));
          const product = tf.mul(tf.matMul(queries!, keys!, false, true), scale);
          const weights = tf.softmax(tf.add(product, bias!));
          const mixing = mask === undefined ? weights : tf.mul(weights, mask);
          return tf.transpose(tf.matMul(mixing, values!), heads);
        },
      },
    ),
    opCase(
      `attentionGrad ${how}`,
      { ...inputs, dy: random(q, "dy") },
      (graph, q, k, v, bias, ...rest) => {
        const dy = rest.at(-1)!, options = { bias: bias!, mask: rest.at(-2), scale };
        const y = graph.attention(q!, k!, v!, options);
        const { dq, dk, dv } = graph.attentionGrad([q!, k!, v!], { y, dy }, options);
        return joined(graph, [dq, dk, dv]);
      },
      { wrt: ["q", "k", "v", "dy"], tolerance: 1e-5 },
    ),
  ];
}

/** A layer of two columns and one of three, joined. */
const PROJECTIONS: readonly OpCase[] = [
  opCase(
    "projections",
    {
      x: random([4, 3]),
      w1: random([2, 3], "w1"),
      w2: random([3, 3], "w2"),
      b1: random([2], "b1"),
      b2: random([3], "b2"),
    },
    (graph, x, w1, w2, b1, b2) =>
      joined(
        graph,
        graph.projections(x!, [{ weight: w1!, bias: b1! }, { weight: w2!, bias: b2! }]),
      ),
    {
      tfjs: (tf, x, w1, w2, b1, b2) =>
        tf.concat([
          tf.reshape(tf.add(tf.matMul(x!, w1!, false, true), b1!), [8]),
          tf.reshape(tf.add(tf.matMul(x!, w2!, false, true), b2!), [12]),
        ]),
    },
  ),
  opCase(
    "projections of which one is used",
    { x: random([4, 3]), w: random([2, 3], "w"), b: random([2], "b") },
    (graph, x, w, b) =>
      graph.projections(x!, [{ weight: w!, bias: b! }, { weight: w!, bias: b! }])[1]!,
  ),
  ...[false, true].map((hasBase) =>
    opCase(
      `projectionsGrad${hasBase ? " onto another gradient" : ""}`,
      {
        x: random([4, 3]),
        w1: random([2, 3], "w1"),
        w2: random([3, 3], "w2"),
        dy1: random([4, 2], "dy1"),
        dy2: random([4, 3], "dy2"),
        ...hasBase ? { base: random([4, 3], "base") } : {},
      },
      (graph, x, w1, w2, dy1, dy2, base) => {
        const made = graph.projectionsGrad(x!, [dy1!, dy2!], { weights: [w1!, w2!], base });
        return joined(graph, [made.dx, ...made.dweights, ...made.dbiases]);
      },
    )
  ),
];

const FUSED: readonly OpCase[] = [
  opCase("replicaSum on one replica", { x: random([2, 3]) }, (graph, x) => graph.replicaSum(x!)),
  opCase("gelu", { x: random([2, 4]) }, (graph, x) => graph.gelu(x!), {
    tfjs: (tf, x) => tf.mul(x!, tf.mul(0.5, tf.add(1, tf.erf(tf.mul(x!, Math.SQRT1_2))))),
  }),
  opCase(
    "gelu of large numbers",
    { x: floats([4], [-30, -6, 6, 30]) },
    (graph, x) => graph.gelu(x!),
  ),
  opCase(
    "geluGrad",
    { x: random([2, 4]), dy: random([2, 4], "dy") },
    (graph, x, dy) => graph.geluGrad(x!, dy!),
  ),
  opCase("softmax", { x: random([2, 2, 5]) }, (graph, x) => graph.softmax(x!), {
    tfjs: (tf, x) => tf.softmax(x!),
  }),
  opCase(
    "softmax of large numbers",
    { x: floats([2, 3], [1000, 1001, 999, -1000, -1000, -4000]) },
    (graph, x) => graph.softmax(x!),
    { tfjs: (tf, x) => tf.softmax(x!) },
  ),
  opCase(
    "softmaxGrad",
    { y: positive([2, 5]), dy: random([2, 5], "dy") },
    (graph, y, dy) => graph.softmaxGrad(y!, dy!),
  ),
  opCase(
    "softmaxGrad of one value twice",
    { y: positive([2, 3]) },
    (graph, y) => graph.softmaxGrad(y!, y!),
  ),
  opCase(
    "layerNorm",
    { x: random([2, 3, 6]), gamma: random([6], "gamma"), beta: random([6], "beta") },
    (graph, x, gamma, beta) => graph.layerNorm(x!, gamma!, beta!, 1e-12),
    {
      tfjs: (tf, x, gamma, beta) => {
        const { mean, variance } = tf.moments(x!, -1, true);
        const row = tf.mul(tf.sub(x!, mean), tf.rsqrt(tf.add(variance, 1e-12)));
        return tf.add(tf.mul(row, gamma!), beta!);
      },
    },
  ),
  opCase(
    "layerNorm of a matrix far from zero",
    {
      x: floats([2, 4], [1000, 1001, 1002, 1004, -7, -7.5, -7.25, -8]),
      gamma: random([4], "gamma"),
      beta: random([4], "beta"),
    },
    (graph, x, gamma, beta) => graph.layerNorm(x!, gamma!, beta!, 1e-3),
    // The inputs themselves are good to 1000 * 2^-24 of a deviation near 1.
    { tolerance: 1e-4 },
  ),
  opCase(
    "layerNormGrad",
    { x: random([3, 6]), gamma: random([6], "gamma"), dy: random([3, 6], "dy") },
    (graph, x, gamma, dy) => {
      const { dx, dgamma, dbeta } = graph.layerNormGrad(x!, gamma!, dy!, 1e-5);
      return joined(graph, [dx, dgamma, dbeta]);
    },
    { tolerance: 1e-5 },
  ),
  opCase(
    "layerNormGrad of whole vectors, of which two results are used",
    { x: random([2, 3, 8]), gamma: random([8], "gamma"), dy: random([2, 3, 8], "dy") },
    (graph, x, gamma, dy) => {
      const { dgamma, dbeta } = graph.layerNormGrad(x!, gamma!, dy!, 1e-5);
      return joined(graph, [dbeta, dgamma]);
    },
    { tolerance: 1e-5 },
  ),
  opCase(
    "layerNormGrad of one row of one dimension",
    { x: random([4]), gamma: random([4], "gamma"), dy: random([4], "dy") },
    (graph, x, gamma, dy) => {
      const { dx, dgamma, dbeta } = graph.layerNormGrad(x!, gamma!, dy!, 1e-5);
      return joined(graph, [dx, dgamma, dbeta]);
    },
    { tolerance: 1e-5 },
  ),
  ...PROJECTIONS,
  opCase(
    "softmaxCrossEntropy",
    { logits: random([3, 5]), targets: ids([3], [4, 0, 2]) },
    (graph, logits, targets) => graph.softmaxCrossEntropy(logits!, targets!),
    {
      tfjs: (tf, logits, targets) =>
        tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits!), tf.oneHot(targets!, 5)), -1)),
    },
  ),
  opCase(
    "softmaxCrossEntropy of large logits",
    {
      logits: floats([3, 3], [1000, 0, -1000, 500, 501, 499, -800, -801, -802]),
      targets: ids([3], [1, 1, 2]),
    },
    (graph, logits, targets) => graph.softmaxCrossEntropy(logits!, targets!),
  ),
  opCase(
    "softmaxCrossEntropyGrad",
    { logits: random([3, 5]), targets: ids([3], [4, 0, 2]), dloss: random([3], "dloss") },
    (graph, logits, targets, dloss) => graph.softmaxCrossEntropyGrad(logits!, targets!, dloss!),
  ),
  ...ATTENTIONS.flatMap(attentionCases),
];

const RANDOM: readonly OpCase[] = [0, 0.1, 0.5].map((rate) =>
  opCase(
    `dropoutMask at rate ${rate}`,
    { seed: ids([2], [-42, 7]) },
    (graph, seed) => graph.dropoutMask(seed!, [3, 7], { rate, site: "encoder/0" }),
  )
);

/** What a batch's rows from one on draw, by themselves, at any seed. */
const OF_A_PART: readonly OpCase[] = [0, 3, 600_000_001].map((row) =>
  opCase(
    `dropoutMask of a micro-batch from row ${row}`,
    { seed: ids([3], [-42, 7, row]) },
    (graph, seed) => graph.dropoutMask(seed!, [3, 4, 5], { rate: 0.5, site: "encoder/0", rows: 3 }),
  )
);

/** The cases of all operations. */
export const CASES: readonly OpCase[] = [
  ...ELEMENTWISE,
  ...SHAPES,
  ...PRODUCTS,
  ...INDEXING,
  ...FUSED,
  ...RANDOM,
  ...OF_A_PART,
];
