/**
 * A reference interpreter in float64: plain loops, one operation after another.
 *
 * Independent of every engine and of `expansions.ts`, slow, and exact enough for
 * finite differences. Tensors are Float64Array whatever their dtype.
 */
import { dropoutSeedOf, fillDropoutMask } from "../../lib/engine/dropout_bits.ts";
import {
  type Graph,
  type Node,
  type Shape,
  sizeOf,
  type Value,
} from "../../lib/engine/ir/graph.ts";
import { broadcastPlaces, dot, eachPlace, strides } from "./places.ts";
import { runFused } from "./reference_fused.ts";

/** Numbers by the name of a graph's input or output. */
export type Numbers = Readonly<Record<string, ArrayLike<number>>>;

/** Computes a graph's outputs from its inputs. */
export function interpret(graph: Graph, inputs: Numbers): Record<string, Float64Array> {
  const results: Float64Array[] = [];
  for (const node of graph.nodes) {
    const values = node.inputs.map((each) => results[each.id]!);
    const made = node.op === "input"
      ? [Float64Array.from(inputs[node.attrs.name]!)]
      : runFused(node, values) ?? [runNode(node, values)];
    for (const [i, { id, shape }] of node.outputs.entries()) {
      if (made[i]!.length !== sizeOf(shape)) {
        throw new Error(`${node.op} has ${made[i]!.length} elements, not [${shape}]`);
      }
      results[id] = made[i]!;
    }
  }
  return Object.fromEntries([...graph.outputs].map(([name, value]) => [name, results[value.id]!]));
}

type Elementwise = (...operands: number[]) => number;

const ELEMENTWISE: Partial<Record<Node["op"], Elementwise>> = {
  add: (a, b) => a! + b!,
  sub: (a, b) => a! - b!,
  mul: (a, b) => a! * b!,
  div: (a, b) => a! / b!,
  maximum: (a, b) => Math.max(a!, b!),
  minimum: (a, b) => Math.min(a!, b!),
  equal: (a, b) => a === b ? 1 : 0,
  less: (a, b) => a! < b! ? 1 : 0,
  select: (condition, a, b) => condition ? a! : b!,
  neg: (x) => -x!,
  exp: (x) => Math.exp(x!),
  log: (x) => Math.log(x!),
  sqrt: (x) => Math.sqrt(x!),
  rsqrt: (x) => 1 / Math.sqrt(x!),
  tanh: (x) => Math.tanh(x!),
  erf: (x) => erf(x!),
  stopGradient: (x) => x!,
  replicaSum: (x) => x!,
  gelu: (x) => x! * (1 + erf(x! / Math.SQRT2)) / 2,
  geluGrad: (x, dy) =>
    dy! * ((1 + erf(x! / Math.SQRT2)) / 2 + x! * Math.exp(-x! * x! / 2) / Math.sqrt(2 * Math.PI)),
  broadcastTo: (x) => x!,
};

function runNode(node: Node, values: Float64Array[]): Float64Array {
  const { shape, dtype } = node.output;
  const elementwise = ELEMENTWISE[node.op];
  if (elementwise !== undefined) {
    const places = node.inputs.map((each) => broadcastPlaces(each.shape, shape));
    return Float64Array.from(
      { length: sizeOf(shape) },
      (_, i) => elementwise(...values.map((each, j) => each[places[j]![i]!]!)),
    );
  }
  const [x] = values as [Float64Array];
  const xShape = node.inputs[0]?.shape ?? [];
  switch (node.op) {
    case "splat":
      return new Float64Array(sizeOf(shape)).fill(node.attrs.value);
    case "cast":
      return x.map((each) =>
        dtype === "i32" ? Math.trunc(each) : dtype === "bool" ? +!!each : each
      );
    case "reshape":
      return x.slice();
    case "transpose": {
      const from = strides(xShape);
      return gather(x, shape, (place) => dot(place, node.attrs.perm.map((axis) => from[axis]!)));
    }
    case "slice": {
      const from = strides(xShape), start = dot(node.attrs.starts, from);
      return gather(x, shape, (place) => start + dot(place, from));
    }
    case "concat":
      return concat(node.inputs, values, { axis: node.attrs.axis, shape });
    case "reduceSum":
      return reduce(x, xShape, { ...node.attrs, start: 0, join: (a, b) => a + b });
    case "reduceMax":
      return reduce(x, xShape, { ...node.attrs, start: -Infinity, join: Math.max });
    case "matmul":
      return matmul(node, values);
    case "gatherRows": {
      const width = sizeOf(xShape.slice(1)), ids = values[1]!;
      return Float64Array.from(
        { length: ids.length * width },
        (_, i) => x[ids[Math.floor(i / width)]! * width + i % width]!,
      );
    }
    case "scatterAddRows": {
      const width = sizeOf(xShape.slice(1)), out = x.slice();
      values[2]!.forEach((each, i) => {
        out[values[1]![Math.floor(i / width)]! * width + i % width]! += each;
      });
      return out;
    }
    case "pickLast": {
      const depth = xShape.at(-1)!;
      return values[1]!.map((id, i) => x[i * depth + id]!);
    }
    case "placeLast": {
      const out = new Float64Array(sizeOf(shape));
      x.forEach((each, i) => out[i * node.attrs.depth + values[1]![i]!] = each);
      return out;
    }
    case "dropoutMask": {
      const mask = new Float32Array(sizeOf(shape));
      fillDropoutMask(mask, { ...node.attrs, ...dropoutSeedOf(x, node.attrs) });
      return Float64Array.from(mask);
    }
    default:
      throw new Error(`no reference for ${node.op}`);
  }
}

function concat(
  inputs: readonly Value[],
  values: Float64Array[],
  { axis, shape }: { axis: number; shape: Shape },
): Float64Array {
  const out = new Float64Array(sizeOf(shape)), to = strides(shape);
  let offset = 0;
  inputs.forEach((input, j) => {
    eachPlace(input.shape, (place, i) => out[dot(place, to) + offset * to[axis]!] = values[j]![i]!);
    offset += input.shape[axis]!;
  });
  return out;
}

function reduce(
  x: Float64Array,
  shape: Shape,
  { axes, start, join }: {
    axes: readonly number[];
    start: number;
    join: (a: number, b: number) => number;
  },
): Float64Array {
  const kept = shape.map((size, i) => axes.includes(i) ? 1 : size);
  const places = broadcastPlaces(kept, shape);
  const out = new Float64Array(sizeOf(kept)).fill(start);
  x.forEach((each, i) => out[places[i]!] = join(out[places[i]!]!, each));
  return out;
}

function matmul(node: Extract<Node, { op: "matmul" }>, values: Float64Array[]): Float64Array {
  const { transposeA, transposeB, alpha } = node.attrs;
  const [a, b] = values as [Float64Array, Float64Array];
  const [aShape, bShape] = node.inputs.map((each) => each.shape) as [Shape, Shape];
  const [m, n] = node.output.shape.slice(-2) as [number, number];
  const k = aShape.at(transposeA ? -2 : -1)!;
  const isShared = bShape.length === 2;
  return Float64Array.from({ length: sizeOf(node.output.shape) }, (_, i) => {
    const batch = Math.floor(i / (m * n)), row = Math.floor(i / n) % m, column = i % n;
    let sum = 0;
    for (let j = 0; j < k; j++) {
      const left = a[batch * m * k + (transposeA ? j * m + row : row * k + j)]!;
      const at = transposeB ? column * k + j : j * n + column;
      sum += left * b[(isShared ? 0 : batch * k * n) + at]!;
    }
    return alpha * sum;
  });
}

function gather(
  x: Float64Array,
  shape: Shape,
  placeOf: (place: readonly number[]) => number,
): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  eachPlace(shape, (place, i) => out[i] = x[placeOf(place)]!);
  return out;
}

/** The error function to about 1e-15: its series, or the continued fraction of erfc. */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (z < 3) {
    let term = z, sum = z;
    for (let n = 1; Math.abs(term) > 1e-18 * sum; n++) {
      term *= -z * z / n;
      sum += term / (2 * n + 1);
    }
    return Math.sign(x) * 2 / Math.sqrt(Math.PI) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction);
  return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction));
}
