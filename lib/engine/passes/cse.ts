/** Common subexpressions: computes once what several nodes compute alike. */
import type { Graph, Node, OpName, Value } from "../ir/graph.ts";
import { rewrite } from "./rewrite.ts";

const COMMUTATIVE: ReadonlySet<OpName> = new Set<OpName>(["add", "mul", "equal"]);

/**
 * Keeps one node of those with the same operation, attributes and inputs.
 *
 * Every operation is pure, also `dropoutMask`, so this needs no exception.
 */
export function shareCommon(graph: Graph): Graph {
  const known = new Map<string, readonly Value[]>();
  return rewrite(graph, (node, inputs, target) => {
    const key = keyOf(node, inputs);
    const values = known.get(key) ?? target.copy(node, inputs);
    known.set(key, values);
    return values;
  }).graph;
}

function keyOf(node: Node, inputs: readonly Value[]): string {
  const ids = inputs.map((each) => each.id);
  if (COMMUTATIVE.has(node.op)) ids.sort((a, b) => a - b);
  const types = node.outputs.map(({ shape, dtype }) => [shape, dtype]);
  return JSON.stringify([node.op, node.attrs, ids, types], (_, each) =>
    // JSON has one zero, and neither infinities nor NaN.
    typeof each === "number" && (!Number.isFinite(each) || Object.is(each, -0))
      ? `number ${Object.is(each, -0) ? "-0" : each}`
      : each);
}
