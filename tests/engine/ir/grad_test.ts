/** differentiate(): how gradients meet; each operation's own is in ops_test.ts. */
import assert from "node:assert/strict";
import { differentiate } from "../../../lib/engine/ir/grad.ts";
import { Graph, type Value } from "../../../lib/engine/ir/graph.ts";
import { shareCommon } from "../../../lib/engine/passes/cse.ts";
import { dropDead } from "../../../lib/engine/passes/dce.ts";
import { expand } from "../../../lib/engine/passes/expand.ts";
import { interpret, type Numbers } from "../reference.ts";

function gradientsOf(
  build: (graph: Graph) => { loss: Value; wrt: Value[] },
  inputs: Numbers,
): number[][] {
  const graph = new Graph();
  const { loss, wrt } = build(graph);
  for (const [i, each] of differentiate(graph, loss, wrt).entries()) graph.output(`${i}`, each);
  const results = interpret(graph, inputs);
  return wrt.map((_, i) => [...results[`${i}`]!]);
}

Deno.test("differentiate() adds up the gradients of all uses", () => {
  const gradients = gradientsOf((graph) => {
    const x = graph.param("x", [2]);
    // x * x + 3 x: 2 x + 3
    const y = graph.add(graph.mul(x, x), graph.mul(graph.splat(3), x));
    return { loss: graph.reduceSum(y, [0]), wrt: [x] };
  }, { x: [5, -1] });
  assert.deepEqual(gradients, [[13, 1]]);
});

Deno.test("differentiate() gives zeros where the loss does not depend", () => {
  const gradients = gradientsOf((graph) => {
    const x = graph.param("x", []), unused = graph.param("unused", [2, 2]);
    const stopped = graph.param("stopped", []);
    graph.mul(unused, unused);
    return { loss: graph.mul(x, graph.stopGradient(stopped)), wrt: [x, unused, stopped] };
  }, { x: [2], unused: [1, 2, 3, 4], stopped: [7] });
  assert.deepEqual(gradients, [[7], [0, 0, 0, 0], [0]]);
});

Deno.test("differentiate() takes intermediate values, and the loss itself", () => {
  const gradients = gradientsOf((graph) => {
    const x = graph.param("x", []);
    const square = graph.mul(x, x), loss = graph.exp(square);
    return { loss, wrt: [x, square, loss] };
  }, { x: [1] });
  assert.deepEqual(gradients, [[2 * Math.E], [Math.E], [1]]);
});

Deno.test("differentiate() of a value made from another of wrt keeps both whole", () => {
  const gradients = gradientsOf((graph) => {
    const x = graph.param("x", []);
    const y = graph.mul(x, graph.splat(2));
    // 2 x * x: dx is 4 x, dy with x held is x.
    return { loss: graph.mul(y, x), wrt: [y, x] };
  }, { x: [3] });
  assert.deepEqual(gradients, [[3], [12]]);
});

Deno.test("differentiate() can be applied to its own result", () => {
  const graph = new Graph();
  const x = graph.param("x", []);
  const [first] = differentiate(graph, graph.gelu(x), [x]);
  const [second] = differentiate(graph, first!, [x]);
  graph.output("second", second!);
  // gelu'' = (2 - x^2) times the normal density, at 0.5.
  const expected = (2 - 0.25) * Math.exp(-0.125) / Math.sqrt(2 * Math.PI);
  assert.ok(Math.abs(interpret(graph, { x: [0.5] })["second"]![0]! - expected) < 1e-15);
});

Deno.test("differentiate() shares the even maxima of reduceMax, and gives ties to the first", () => {
  const gradients = gradientsOf((graph) => {
    const x = graph.param("x", [3]), a = graph.param("a", []), b = graph.param("b", []);
    const loss = graph.add(graph.reduceMax(x, [0]), graph.maximum(a, b));
    return { loss, wrt: [x, a, b] };
  }, { x: [4, 4, 1], a: [2], b: [2] });
  assert.deepEqual(gradients, [[0.5, 0.5, 0], [1], [0]]);
});

Deno.test("differentiate() adds an embedding's gradient onto that of the tied decoder", () => {
  const graph = new Graph();
  const table = graph.param("table", [5, 2]), ids = graph.input("ids", [3], "i32");
  const logits = graph.matmul(graph.gatherRows(table, ids), table, { transposeB: true });
  const [gradient] = differentiate(graph, graph.reduceSum(logits, [0, 1]), [table]);
  const node = graph.nodeOf(gradient!);
  assert.equal(node.op, "scatterAddRows");
  assert.equal(graph.nodeOf(node.inputs[0]!).op, "matmul");
});

Deno.test("differentiate() refuses a loss that is not one number", () => {
  const graph = new Graph();
  const x = graph.param("x", [2]), ids = graph.input("ids", [], "i32");
  assert.throws(() => differentiate(graph, x, [x]), {
    message: "a loss is one f32 element, not f32 [2]",
  });
  assert.throws(() => differentiate(graph, graph.reduceSum(x, [0]), [ids]), {
    message: "no gradient with respect to i32",
  });
});

/** How many nodes of an operation a graph and its gradient keep once fused ones are expanded. */
function countShared(op: string, build: (graph: Graph) => { y: Value; wrt: Value[] }): number {
  const graph = new Graph();
  const { y, wrt } = build(graph);
  const loss = graph.reduceSum(y, y.shape.map((_, axis) => axis));
  graph.output("loss", loss);
  for (const [i, each] of differentiate(graph, loss, wrt).entries()) graph.output(`${i}`, each);
  return dropDead(shareCommon(expand()(graph))).nodes.filter((node) => node.op === op).length;
}

Deno.test("differentiate() shares attention's weights with the forward pass", () => {
  const build = (graph: Graph) => {
    const [q, k, v] = ["q", "k", "v"].map((name) => graph.param(name, [1, 3, 2, 4]));
    const bias = graph.input("bias", [1, 1, 1, 3]);
    return { y: graph.attention(q!, k!, v!, { bias, scale: 0.5 }), wrt: [q!, k!, v!] };
  };
  assert.equal(countShared("exp", build), 1);
  // Scores and result, and two each for the weights and values and for the scores.
  assert.equal(countShared("matmul", build), 6);
});

Deno.test("differentiate() shares what layerNorm, gelu and cross-entropy compute", () => {
  const layerNorm = (graph: Graph) => {
    const x = graph.param("x", [3, 4]);
    const gamma = graph.param("gamma", [4]), beta = graph.param("beta", [4]);
    return { y: graph.layerNorm(x, gamma, beta, 1e-12), wrt: [x, gamma, beta] };
  };
  assert.equal(countShared("rsqrt", layerNorm), 1);
  const gelu = (graph: Graph) => {
    const x = graph.param("x", [3]);
    return { y: graph.gelu(x), wrt: [x] };
  };
  assert.equal(countShared("erf", gelu), 1);
  const crossEntropy = (graph: Graph) => {
    const logits = graph.param("logits", [3, 4]), targets = graph.input("targets", [3], "i32");
    return { y: graph.softmaxCrossEntropy(logits, targets), wrt: [logits] };
  };
  assert.equal(countShared("exp", crossEntropy), 1);
});
