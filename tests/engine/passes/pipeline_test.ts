/** The passes: what each is for, and that none changes what a graph computes. */
import fc from "fast-check";
import assert from "node:assert/strict";
import { FUSED_OPS } from "../../../lib/engine/ir/expansions.ts";
import { differentiate } from "../../../lib/engine/ir/grad.ts";
import {
  broadcastShapes,
  Graph,
  type OpName,
  sizeOf,
  type Value,
} from "../../../lib/engine/ir/graph.ts";
import { shareCommon } from "../../../lib/engine/passes/cse.ts";
import { dropDead } from "../../../lib/engine/passes/dce.ts";
import { expand } from "../../../lib/engine/passes/expand.ts";
import { fold } from "../../../lib/engine/passes/fold.ts";
import { mergeProjections } from "../../../lib/engine/passes/merge_projections.ts";
import { optimise } from "../../../lib/engine/passes/pipeline.ts";
import { copyGraph, type Pass } from "../../../lib/engine/passes/rewrite.ts";
import { CASES } from "../cases.ts";
import { assertClose, graphOf } from "../check_case.ts";
import { interpret, type Numbers } from "../reference.ts";

const PASSES: Readonly<Record<string, Pass>> = {
  expand: expand(),
  shareCommon,
  dropDead,
  fold,
  mergeProjections,
  optimise,
  copyGraph: (graph) => copyGraph(graph).graph,
};

type Move = (graph: Graph, values: { a: Value; b: Value; c: Value }, choice: number) => Value;

const CONSTANTS = [0, 1, -1, 2, 0.5, -4];
const SHAPES = [[], [3], [2, 1], [2, 3], [1, 3], [3, 2], [6]];
const PERMS = [[], [0], [1, 0]];

type Three = [Value, Value, Value];

/** Ways to extend a graph; one that does not fit its values is passed over. */
const MOVES: readonly Move[] = [
  (graph, { a, b }) => graph.add(a, b),
  (graph, { a, b }) => graph.sub(a, b),
  (graph, { a, b }) => graph.mul(a, b),
  (graph, { a, b }) => graph.maximum(a, b),
  (graph, { a, b, c }) => graph.select(graph.less(a, b), c, a),
  (graph, { a }) => graph.neg(a),
  (graph, { a }) => graph.tanh(a),
  (graph, { a }) => graph.gelu(a),
  (graph, { a }) => graph.softmax(a),
  (graph, { a }) => graph.stopGradient(a),
  (graph, { a }) => graph.cast(a, "f32"),
  (graph, _, choice) =>
    graph.splat(CONSTANTS[choice % CONSTANTS.length]!, SHAPES[choice % SHAPES.length]),
  (graph, { a }, choice) => graph.mul(a, graph.splat(CONSTANTS[choice % CONSTANTS.length]!)),
  (graph, { a }, choice) => graph.add(graph.splat(CONSTANTS[choice % CONSTANTS.length]!), a),
  (graph, { a }, choice) => graph.div(a, graph.splat(CONSTANTS[1 + choice % 5]!)),
  (graph, { a }, choice) => graph.reshape(a, SHAPES[choice % SHAPES.length]!),
  (graph, { a }, choice) => graph.broadcastTo(a, SHAPES[choice % SHAPES.length]!),
  (graph, { a }) => graph.transpose(a, PERMS[a.shape.length]!),
  (graph, { a }, choice) => graph.reduceSum(a, [choice % 2], choice % 3 === 0),
  (graph, { a }, choice) => graph.reduceMax(a, [choice % 2], choice % 3 === 0),
  (graph, { a }, choice) =>
    graph.slice(a, a.shape.map((size) => Number(choice % 2 && size > 1)), a.shape),
  (graph, { a, b }) => graph.concat([a, b], 0),
  (graph, { a, b }, choice) =>
    graph.matmul(a, b, {
      transposeA: choice % 2 === 1,
      transposeB: choice % 3 === 1,
      alpha: CONSTANTS[1 + choice % 5]!,
    }),
  (graph, { a }, choice) =>
    graph.dropoutMask(graph.inputs.get("ids")!, a.shape, { rate: 0.5, site: `${choice}` }),
  (graph, { a }) => graph.gatherRows(a, graph.inputs.get("ids")!),
  (graph, { a, b }, choice) => {
    const { dx, dgamma, dbeta } = graph.layerNormGrad(a, graph.inputs.get("y")!, b, 0.1);
    return [dx, dgamma, dbeta][choice % 3]!;
  },
  (graph, { a, b, c }, choice) => {
    const [q, k, v] = [a, b, c].map((each) => graph.reshape(each, [1, 3, 1, 2])) as Three;
    const mask = choice % 2 === 0 ? undefined : graph.splat(0.5, [3]);
    const options = { bias: graph.splat(0), mask, scale: 0.5 };
    const y = graph.attention(q, k, v, options);
    const { dq, dk, dv } = graph.attentionGrad([q, k, v], { y, dy: v }, options);
    return graph.reshape([y, dq, dk, dv][choice % 4]!, [2, 3]);
  },
];

/** A graph of random moves, whose last values are outputs, with gradients. */
function randomGraph(moves: readonly (readonly [number, number, number, number])[]): Graph {
  const graph = new Graph();
  const pool = [graph.param("x", [2, 3]), graph.param("y", [3]), graph.param("z", [2, 1])];
  graph.input("ids", [2], "i32");
  const pick = (choice: number): Value => pool[pool.length - 1 - choice % pool.length]!;
  for (const [move, a, b, choice] of moves) {
    const values = { a: pick(a), b: pick(b), c: pick(a + b) };
    try {
      pool.push(MOVES[move % MOVES.length]!(graph, values, choice));
    } catch {
      continue;
    }
  }
  const ends = pool.slice(-3);
  for (const [i, each] of ends.entries()) graph.output(`end ${i}`, each);
  const last = graph.tanh(ends.at(-1)!);
  const loss = graph.reduceSum(last, last.shape.map((_, axis) => axis));
  const params = ["x", "y", "z"].map((name) => graph.inputs.get(name)!);
  for (const [i, each] of differentiate(graph, loss, params).entries()) {
    graph.output(`gradient ${i}`, each);
  }
  return graph;
}

const INPUTS: Numbers = {
  x: [0.5, -1.25, 2, -0.75, 1.5, 0.25],
  y: [1, -2, 0.5],
  z: [-0.5, 1.75],
  ids: [1, 0],
};

for (const [name, pass] of Object.entries(PASSES)) {
  Deno.test(`${name} leaves what random graphs and their gradients compute`, () => {
    const natural = fc.nat(1000);
    const moves = fc.array(fc.tuple(natural, natural, natural, natural), { maxLength: 25 });
    fc.assert(
      fc.property(moves, (each) => {
        const graph = randomGraph(each);
        const nodes = graph.nodes.length;
        const passed = pass(graph);
        assert.equal(graph.nodes.length, nodes, "a pass does not change its graph");
        assertSameResults(graph, passed, INPUTS);
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  Deno.test(`${name} leaves what every case computes`, () => {
    for (const each of CASES) {
      const { graph, inputs } = graphOf(each);
      assertSameResults(graph, pass(graph), inputs);
    }
  });
}

function assertSameResults(before: Graph, after: Graph, inputs: Numbers): void {
  assert.deepEqual([...after.inputs.keys()], [...before.inputs.keys()]);
  assert.deepEqual([...after.outputs.keys()], [...before.outputs.keys()]);
  assertWellFormed(after);
  const expected = interpret(before, inputs), actual = interpret(after, inputs);
  for (const [what, value] of before.outputs) {
    const result = after.outputs.get(what)!;
    assert.deepEqual([result.shape, result.dtype], [value.shape, value.dtype], what);
    if (expected[what]!.every(Number.isFinite)) {
      assertClose(actual[what]!, expected[what]!, { what, tolerance: 1e-6 });
    }
  }
}

/** Engines broadcast by the shapes of the inputs, so a copied node must have the shape they give. */
function assertWellFormed(graph: Graph): void {
  for (const { op, inputs, output } of graph.nodes) {
    if (!["add", "sub", "mul", "div", "maximum", "minimum", "less", "select"].includes(op)) {
      continue;
    }
    const joint = inputs.map((each) => each.shape).reduce(broadcastShapes);
    assert.deepEqual([...joint], [...output.shape], op);
  }
}

Deno.test("expand() leaves no fused operation but those that an engine keeps", () => {
  for (const each of CASES) {
    const { graph } = graphOf(each);
    assert.ok(!expand()(graph).nodes.some(({ op }) => FUSED_OPS.has(op)), each.name);
  }
  const attention = graphOf(CASES.find(({ op }) => op === "attention")!).graph;
  const fused = (graph: Graph) =>
    new Set(graph.nodes.map(({ op }) => op).filter((op) => FUSED_OPS.has(op)));
  const kept = expand((node) => node.op === "softmax")(attention);
  assert.deepEqual(fused(kept), new Set<OpName>(["softmax"]));
});

Deno.test("mergeProjections() leaves one product where three were, and one for each gradient", () => {
  const graph = new Graph();
  const x = graph.input("x", [4, 3]);
  const layers = [2, 3, 5].map((out) => ({
    weight: graph.param(`weight ${out}`, [out, 3]),
    bias: graph.param(`bias ${out}`, [out]),
  }));
  const products = (each: Graph) => optimise(each).nodes.filter(({ op }) => op === "matmul").length;
  const joint = graph.concat(graph.projections(x, layers), 1);
  const loss = graph.reduceSum(graph.mul(joint, joint), [0, 1]);
  graph.output("loss", loss);
  assert.deepEqual([products(graph), products(mergeProjections(graph))], [3, 1]);
  const wrt = [x, ...layers.map(({ weight }) => weight)];
  for (const [i, each] of differentiate(graph, loss, wrt).entries()) graph.output(`${i}`, each);
  assert.deepEqual([products(graph), products(mergeProjections(graph))], [9, 3]);
});

Deno.test("shareCommon() tells constants, seeds of dropout and zeros of either sign apart", () => {
  const graph = new Graph();
  const seed = graph.input("seed", [2], "i32");
  const values = [
    graph.splat(0),
    graph.splat(-0),
    graph.splat(0, [1]),
    graph.splat(0, [], "i32"),
    graph.splat(Infinity),
    graph.splat(NaN),
    graph.dropoutMask(seed, [2], { rate: 0.5, site: "a" }),
    graph.dropoutMask(seed, [2], { rate: 0.5, site: "b" }),
    graph.dropoutMask(seed, [3], { rate: 0.5, site: "b" }),
  ];
  for (const [i, each] of values.entries()) graph.output(`${i}`, each);
  assert.equal(shareCommon(graph).nodes.length, graph.nodes.length);
});

Deno.test("shareCommon() finds sums and products with operands in either order", () => {
  const graph = new Graph();
  const a = graph.input("a", []), b = graph.input("b", []);
  graph.output("0", graph.sub(graph.add(a, b), graph.add(b, a)));
  graph.output("1", graph.sub(graph.sub(a, b), graph.sub(b, a)));
  assert.deepEqual(opsOf(shareCommon(graph)), ["add", "sub", "sub", "sub", "sub"]);
});

Deno.test("dropDead() keeps unused inputs, which are the graph's signature", () => {
  const graph = new Graph();
  const used = graph.input("used", []);
  graph.exp(graph.input("unused", []));
  graph.output("y", graph.neg(used));
  assert.deepEqual(dropDead(graph).nodes.map(({ op }) => op), ["input", "input", "neg"]);
});

/** The operations of a graph besides inputs and splats. */
function opsOf(graph: Graph): OpName[] {
  return graph.nodes.map(({ op }) => op).filter((op) => op !== "input" && op !== "splat");
}

type Build = (graph: Graph, x: Value) => Value;

/** What is left of a function of x [2, 3] once it is folded. */
const FOLDS: readonly [string, Build, OpName[]][] = [
  ["x * 1", (graph, x) => graph.mul(x, graph.splat(1)), []],
  ["x + 0", (graph, x) => graph.add(graph.splat(0, [2, 3]), x), []],
  ["x - 0", (graph, x) => graph.sub(x, graph.splat(0)), []],
  ["x / 1", (graph, x) => graph.div(x, graph.splat(1)), []],
  ["0 - x", (graph, x) => graph.sub(graph.splat(0), x), ["neg"]],
  ["x * -1", (graph, x) => graph.mul(graph.splat(-1), x), ["neg"]],
  ["--x", (graph, x) => graph.neg(graph.neg(x)), []],
  ["x + -x", (graph, x) => graph.add(x, graph.neg(x)), ["sub"]],
  ["x * 2 * 3", (graph, x) => scale(graph, scale(graph, x, 2), 3), ["mul"]],
  ["x * 2 / 2", (graph, x) => graph.div(scale(graph, x, 2), graph.splat(2)), []],
  ["x * 0 stays", (graph, x) => graph.mul(x, graph.splat(0)), ["mul"]],
  ["stopGradient", (graph, x) => graph.stopGradient(x), []],
  ["cast to itself", (graph, x) => graph.cast(x, "f32"), []],
  ["reshape there and back", (graph, x) => graph.reshape(graph.reshape(x, [6]), [2, 3]), []],
  ["reshapes in a row", (graph, x) => graph.reshape(graph.reshape(x, [6]), [3, 2]), ["reshape"]],
  ["transposes that undo", (graph, x) => swap(graph, swap(graph, x)), []],
  [
    "a transpose of sizes 1",
    (graph, x) => graph.transpose(graph.reshape(x, [1, 6]), [1, 0]),
    ["reshape"],
  ],
  ["a whole slice", (graph, x) => graph.slice(x, [0, 0], [2, 3]), []],
  [
    "a slice of a slice",
    (graph, x) => graph.slice(graph.slice(x, [0, 1], [2, 3]), [1, 1], [2, 2]),
    ["slice"],
  ],
  ["concat of one", (graph, x) => graph.concat([x], 0), []],
  ["a sum over no axes", (graph, x) => graph.reduceSum(x, []), []],
  ["a broadcast to itself", (graph, x) => graph.broadcastTo(x, [2, 3]), []],
  [
    "a broadcast that the operation does itself",
    (graph, x) => {
      const row = graph.reduceSum(x, [0]);
      return graph.mul(x, graph.broadcastTo(row, [2, 3]));
    },
    ["reduceSum", "mul"],
  ],
  [
    "constants",
    (graph, x) => graph.mul(x, graph.exp(graph.sub(graph.splat(2), graph.splat(2)))),
    [],
  ],
  [
    "factors and transposes of a product",
    (graph, x) => {
      const product = graph.matmul(scale(graph, x, 2), swap(graph, x), { alpha: 3 });
      return graph.div(graph.neg(product), graph.splat(4));
    },
    ["matmul"],
  ],
  [
    "a factor of a product that is used elsewhere stays",
    (graph, x) => {
      const product = graph.matmul(x, x, { transposeB: true });
      return graph.add(scale(graph, product, 3), product);
    },
    ["matmul", "mul", "add"],
  ],
  [
    "a factor of a product that is used elsewhere under another name stays",
    (graph, x) => {
      const product = graph.matmul(x, x, { transposeB: true });
      return graph.add(scale(graph, graph.stopGradient(product), 3), product);
    },
    ["matmul", "mul", "add"],
  ],
  [
    "a transpose within batches",
    (graph, x) => {
      const batch = graph.broadcastTo(x, [2, 2, 3]);
      return graph.matmul(batch, graph.transpose(batch, [0, 2, 1]));
    },
    ["broadcastTo", "matmul"],
  ],
  [
    "transposes in a row",
    (graph, x) => {
      const batch = graph.broadcastTo(x, [4, 2, 3]);
      return graph.transpose(graph.transpose(batch, [1, 2, 0]), [1, 0, 2]);
    },
    ["broadcastTo", "transpose"],
  ],
  ["x * 1e30 * 1e30 stays", (graph, x) => scale(graph, scale(graph, x, 1e30), 1e30), [
    "mul",
    "mul",
  ]],
  [
    "a sum of constants",
    (graph, x) => graph.mul(x, graph.reduceSum(graph.splat(2, [3]), [0])),
    ["mul"],
  ],
  [
    "constants side by side",
    (graph, x) => {
      const rows = [graph.splat(1, [1, 3]), graph.splat(2, [1, 3])];
      return graph.mul(x, graph.concat(rows, 0));
    },
    ["concat", "mul"],
  ],
];

function scale(graph: Graph, x: Value, factor: number): Value {
  return graph.mul(x, graph.splat(factor));
}

function swap(graph: Graph, x: Value): Value {
  return graph.transpose(x, [1, 0]);
}

for (const [what, build, expected] of FOLDS) {
  Deno.test(`fold() and the pipeline simplify: ${what}`, () => {
    const graph = new Graph();
    const y = build(graph, graph.input("x", [2, 3]));
    graph.output("y", y);
    const folded = optimise(graph);
    assert.deepEqual(opsOf(folded), expected);
    assertSameResults(graph, folded, { x: INPUTS["x"]! });
  });
}

Deno.test("fold() gives a factor to the product it belongs to", () => {
  const graph = new Graph();
  const x = graph.input("x", [2, 3]);
  graph.output("y", scale(graph, graph.matmul(swap(graph, x), scale(graph, x, 0.5)), 8));
  const node = optimise(graph).nodes.find(({ op }) => op === "matmul")!;
  assert.deepEqual(node.attrs, { transposeA: true, transposeB: false, alpha: 4, isNarrow: false });
});

Deno.test("optimise() folds a graph of constants to one", () => {
  const graph = new Graph();
  const y = graph.add(graph.splat(2), graph.mul(graph.splat(3), graph.splat(4, [2])));
  graph.output("y", y);
  const [node] = optimise(graph).nodes;
  assert.deepEqual(node!.attrs, { value: 14 });
  assert.equal(sizeOf(node!.output.shape), 2);
});
