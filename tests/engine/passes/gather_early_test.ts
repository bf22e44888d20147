/** gatherEarly() keeps every result and computes fewer rows. */
import assert from "node:assert/strict";
import { Stream } from "../../../lib/base/rng.ts";
import { Graph, sizeOf, type Value } from "../../../lib/engine/ir/graph.ts";
import { gatherEarly } from "../../../lib/engine/passes/gather_early.ts";
import { interpret } from "../reference.ts";

const ROWS = 12, WIDTH = 4;

/** A graph of x [12, 4] that ends in what `build` makes, and its results before and after. */
function compare(build: (graph: Graph, x: Value, ids: Value) => void) {
  const graph = new Graph();
  const x = graph.tanh(graph.input("x", [ROWS, WIDTH]));
  build(graph, x, graph.input("ids", [3], "i32"));
  const stream = new Stream(1, "gatherEarly");
  const inputs = Object.fromEntries(
    [...graph.inputs].map(([name, { shape, dtype }]) => [
      name,
      dtype === "i32" ? [7, 0, 7] : Array.from({ length: sizeOf(shape) }, () => stream.normal()),
    ]),
  );
  const early = gatherEarly(graph);
  assert.deepEqual([...early.inputs.keys()], [...graph.inputs.keys()]);
  assert.deepEqual(interpret(early, inputs), interpret(graph, inputs));
  return early;
}

/** The first dimensions of the results of an operation. */
function rowsOf(graph: Graph, op: string): number[] {
  return graph.nodes.filter((node) => node.op === op).map((node) => node.output.shape[0]!);
}

Deno.test("gatherEarly() computes a feed-forward block for the gathered rows only", () => {
  const early = compare((graph, x, ids) => {
    const [up, down] = [graph.param("up", [8, WIDTH]), graph.param("down", [8, WIDTH])];
    const [gamma, beta] = [graph.param("gamma", [WIDTH]), graph.param("beta", [WIDTH])];
    const inner = graph.gelu(graph.matmul(x, up, { transposeB: true }));
    const sum = graph.add(graph.add(graph.matmul(inner, down), beta), x);
    const hidden = graph.layerNorm(sum, gamma, beta, 1e-5);
    graph.output("y", graph.gatherRows(hidden, ids));
  });
  assert.deepEqual(rowsOf(early, "matmul"), [3, 3]);
  assert.deepEqual(rowsOf(early, "layerNorm"), [3]);
  assert.deepEqual(rowsOf(early, "tanh"), [3]);
});

Deno.test("gatherEarly() leaves a value that something else reads whole", () => {
  const early = compare((graph, x, ids) => {
    const shared = graph.exp(x);
    graph.output("sum", graph.reduceSum(shared, [0]));
    graph.output("y", graph.gatherRows(graph.gelu(shared), ids));
  });
  assert.deepEqual(rowsOf(early, "exp"), [ROWS]);
  assert.deepEqual(rowsOf(early, "gelu"), [3]);
});

Deno.test("gatherEarly() leaves an output, and rows wanted by two gathers, whole", () => {
  const early = compare((graph, x, ids) => {
    const both = graph.gelu(x), told = graph.exp(x);
    graph.output("told", told);
    graph.output("a", graph.gatherRows(both, ids));
    graph.output("b", graph.gatherRows(both, graph.input("others", [3], "i32")));
    graph.output("c", graph.gatherRows(told, ids));
  });
  assert.deepEqual(rowsOf(early, "gelu"), [ROWS]);
  assert.deepEqual(rowsOf(early, "exp"), [ROWS]);
});

Deno.test("gatherEarly() tells rows from operands that are the same for all rows", () => {
  const early = compare((graph, x, ids) => {
    const column = graph.input("column", [ROWS, 1]), row = graph.input("row", [WIDTH]);
    const scalar = graph.input("scalar", [1, 1]);
    const y = graph.mul(graph.add(graph.sub(x, column), row), scalar);
    graph.output("y", graph.gatherRows(y, ids));
  });
  assert.deepEqual(rowsOf(early, "mul"), [3]);
});

Deno.test("gatherEarly() does not mistake a table for rows", () => {
  // The product's right operand is gathered elsewhere by the same ids.
  const early = compare((graph, x, ids) => {
    const table = graph.exp(x);
    const product = graph.matmul(graph.gelu(x), table, { transposeB: true });
    graph.output("y", graph.gatherRows(product, ids));
    graph.output("z", graph.gatherRows(table, ids));
  });
  assert.deepEqual(rowsOf(early, "exp"), [ROWS]);
  assert.deepEqual(rowsOf(early, "gelu"), [3]);
});

Deno.test("gatherEarly() gives back a graph without such gathers", () => {
  const graph = new Graph();
  const table = graph.param("table", [ROWS, WIDTH]);
  graph.output("y", graph.gatherRows(table, graph.input("ids", [3], "i32")));
  assert.equal(gatherEarly(graph), graph);
});
