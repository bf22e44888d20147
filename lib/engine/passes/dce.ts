/** Dead code: leaves out what no output depends on. */
import type { Graph, Value } from "../ir/graph.ts";
import { rewrite } from "./rewrite.ts";

/** Keeps the nodes that outputs depend on, and all inputs, which are the graph's signature. */
export function dropDead(graph: Graph): Graph {
  const live = new Set<number>([...graph.outputs.values()].map((each) => each.id));
  for (const node of graph.nodes.toReversed()) {
    if (live.has(node.output.id)) { for (const each of node.inputs) live.add(each.id); }
  }
  const nothing = { id: -1, shape: [], dtype: "f32" } satisfies Value;
  return rewrite(
    graph,
    (node, inputs, target) =>
      live.has(node.output.id) || node.op === "input" ? target.copy(node, inputs) : nothing,
  ).graph;
}
