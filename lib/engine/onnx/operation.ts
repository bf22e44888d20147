/**
 * What the lowering computes a value with: an operation, one or several nodes fused.
 *
 * `fuse.ts` chooses the operations, `lower.ts` orders them into segments that
 * ONNX Runtime runs and kernels of our own between them. This file holds what
 * both share, and knows neither.
 */
import type { DType, Node, Shape, Value } from "../ir.ts";
import type { ModelBuilder } from "./model_builder.ts";

/** A tensor of the model under construction. */
export interface Tensor {
  readonly name: string;
  /** May hold the value's elements in other dimensions, or broadcast to the value's shape. */
  readonly shape: Shape;
}

/** Where an operation finds its operands in the model it is added to. */
export interface Operands {
  readonly builder: ModelBuilder;
  /** A tensor of just this shape, by default the value's own; sizes are equal. */
  exact(value: Value, shape?: Shape): string;
  /** A tensor that broadcasts to the value's shape. */
  loose(value: Value): Tensor;
}

/** An operation that ONNX Runtime computes. */
export interface RuntimeOperation {
  readonly at: "runtime";
  readonly inputs: readonly Value[];
  readonly output: Value;
  emit(operands: Operands): Tensor;
}

/** A call of one of our kernels, with the inputs that it takes. */
export type KernelCall =
  /** (seed): a mask. */
  | { readonly kernel: "dropout"; readonly rate: number; readonly site: string }
  /** (ids, updates, base): rows added onto the base, or onto zeros if there is none. */
  | { readonly kernel: "addRows"; readonly rowSize: number };

/** An operation that one of our kernels computes, on whole tensors in memory. */
export interface KernelOperation {
  readonly at: "kernel";
  readonly inputs: readonly Value[];
  readonly output: Value;
  readonly call: KernelCall;
  /** The input whose memory becomes the output's, if nobody else needs it. */
  readonly inPlace?: Value;
}

/** How a value is computed. */
export type Operation = RuntimeOperation | KernelOperation;

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
