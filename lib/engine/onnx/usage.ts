/**
 * Which values of a graph are needed, by whom, and which are the same elements.
 *
 * A reshape moves nothing, nor does stopGradient: both are views of their root.
 * A splat stays a number through every node that only rearranges it.
 */
import type { Graph, Node, Value } from "../ir.ts";

const VIEWS: ReadonlySet<Node["op"]> = new Set(["reshape", "stopGradient"]);
const REARRANGING: ReadonlySet<Node["op"]> = new Set([
  ...VIEWS,
  "broadcastTo",
  "transpose",
  "slice",
]);

/** The uses of the values of one graph, as far as its outputs need them. */
export class Usage {
  /** The ids of roots that are read, and how often. */
  readonly #counts = new Map<number, number>();

  constructor(readonly graph: Graph) {
    const needed = new Set<number>();
    for (const value of graph.outputs.values()) {
      needed.add(value.id);
      this.#count(value);
    }
    for (const node of graph.nodes.toReversed()) {
      if (!needed.has(node.output.id)) continue;
      for (const input of node.inputs) {
        needed.add(input.id);
        if (!VIEWS.has(node.op)) this.#count(input);
      }
    }
  }

  /** The node whose result a value is a view of. */
  rootOf(value: Value): Node {
    let node = this.graph.nodeOf(value);
    while (VIEWS.has(node.op)) node = this.graph.nodeOf(node.inputs[0]!);
    return node;
  }

  /** The number that all elements are, if they are one constant. */
  constantOf(value: Value): number | undefined {
    let node = this.graph.nodeOf(value);
    while (REARRANGING.has(node.op)) node = this.graph.nodeOf(node.inputs[0]!);
    return node.op === "splat" ? node.attrs.value : undefined;
  }

  /** Whether a value, through any view of it, is read just once. */
  isReadOnce(value: Value): boolean {
    return this.#counts.get(this.rootOf(value).output.id) === 1;
  }

  #count(value: Value): void {
    const { id } = this.rootOf(value).output;
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }
}
