/**
 * What stands between the emitter of StableHLO and the device that runs it: a module's
 * text, and all that whoever calls it must know of its inputs and outputs.
 *
 * `stablehlo/` makes one of a graph; the device compiles its text, gives it buffers in the
 * order of `inputs` and gets buffers in the order of `outputs`. Neither knows the other.
 */
import type { DType, Shape } from "../ir/graph.ts";

/** The type of the products' operands; sums, state and results are float32 in both. */
export type Precision = "float32" | "bfloat16";

/** What the compiled program runs on, as far as its text depends on it. */
export type Platform = "cpu" | "cuda";

/** What a module is made for. */
export interface ModuleOptions {
  /**
   * The type of the products' operands. "float32" means it: the text asks for the highest
   * precision, or a GPU would multiply with 10 bits of mantissa.
   */
  readonly precision: Precision;
  /** Where it runs: some calls are known on one platform only. */
  readonly platform: Platform;
  /** How many devices run it side by side, each with its own inputs; 1 if absent. */
  readonly replicas?: number;
  /**
   * Inputs that are given up at a call, by name, with the output that takes over the memory of
   * each: of the same shape and dtype. The text carries both halves, `tf.aliasing_output`.
   */
  readonly donations?: ReadonlyMap<string, string>;
}

/** A tensor that goes into a module or comes out of it; bool is i1. */
export interface ModuleTensor {
  /** As the graph names it. */
  readonly name: string;
  /** Of the elements. */
  readonly dtype: DType;
  /** Of one replica's tensor. */
  readonly shape: Shape;
}

/** An input of `main`. */
export interface ModuleInput extends ModuleTensor {
  /** The index of the output that takes over its memory; absent where the caller keeps it. */
  readonly donatedTo?: number;
}

/** A program: one function `main` in StableHLO text. */
export interface XlaModule {
  /** One operation a line, so that the compiler's errors point at it; a function of the graph. */
  readonly text: string;
  /** The arguments of `main` in their order. */
  readonly inputs: readonly ModuleInput[];
  /** The results of `main` in their order. */
  readonly outputs: readonly ModuleTensor[];
}
