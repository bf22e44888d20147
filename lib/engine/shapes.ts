/** Tells which of a program's graphs a batch is for: they differ in the sizes of what they take. */
import type { Tensors, TrainingProgram } from "./engine.ts";
import { type Graph, sizeOf } from "./ir/graph.ts";

/** The graphs of a program by the sizes of their data inputs. */
export class GraphsByShape {
  /** The program's own graph first. */
  readonly graphs: readonly Graph[];
  readonly #sizes: readonly ReadonlyMap<string, number>[];

  /**
   * Reads the sizes.
   *
   * @throws Error when two graphs take batches of the same sizes
   */
  constructor({ graph, otherShapes = [] }: Pick<TrainingProgram, "graph" | "otherShapes">) {
    this.graphs = [graph, ...otherShapes];
    this.#sizes = this.graphs.map(dataSizes);
    const seen = new Set(this.#sizes.map((sizes) => String([...sizes].toSorted())));
    if (seen.size < this.graphs.length) throw new Error("two graphs take batches of one shape");
  }

  /** The place among `graphs` of the one that a batch fits; of the first where none does. */
  placeFor(batch: Tensors): number {
    if (this.graphs.length === 1) return 0;
    const found = this.#sizes.findIndex((sizes) =>
      [...sizes].every(([name, size]) => batch[name]?.length === size)
    );
    return Math.max(found, 0);
  }
}

/** The elements of each input that is no parameter, by name. */
function dataSizes(graph: Graph): Map<string, number> {
  return new Map(
    graph.nodes.flatMap((node) =>
      node.op === "input" && node.attrs.role !== "param"
        ? [[node.attrs.name, sizeOf(node.output.shape)] as const]
        : []
    ),
  );
}
