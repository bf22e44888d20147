/** The transpose of broadcasting: what derivatives and expansions both need. */
import type { Graph, Shape, Value } from "./graph.ts";

/**
 * Undoes broadcasting: sums a gradient over the dimensions in which `shape` was repeated.
 *
 * @returns a value of that shape; the gradient itself when it has it already
 */
export function sumTo(graph: Graph, gradient: Value, shape: Shape): Value {
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((size, i) =>
    size !== 1 && (i < extra || shape[i - extra] === 1) ? [i] : []
  );
  const summed = axes.length === 0 ? gradient : graph.reduceSum(gradient, axes);
  return String(summed.shape) === String(shape) ? summed : graph.reshape(summed, shape);
}
