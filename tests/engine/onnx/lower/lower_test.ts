/** lowerGraph(): which operators a graph becomes. */
import assert from "node:assert/strict";
import { Graph, type Value } from "../../../../lib/engine/ir/graph.ts";
import { prepare } from "../../../../lib/engine/onnx/executable.ts";
import { lowerGraph } from "../../../../lib/engine/onnx/lower/lower.ts";

/** The operators of a graph's segments, one list a segment. */
function operators(build: (graph: Graph) => Value): string[][] {
  const graph = new Graph();
  graph.output("y", build(graph));
  return lowerGraph(prepare(graph)).steps.flatMap((step) => {
    if (step.kind === "kernel") return [];
    const text = new TextDecoder("latin1").decode(step.model);
    // Each node is named after its operator and its first output.
    return [[...text.matchAll(/([A-Za-z]+)\/t\d+/g)].map((match) => match[1]!)];
  });
}

const input = (graph: Graph, name: string, shape: number[]) => graph.input(name, shape);

const CASES: readonly [string, (graph: Graph) => Value, string[][]][] = [
  ["a product plus a bias is one Gemm", (graph) => {
    const product = graph.matmul(input(graph, "x", [5, 3]), input(graph, "w", [4, 3]), {
      transposeB: true,
    });
    return graph.add(product, input(graph, "b", [4]));
  }, [["Gemm"]]],
  ["a sum plus a product is one Gemm", (graph) => {
    const product = graph.matmul(input(graph, "x", [5, 3]), input(graph, "w", [3, 4]));
    return graph.add(input(graph, "r", [5, 4]), product);
  }, [["Gemm"]]],
  ["a product of batches and a matrix plus a bias is one Gemm", (graph) => {
    const product = graph.matmul(input(graph, "x", [2, 5, 3]), input(graph, "w", [3, 4]));
    return graph.add(product, input(graph, "b", [4]));
  }, [["Gemm"]]],
  ["a scaled product is one FusedMatMul", (graph) => {
    const product = graph.matmul(input(graph, "x", [2, 5, 3]), input(graph, "w", [2, 3, 4]));
    return graph.mul(product, graph.splat(0.5));
  }, [["FusedMatMul"]]],
  ["a product that is read twice stays apart from the sum", (graph) => {
    const product = graph.matmul(input(graph, "x", [5, 4]), input(graph, "w", [4, 4]));
    return graph.add(graph.add(product, input(graph, "b", [4])), graph.exp(product));
  }, [["Gemm", "Add", "Exp", "Add"]]],
  ["a column is no bias of a Gemm", (graph) => {
    const product = graph.matmul(input(graph, "x", [5, 3]), input(graph, "w", [3, 4]));
    return graph.add(product, input(graph, "c", [5, 1]));
  }, [["Gemm", "Add"]]],
  ["what nobody reads is not computed", (graph) => {
    const x = input(graph, "x", [5]);
    graph.exp(x);
    return graph.tanh(x);
  }, [["Tanh"]]],
  ["a kernel between operators splits them", (graph) => {
    const rows = graph.scatterAddRows(
      graph.exp(input(graph, "x", [5, 3])),
      graph.input("ids", [2], "i32"),
      graph.exp(input(graph, "u", [2, 3])),
    );
    return graph.tanh(rows);
  }, [["Exp", "Exp"], ["Tanh"]]],
];

for (const [what, build, expected] of CASES) {
  Deno.test(`lowerGraph(): ${what}`, () => assert.deepEqual(operators(build), expected));
}

Deno.test("lowerGraph() gives the same bytes each time", () => {
  const lower = () => {
    const graph = new Graph();
    const x = input(graph, "x", [4, 8]);
    graph.output("y", graph.softmax(graph.gelu(graph.add(x, graph.splat(0.25)))));
    return lowerGraph(prepare(graph));
  };
  assert.deepEqual(lower(), lower());
});
