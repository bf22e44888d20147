/** Where the elements of shapes lie, in row-major order: for the reference interpreter. */
import { type Shape, sizeOf } from "../../lib/engine/ir/graph.ts";

/** For each element of `to`, the place of the element that broadcasts to it. */
export function broadcastPlaces(from: Shape, to: Shape): Float64Array {
  const own = strides(from);
  const steps = to.map((_, i) => {
    const axis = i - (to.length - from.length);
    return axis < 0 || from[axis] === 1 ? 0 : own[axis]!;
  });
  const places = new Float64Array(sizeOf(to));
  eachPlace(to, (place, i) => places[i] = dot(place, steps));
  return places;
}

/** Visits the places of a shape in row-major order. */
export function eachPlace(
  shape: Shape,
  visit: (place: readonly number[], i: number) => void,
): void {
  const place = shape.map(() => 0);
  for (let i = 0, size = sizeOf(shape); i < size; i++) {
    visit(place, i);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++place[axis]! < shape[axis]!) break;
      place[axis] = 0;
    }
  }
}

/** How far apart neighbours along each dimension lie. */
export function strides(shape: Shape): number[] {
  return shape.map((_, i) => sizeOf(shape.slice(i + 1)));
}

/** The sum of products of two lists of one length. */
export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, each, i) => sum + each * b[i]!, 0);
}
