/** Shape operations: what changes nothing goes, two in a row become one. */
import { type Graph, type Node, sizeOf, type Value } from "../ir/graph.ts";

/** A simpler value for a node that moves elements; undefined if there is none. */
export function foldShape(target: Graph, node: Node, inputs: readonly Value[]): Value | undefined {
  const x = inputs[0];
  if (x === undefined) return undefined;
  const { shape } = node.output;
  const source = target.nodeOf(x);
  const isSameShape = String(x.shape) === String(shape);
  switch (node.op) {
    case "reshape":
      if (isSameShape) return x;
      return source.op === "reshape" ? target.reshape(source.inputs[0]!, shape) : undefined;
    case "broadcastTo":
      if (isSameShape) return x;
      if (sizeOf(x.shape) === sizeOf(shape)) return target.reshape(x, shape);
      return source.op === "broadcastTo" ? target.broadcastTo(source.inputs[0]!, shape) : undefined;
    case "transpose":
      return foldTranspose(target, { x, source, perm: node.attrs.perm });
    case "slice": {
      if (isSameShape) return x;
      if (source.op !== "slice") return undefined;
      const offset = source.attrs.starts;
      const shift = (places: readonly number[]) => places.map((each, i) => each + offset[i]!);
      return target.slice(source.inputs[0]!, shift(node.attrs.starts), shift(node.attrs.ends));
    }
    case "concat":
      return inputs.length === 1 ? x : undefined;
    case "reduceSum":
    case "reduceMax":
      if (isSameShape) return x;
      return sizeOf(x.shape) === sizeOf(shape) ? target.reshape(x, shape) : undefined;
    default:
      return undefined;
  }
}

function foldTranspose(
  target: Graph,
  { x, source, perm }: { x: Value; source: Node; perm: readonly number[] },
): Value | undefined {
  if (source.op === "transpose") {
    const inner = source.attrs.perm;
    const joint = perm.map((axis) => inner[axis]!);
    const origin = source.inputs[0]!;
    return joint.every((axis, i) => axis === i) ? origin : target.transpose(origin, joint);
  }
  const moved = perm.filter((axis) => x.shape[axis] !== 1);
  // Moving dimensions of size 1 past others leaves the elements in place.
  const keepsOrder = moved.every((axis, i) => i === 0 || moved[i - 1]! < axis);
  if (!keepsOrder) return undefined;
  const shape = perm.map((axis) => x.shape[axis]!);
  return String(shape) === String(x.shape) ? x : target.reshape(x, shape);
}
