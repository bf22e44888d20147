/**
 * The frame of every pass: visit a graph's nodes in order, build another graph.
 *
 * A pass never changes the graph it is given. Inputs keep their names and order
 * and outputs their names, so a rewritten graph stands in for the original.
 */
import { Graph, type Node, type Value } from "../ir/graph.ts";

/** A transformation that preserves every output's value, up to rounding. */
export type Pass = (graph: Graph) => Graph;

/** A graph built from another, and where the other's values went. */
export interface Rewritten {
  /** The new graph. */
  readonly graph: Graph;
  /** What stands for a value of the old graph. */
  readonly at: (value: Value) => Value;
}

/**
 * Builds a graph by visiting every node of another.
 *
 * @param visit appends to `target` what stands for the node's outputs, and returns
 *   it; it is given the node's inputs as they stand in `target`
 */
export function rewrite(
  graph: Graph,
  visit: (node: Node, inputs: readonly Value[], target: Graph) => readonly Value[],
): Rewritten {
  const target = new Graph();
  const values: Value[] = [];
  for (const node of graph.nodes) {
    values.push(...visit(node, node.inputs.map((each) => values[each.id]!), target));
  }
  const at = (value: Value): Value => {
    // Refuses a value of another graph.
    graph.nodeOf(value);
    return values[value.id]!;
  };
  for (const [name, value] of graph.outputs) target.output(name, at(value));
  return { graph: target, at };
}

/** The same graph again, to append to without changing the first. */
export function copyGraph(graph: Graph): Rewritten {
  return rewrite(graph, (node, inputs, target) => target.copy(node, inputs));
}
