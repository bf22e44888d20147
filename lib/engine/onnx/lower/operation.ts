/**
 * What the lowering computes a value with: an operation, one or several nodes fused.
 *
 * `fuse.ts` chooses the operations, `lower.ts` orders them into segments that
 * ONNX Runtime runs and kernels of our own between them. This file holds what
 * both share, and knows neither.
 */
import type { DType, Node, Shape, Value } from "../../ir/graph.ts";
import type { OpAttrs } from "../../ir/ops.ts";
import type { ModelBuilder } from "./model_builder.ts";

/** A tensor of the model under construction. */
export interface ModelTensor {
  /** The name that nodes of the ONNX model refer to it by. */
  readonly name: string;
  /** May hold the value's elements in other dimensions, or broadcast to the value's shape. */
  readonly shape: Shape;
}

/** Where an operation finds its operands in the model it is added to. */
export interface Operands {
  /** The model that nodes are added to. */
  readonly builder: ModelBuilder;
  /** A tensor of just this shape, by default the value's own; sizes are equal. */
  exact(value: Value, shape?: Shape): string;
  /** A tensor that broadcasts to the value's shape. */
  loose(value: Value): ModelTensor;
}

/** An operation that ONNX Runtime computes. */
export interface RuntimeOperation {
  readonly at: "runtime";
  /** The values of the graph that it reads. */
  readonly inputs: readonly Value[];
  /** The one value that it makes. */
  readonly output: Value;
  /** Adds its nodes to the model and returns the tensor that holds the output. */
  emit(operands: Operands): ModelTensor;
}

/** The sizes of an attention that a kernel computes. */
export interface AttentionSizes {
  /** Sequences of a batch. */
  readonly rows: number;
  /** Tokens a row. */
  readonly length: number;
  /** Heads of the layer; each attends by itself. */
  readonly heads: number;
  /** Floats a head. */
  readonly headSize: number;
  /** What the products of queries and keys are multiplied by before the softmax. */
  readonly scale: number;
  /** Whether a bias [rows, 1, 1, length] is given. */
  readonly isBiased: boolean;
  /** Whether a dropout mask [rows, heads, length, length] is given. */
  readonly isMasked: boolean;
}

/** A call of one of our kernels, with the inputs that it takes and the outputs that it makes. */
export type KernelCall =
  /** (seed): a mask. */
  | { readonly kernel: "dropout" } & OpAttrs["dropoutMask"]
  /** (ids, updates, base): rows added onto the base, or onto zeros if there is none. */
  | { readonly kernel: "addRows"; readonly rowSize: number }
  /** (x, dy): dx. */
  | { readonly kernel: "geluGrad" }
  /** (y, dy): dx. */
  | { readonly kernel: "softmaxGrad"; readonly width: number }
  /** (x, gamma, dy): dx, dgamma, dbeta. */
  | { readonly kernel: "layerNormGrad"; readonly width: number; readonly epsilon: number }
  /** (q, k, v, bias?, mask?): context, weights, scratch. */
  | { readonly kernel: "attention" } & AttentionSizes
  /** (q, k, v, weights, dcontext, mask?): dq, dk, dv, scratch. */
  | { readonly kernel: "attentionGrad" } & AttentionSizes;

/** What a kernel keeps beside a value of the graph for another kernel to read. */
export interface Residual {
  /** The value that is made with it. */
  readonly of: Value;
  /** How many floats it has. */
  readonly floats: number;
}

/** What a kernel reads: a value of the graph, or what another kernel kept. */
export type KernelInput = Value | Residual;

/** What a kernel writes: the same, or only so many floats that nobody reads. */
export type KernelOutput = Value | Residual | { readonly scratch: number };

/** An operation that one of our kernels computes, on whole tensors in memory. */
export interface KernelOperation {
  readonly at: "kernel";
  /** What it reads, in the order that its kernel takes them. */
  readonly inputs: readonly KernelInput[];
  /** What it writes, in the order that its kernel takes them. */
  readonly outputs: readonly KernelOutput[];
  /** The kernel and its numbers. */
  readonly call: KernelCall;
  /** The input whose memory becomes the first output's, if nobody else needs it. */
  readonly inPlace?: Value;
}

/** How one or several values are computed. */
export type Operation = RuntimeOperation | KernelOperation;

/** The values that an operation makes. */
export function resultsOf(operation: Operation): readonly Value[] {
  if (operation.at === "runtime") return [operation.output];
  return operation.outputs.filter((each) => "id" in each);
}

/** The values that must be there before an operation. */
export function operandsOf({ inputs }: Operation): readonly Value[] {
  return inputs.map((each) => "id" in each ? each : each.of);
}

/** A node that makes a value anew: no leaf and no other view of the same elements. */
export type ComputedNode = Exclude<
  Node,
  { op: "input" | "splat" | "reshape" | "stopGradient" }
>;

/** Element types by their name in JavaScript's binding of ONNX Runtime. */
export const RUNTIME_TYPES: Readonly<Record<DType, "float32" | "int32" | "bool">> = {
  f32: "float32",
  i32: "int32",
  bool: "bool",
};
