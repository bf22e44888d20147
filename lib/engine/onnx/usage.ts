/**
 * Which values of a graph are needed, by whom, and which are the same elements.
 *
 * A reshape moves nothing, nor does stopGradient: both are views of their root.
 * A splat stays a number through every node that only rearranges it.
 */
import type { Graph, Node, Value } from "../ir/graph.ts";

const VIEWS: ReadonlySet<Node["op"]> = new Set(["reshape", "stopGradient"]);
const REARRANGING: ReadonlySet<Node["op"]> = new Set([
  ...VIEWS,
  "broadcastTo",
  "transpose",
  "slice",
]);

/** The uses of the values of one graph, as far as its outputs need them. */
export class Usage {
  /** By root: the nodes that read it, once for each operand; an output of the graph reads too. */
  readonly #readers = new Map<number, (Node | "output")[]>();

  /** Walks the graph once, from its outputs back; nodes added later are not seen. */
  constructor(readonly graph: Graph) {
    const needed = new Set<number>();
    for (const value of graph.outputs.values()) {
      needed.add(value.id);
      this.#addReader(value, "output");
    }
    for (const node of graph.nodes.toReversed()) {
      if (!needed.has(node.output.id)) continue;
      for (const input of node.inputs) {
        needed.add(input.id);
        if (!VIEWS.has(node.op)) this.#addReader(input, node);
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

  /** Whether a node's value is needed at all; views are not counted. */
  isNeeded(node: Node): boolean {
    return this.#readers.has(node.output.id);
  }

  /** The nodes that read a value, or any other view of its root. */
  readersOf(value: Value): readonly Node[] {
    const readers = this.#readers.get(this.rootOf(value).output.id) ?? [];
    return readers.filter((each) => each !== "output");
  }

  /** Whether a value, through any view of it, is read just once. */
  isReadOnce(value: Value): boolean {
    return this.#readers.get(this.rootOf(value).output.id)?.length === 1;
  }

  #addReader(value: Value, reader: Node | "output"): void {
    const { id } = this.rootOf(value).output;
    const readers = this.#readers.get(id);
    if (readers === undefined) this.#readers.set(id, [reader]);
    else readers.push(reader);
  }
}
