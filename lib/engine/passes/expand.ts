/** Replaces fused operations by simpler ones, for engines that lack them. */
import { expandNode, FUSED_OPS } from "../ir/expansions.ts";
import type { Graph, Node } from "../ir/graph.ts";
import type { Pass } from "./rewrite.ts";
import { rewrite } from "./rewrite.ts";

/** Says whether an engine computes a fused node of a graph itself. */
export type Keeps = (node: Node, graph: Graph) => boolean;

/**
 * Expands fused operations, and what they expand to, until only kept ones are left.
 *
 * @param keeps by default no node is kept
 */
export function expand(keeps: Keeps = () => false): Pass {
  return (graph: Graph): Graph => {
    let result = graph;
    const expands = (node: Node): boolean => FUSED_OPS.has(node.op) && !keeps(node, result);
    while (result.nodes.some(expands)) {
      result = rewrite(
        result,
        (node, inputs, target) =>
          expands(node) ? expandNode(target, node, inputs) : target.copy(node, inputs),
      ).graph;
    }
    return result;
  };
}
