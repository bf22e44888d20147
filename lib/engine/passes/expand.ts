/** Replaces fused operations by simpler ones, for engines that lack them. */
import { expandNode, FUSED_OPS } from "../ir/expansions.ts";
import type { Graph, Node } from "../ir/graph.ts";
import type { Pass } from "./rewrite.ts";
import { rewrite } from "./rewrite.ts";

/**
 * Expands fused operations, and what they expand to, until only kept ones are left.
 *
 * @param keeps says which fused nodes an engine computes itself; by default none
 */
export function expand(keeps: (node: Node) => boolean = () => false): Pass {
  const expands = (node: Node): boolean => FUSED_OPS.has(node.op) && !keeps(node);
  return (graph: Graph): Graph => {
    let result = graph;
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
