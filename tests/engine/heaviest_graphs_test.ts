import assert from "node:assert/strict";
import { heaviestGraphs } from "../../lib/engine/heaviest_graphs.ts";
import { Graph } from "../../lib/engine/ir/graph.ts";

Deno.test("heaviestGraphs() are those of nearly as many values as the one of most", () => {
  const [tiny, most, nearly] = [10, 100, 95].map((size) => {
    const graph = new Graph();
    graph.output("y", graph.neg(graph.input("x", [size])));
    return graph;
  });
  assert.deepEqual(heaviestGraphs({ graph: tiny!, otherShapes: [most!, nearly!] }), [most, nearly]);
  assert.deepEqual(heaviestGraphs({ graph: tiny! }), [tiny]);
});
