/** Constant folding: operations on splats are done while building the graph. */
import {
  type BinaryOp,
  type DType,
  type Graph,
  type Node,
  type OpName,
  sizeOf,
  type Value,
} from "../ir/graph.ts";

type Compute = (a: number, b: number) => number;

/** Those of one operand whose value in f64 is known here. */
const UNARY: Partial<Record<OpName, Compute>> = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  tanh: Math.tanh,
};

const BINARY: Readonly<Record<BinaryOp, Compute>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  equal: (a, b) => Number(a === b),
  less: (a, b) => Number(a < b),
};

/** The number that a value consists of, when a splat or the broadcast of one made it. */
export function splatValue(graph: Graph, value: Value): number | undefined {
  const node = graph.nodeOf(value);
  return node.op === "splat" ? node.attrs.value : undefined;
}

/** What a node of splats computes, as a splat of its shape; undefined if it is not constant. */
export function foldConstant(
  target: Graph,
  node: Node,
  inputs: readonly Value[],
): Value | undefined {
  if (inputs.length === 0) return undefined;
  const { shape, dtype } = node.output;
  const numbers = inputs.map((each) => splatValue(target, each));
  if (node.op === "select" && numbers[0] !== undefined) return inputs[numbers[0] ? 1 : 2]!;
  if (numbers.some((each) => each === undefined)) return undefined;
  const [first, second] = numbers as number[];
  const compute = UNARY[node.op] ?? (BINARY as Partial<Record<OpName, Compute>>)[node.op];
  if (compute !== undefined) {
    const result = rounded(compute(first!, second!), dtype);
    return result === undefined ? undefined : target.splat(result, shape, dtype);
  }
  switch (node.op) {
    case "reshape":
    case "transpose":
    case "broadcastTo":
    case "slice":
    case "stopGradient":
    case "reduceMax":
      return target.splat(first!, shape, dtype);
    case "reduceSum": {
      const count = sizeOf(inputs[0]!.shape) / sizeOf(shape);
      const sum = rounded(first! * count, dtype);
      return sum === undefined ? undefined : target.splat(sum, shape, dtype);
    }
    case "concat":
      return numbers.every((each) => Object.is(each, first))
        ? target.splat(first!, shape, dtype)
        : undefined;
    default:
      return undefined;
  }
}

/** A result as the dtype holds it; undefined for an i32 that overflows. */
function rounded(value: number, dtype: DType): number | undefined {
  if (dtype === "f32") return Math.fround(value);
  return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? value : undefined;
}
