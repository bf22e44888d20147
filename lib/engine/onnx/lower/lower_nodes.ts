/**
 * One node of the graph as ONNX operators, where nothing is fused across nodes.
 *
 * Broadcasts stay implicit: an elementwise result may be smaller than its
 * value's shape and broadcast to it.
 */
import {
  type BinaryOp,
  broadcastShapes,
  type Node,
  type OpName,
  type Shape,
  sizeOf,
  type Value,
} from "../../ir/graph.ts";
import { MICROSOFT } from "./model_builder.ts";
import type { ComputedNode, ModelTensor, Operands } from "./operation.ts";

const BINARY: Readonly<Record<BinaryOp, string>> = {
  add: "Add",
  sub: "Sub",
  mul: "Mul",
  div: "Div",
  maximum: "Max",
  minimum: "Min",
  equal: "Equal",
  less: "Less",
};

/** Operators of one operand that apply to a smaller one before it is broadcast. */
const UNARY: Readonly<Partial<Record<OpName, string>>> = {
  neg: "Neg",
  exp: "Exp",
  log: "Log",
  sqrt: "Sqrt",
  tanh: "Tanh",
  erf: "Erf",
};

/**
 * Emits the operators of a node that `fuse.ts` has given to ONNX Runtime.
 *
 * @throws Error for what only kernels compute; where none does, it is expanded before
 */
export function emitNode(node: ComputedNode, operands: Operands): ModelTensor {
  const { builder } = operands;
  const [first, second, third] = node.inputs as [Value, Value, Value];
  const { shape } = node.output;
  const binary = (BINARY as Partial<Record<OpName, string>>)[node.op], unary = UNARY[node.op];
  if (binary !== undefined) {
    const a = operands.loose(first), b = operands.loose(second);
    return {
      name: builder.node(binary, [a.name, b.name]),
      shape: broadcastShapes(a.shape, b.shape),
    };
  }
  if (unary !== undefined) {
    const x = operands.loose(first);
    return { name: builder.node(unary, [x.name]), shape: x.shape };
  }
  const made = (name: string, as: Shape = shape): ModelTensor => ({ name, shape: as });
  switch (node.op) {
    case "rsqrt": {
      const x = operands.loose(first);
      return made(builder.node("Reciprocal", [builder.node("Sqrt", [x.name])]), x.shape);
    }
    case "cast": {
      const x = operands.loose(first);
      const to = { f32: 1n, i32: 6n, bool: 9n }[node.attrs.to];
      return made(builder.node("Cast", [x.name], { attributes: { to } }), x.shape);
    }
    case "select": {
      const all = node.inputs.map((each) => operands.loose(each));
      return made(
        builder.node("Where", all.map((each) => each.name)),
        all.reduce((joint: Shape, each) => broadcastShapes(joint, each.shape), []),
      );
    }
    case "broadcastTo":
      return operands.loose(first);
    case "transpose": {
      const perm = node.attrs.perm.map(BigInt);
      return made(builder.node("Transpose", [operands.exact(first)], { attributes: { perm } }));
    }
    case "slice": {
      const { starts, ends } = node.attrs;
      const limits = [starts, ends, starts.map((_, i) => i)].map((each) => builder.integers(each));
      return made(
        starts.length === 0
          ? operands.exact(first)
          : builder.node("Slice", [operands.exact(first), ...limits]),
      );
    }
    case "concat": {
      const all = node.inputs.map((each) => operands.exact(each));
      const axis = BigInt(node.attrs.axis);
      return made(builder.node("Concat", all, { attributes: { axis } }));
    }
    case "reduceSum":
      return made(reduce("ReduceSum", first, { ...node.attrs, operands }));
    case "reduceMax":
      return made(reduce("ReduceMax", first, { ...node.attrs, operands }));
    case "matmul":
      return emitProduct(node, operands);
    case "gatherRows":
      return made(builder.node("Gather", [operands.exact(first), operands.exact(second)]));
    case "pickLast": {
      const ids = operands.exact(second, [...second.shape, 1]);
      const attributes = { axis: -1n };
      const picked = builder.node("GatherElements", [operands.exact(first), ids], { attributes });
      return made(picked, [...second.shape, 1]);
    }
    case "placeLast": {
      const dtype = node.output.dtype;
      const zero = builder.filled(0, { dtype });
      const zeros = builder.node("Expand", [zero, builder.integers(shape)]);
      return made(scatterLast(zeros, { ids: second, updates: first, operands }));
    }
    case "gelu":
      return made(builder.node("Gelu", [operands.exact(first)], { domain: MICROSOFT }));
    case "softmax":
      return made(softmax("Softmax", operands.exact(first), operands));
    case "softmaxGrad": {
      const y = operands.exact(first), dy = operands.exact(second);
      const total = sumLast(builder.node("Mul", [y, dy]), first.shape, operands);
      return made(builder.node("Mul", [y, builder.node("Sub", [dy, total])]));
    }
    case "layerNorm": {
      const attributes = { axis: -1n, epsilon: node.attrs.epsilon };
      const all = node.inputs.map((each) => operands.exact(each));
      return made(builder.node("LayerNormalization", all, { attributes }));
    }
    case "softmaxCrossEntropy": {
      const logs = softmax("LogSoftmax", operands.exact(first), operands);
      const ids = operands.exact(second, [...second.shape, 1]);
      const attributes = { axis: -1n };
      const picked = builder.node("GatherElements", [logs, ids], { attributes });
      return made(builder.node("Neg", [picked]), [...second.shape, 1]);
    }
    case "softmaxCrossEntropyGrad": {
      const scale = operands.exact(third, [...third.shape, 1]);
      const p = softmax("Softmax", operands.exact(first), operands);
      const scaled = builder.node("Mul", [p, scale]);
      const updates = builder.node("Neg", [scale]);
      return made(
        scatterLast(scaled, { ids: second, updates, isAdded: true, operands }),
      );
    }
    default:
      throw new Error(`${node.op} has no ONNX operator`);
  }
}

function emitProduct(node: Node & { op: "matmul" }, operands: Operands): ModelTensor {
  const { builder } = operands;
  const [a, b] = node.inputs as [Value, Value];
  const { transposeA, transposeB, alpha } = node.attrs;
  const attributes = { transA: BigInt(transposeA), transB: BigInt(transposeB), alpha };
  if (b.shape.length === 2 && (a.shape.length === 2 || !transposeA)) {
    const rows = a.shape.length === 2 ? a.shape : [sizeOf(a.shape.slice(0, -1)), a.shape.at(-1)!];
    const inputs = [operands.exact(a, rows), operands.exact(b)];
    const name = builder.node("Gemm", inputs, { attributes });
    const columns = node.output.shape.at(-1)!;
    return { name, shape: [sizeOf(node.output.shape) / columns, columns] };
  }
  const inputs = [operands.exact(a), operands.exact(b)];
  const name = builder.node("FusedMatMul", inputs, { domain: MICROSOFT, attributes });
  return { name, shape: node.output.shape };
}

function reduce(
  operator: "ReduceSum" | "ReduceMax",
  x: Value,
  options: { axes: readonly number[]; keepDims: boolean; operands: Operands },
): string {
  const { axes, keepDims, operands } = options;
  if (axes.length === 0) return operands.exact(x);
  const inputs = [operands.exact(x), operands.builder.integers(axes)];
  return operands.builder.node(operator, inputs, { attributes: { keepdims: BigInt(keepDims) } });
}

function softmax(operator: "Softmax" | "LogSoftmax", x: string, operands: Operands): string {
  return operands.builder.node(operator, [x], { attributes: { axis: -1n } });
}

/** The sum over the last dimension, which stays with size 1. */
function sumLast(x: string, shape: Shape, { builder }: Operands): string {
  const axes = builder.integers([shape.length - 1]);
  return builder.node("ReduceSum", [x, axes], { attributes: { keepdims: 1n } });
}

function scatterLast(
  data: string,
  options: { ids: Value; updates: Value | string; isAdded?: boolean; operands: Operands },
): string {
  const { ids, updates, isAdded = false, operands } = options;
  const shape = [...ids.shape, 1];
  const values = typeof updates === "string" ? updates : operands.exact(updates, shape);
  const attributes = { axis: -1n, reduction: isAdded ? "add" : "none" };
  return operands.builder.node("ScatterElements", [data, operands.exact(ids, shape), values], {
    attributes,
  });
}
