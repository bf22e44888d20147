/** Dead code: leaves out what no output depends on. */
import type { Graph, Node, Value } from "../ir/graph.ts";
import { rewrite } from "./rewrite.ts";

/** Keeps the nodes that outputs depend on, and all inputs, which are the graph's signature. */
export function dropDead(graph: Graph): Graph {
  const live = new Set<number>([...graph.outputs.values()].map((each) => each.id));
  const isLive = (node: Node) => node.outputs.some((each) => live.has(each.id));
  for (const node of graph.nodes.toReversed()) {
    if (isLive(node)) { for (const each of node.inputs) live.add(each.id); }
  }
  const nothing = { id: -1, shape: [], dtype: "f32" } satisfies Value;
  return rewrite(
    graph,
    (node, inputs, target) =>
      isLive(node) || node.op === "input"
        ? target.copy(node, inputs)
        : node.outputs.map(() => nothing),
  ).graph;
}
