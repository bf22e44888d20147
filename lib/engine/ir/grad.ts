/**
 * Reverse-mode differentiation of a graph.
 *
 * The gradient is more nodes of the same graph: an engine sees one step, and
 * passes share what forward and backward have in common. Derivatives are in
 * `derivatives.ts`; here is the order in which they are applied.
 */
import { type DerivativeContext, DERIVATIVES } from "./derivatives.ts";
import { expandNode } from "./expansions.ts";
import type { Graph, Node, Value } from "./graph.ts";
import { sumTo } from "./sum_to.ts";

/**
 * Appends the gradients of a loss to its graph.
 *
 * Nodes that the loss does not depend on are left alone. To differentiate
 * without changing a graph, copy it first (`passes/rewrite.ts`).
 *
 * @param loss one f32 element
 * @param wrt f32 values of the graph, usually its params; intermediate ones too
 * @returns for each of `wrt` a value of its shape: zeros where the loss does not depend on it
 */
export function differentiate(graph: Graph, loss: Value, wrt: readonly Value[]): Value[] {
  if (loss.dtype !== "f32" || loss.shape.some((size) => size !== 1)) {
    throw new Error(`a loss is one f32 element, not ${loss.dtype} [${loss.shape}]`);
  }
  for (const each of wrt) {
    if (each.dtype !== "f32") throw new Error(`no gradient with respect to ${each.dtype}`);
  }
  const seeds = new Map([[loss.id, graph.splat(1, loss.shape)]]);
  const found = sweep(graph, { nodes: [...graph.nodes], seeds, wrt });
  return wrt.map((each, i) => found[i] ?? graph.splat(0, each.shape));
}

/**
 * Carries gradients back to earlier values.
 *
 * @param nodes those that gradients are carried through, in the graph's order
 * @param seeds the gradients to begin with, by the id of the value
 */
function sweep(
  graph: Graph,
  { nodes, seeds, wrt }: {
    readonly nodes: readonly Node[];
    readonly seeds: ReadonlyMap<number, Value>;
    readonly wrt: readonly Value[];
  },
): (Value | undefined)[] {
  const needed = new Set(wrt.map((each) => each.id));
  for (const node of nodes) {
    if (!node.inputs.some((each) => needed.has(each.id))) continue;
    for (const each of node.outputs) needed.add(each.id);
  }
  const gradients = new Map(seeds);
  for (const node of nodes.toReversed()) {
    if (!needed.has(node.output.id)) continue;
    const flows = node.outputs.map((each) => gradients.get(each.id));
    if (flows.every((each) => each === undefined)) continue;
    const partials = derivativesOf(graph, node, flows, (input) => {
      const pending = gradients.get(input.id);
      gradients.delete(input.id);
      return pending;
    });
    for (const [i, input] of node.inputs.entries()) {
      const partial = partials[i];
      if (partial === undefined || !needed.has(input.id) || input.dtype !== "f32") continue;
      const flow = sumTo(graph, partial(), input.shape);
      const pending = gradients.get(input.id);
      gradients.set(input.id, pending === undefined ? flow : graph.add(pending, flow));
    }
  }
  return wrt.map((each) => gradients.get(each.id));
}

/**
 * The gradients for a node's inputs, each built when called for.
 *
 * @param flows the gradients of the node's outputs
 */
function derivativesOf(
  graph: Graph,
  node: Node,
  flows: readonly (Value | undefined)[],
  take: DerivativeContext["take"],
): readonly ((() => Value) | undefined)[] {
  const derivative = DERIVATIVES[node.op];
  if (derivative !== "by expansion") {
    // The table pairs each name with its own attributes, which a lookup cannot show.
    const rule = derivative as (node: Node, context: DerivativeContext) => (() => Value)[];
    return rule(node, {
      graph,
      inputs: node.inputs,
      y: node.output,
      dy: flows[0]!,
      dys: flows,
      take,
    });
  }
  const first = graph.nodes.length;
  const results = expandNode(graph, node, node.inputs);
  const nodes = graph.nodes.slice(first);
  const seeds = new Map<number, Value>();
  for (const [i, flow] of flows.entries()) {
    const { id } = results[i]!, other = seeds.get(id);
    if (flow !== undefined) seeds.set(id, other === undefined ? flow : graph.add(other, flow));
  }
  const wrt = node.inputs.filter((each) => each.dtype === "f32");
  const found = sweep(graph, { nodes, seeds, wrt });
  return node.inputs.map((each, i) => {
    // What an input that stands twice gets in all is counted at its first place.
    const partial = node.inputs.indexOf(each) === i ? found[wrt.indexOf(each)] : undefined;
    return partial && (() => partial);
  });
}
