/**
 * What every engine offers: forward graphs, and training from a description.
 *
 * A training program is a graph with a loss plus an optimizer as data. An
 * engine differentiates and lowers it its own way (the CPU updates in WASM, XLA
 * in the same executable), and all must agree; the oracle is `tfjs/`.
 */
import type { Graph, Shape } from "./ir.ts";

/** A tensor's elements in row-major order: f32, i32, or bool as 0 and 1. */
export type Tensor = Float32Array | Int32Array | Uint8Array;

/** Tensors by the name of a graph's input or output. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A trained parameter. */
export interface ParamSpec {
  readonly name: string;
  readonly shape: Shape;
  /** Whether weight decay applies: not to biases and layer norms. */
  readonly decays: boolean;
  /** Factor on the learning rate, 1 if absent. */
  readonly learningRateScale?: number;
}

/**
 * AdamW with decoupled weight decay.
 *
 * @see arXiv:1711.05101
 */
export interface AdamW {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** BERT's own optimizer has none. */
  readonly biasCorrection: boolean;
  /** Gradients are scaled to at most this global norm; absent: not clipped. */
  readonly clipNorm?: number;
}

/** What one optimizer step computes. */
export interface TrainingProgram {
  /** Its "param" inputs are exactly `params`; its outputs are what a step returns. */
  readonly graph: Graph;
  readonly params: readonly ParamSpec[];
  /** The name of the output to minimise, a scalar. */
  readonly loss: string;
  readonly optimizer: AdamW;
}

/** Parameters and both moments by parameter name; all a resume needs besides the step. */
export interface TrainingState {
  readonly params: Readonly<Record<string, Float32Array>>;
  readonly firstMoments: Readonly<Record<string, Float32Array>>;
  readonly secondMoments: Readonly<Record<string, Float32Array>>;
}

/** A training under way, its state resident where the engine computes. */
export interface TrainingSession {
  /** Replaces the whole state (copied in). */
  load(state: TrainingState): void;
  /**
   * One optimizer update.
   *
   * @param batch the graph's data inputs
   * @param control learningRate for this step; step counts from 1 (bias correction)
   * @returns the graph's outputs, and `gradientNorm` [1] before clipping
   */
  step(
    batch: Tensors,
    control: { readonly learningRate: number; readonly step: number },
  ): Promise<Tensors>;
  /** A copy of the whole state. */
  save(): TrainingState;
  /** Compiles a forward graph over the same parameters as they are at each run. */
  forward(graph: Graph): Promise<Executable>;
  dispose(): Promise<void>;
}

/** A compiled forward graph. */
export interface Executable {
  /** @param inputs data inputs; also the params, unless it came from a session */
  run(inputs: Tensors): Promise<Tensors>;
  dispose(): Promise<void>;
}

/** A way to compute, on one device. */
export interface Engine {
  /** Enters keys where numerics matter: "onnx-cpu", "tfjs-cpu". */
  readonly name: string;
  compile(graph: Graph): Promise<Executable>;
  train(program: TrainingProgram): Promise<TrainingSession>;
}
