/**
 * Which values of a graph are needed, by whom, and which are the same elements.
 *
 * A reshape moves nothing, nor does stopGradient: both are views of their root.
 * A splat stays a number through every node that only rearranges it.
 */
import type { Graph, Node, Value } from "../../ir/graph.ts";

const VIEWS: ReadonlySet<Node["op"]> = new Set(["reshape", "stopGradient"]);
const REARRANGING: ReadonlySet<Node["op"]> = new Set([
  ...VIEWS,
  "broadcastTo",
  "transpose",
  "slice",
]);

/** The number that all elements of a value are, if they are one constant. */
export function constantOf(graph: Graph, value: Value): number | undefined {
  let node = graph.nodeOf(value);
  while (REARRANGING.has(node.op)) node = graph.nodeOf(node.inputs[0]!);
  return node.op === "splat" ? node.attrs.value : undefined;
}

/** The uses of the values of one graph, as far as its outputs need them. */
export class Usage {
  /** By root: how many operands read it; an output of the graph reads too. */
  readonly #readers = new Map<number, number>();

  /** Walks the graph once, from its outputs back; nodes added later are not seen. */
  constructor(readonly graph: Graph) {
    const needed = new Set<number>();
    for (const value of graph.outputs.values()) {
      needed.add(value.id);
      this.#addReader(value);
    }
    for (const node of graph.nodes.toReversed()) {
      if (!node.outputs.some((each) => needed.has(each.id))) continue;
      for (const input of node.inputs) {
        needed.add(input.id);
        if (!VIEWS.has(node.op)) this.#addReader(input);
      }
    }
  }

  /** The value that a value is a view of: one that a node makes anew. */
  rootOf(value: Value): Value {
    let root = value, node = this.graph.nodeOf(root);
    while (VIEWS.has(node.op)) {
      root = node.inputs[0]!;
      node = this.graph.nodeOf(root);
    }
    return root;
  }

  /** The number that all elements are, if they are one constant. */
  constantOf(value: Value): number | undefined {
    return constantOf(this.graph, value);
  }

  /** Whether a value, through any view of it, is read just once. */
  isReadOnce(value: Value): boolean {
    return this.#readers.get(this.rootOf(value).id) === 1;
  }

  #addReader(value: Value): void {
    const { id } = this.rootOf(value);
    this.#readers.set(id, (this.#readers.get(id) ?? 0) + 1);
  }
}
