/**
 * What every engine offers: forward graphs, and training from a description.
 *
 * A training program is a graph with a loss plus an optimizer as data. An
 * engine differentiates and lowers it its own way (the CPU updates in WASM, XLA
 * in the same executable), and all must agree; the oracle is `tfjs/`.
 */
import type { Graph, Shape } from "./ir/graph.ts";

/** A tensor's elements in row-major order: f32, i32, or bool as 0 and 1. */
export type Tensor = Float32Array | Int32Array | Uint8Array;

/** Tensors by the name of a graph's input or output. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A trained parameter. */
export interface ParamSpec {
  /** The name of the graph's input. */
  readonly name: string;
  /** That of the graph's input. */
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
  /** How much of the first moment stays after a step. */
  readonly beta1: number;
  /** How much of the second moment stays after a step. */
  readonly beta2: number;
  /** Added to the root of the second moment. */
  readonly epsilon: number;
  /** The fraction of a parameter, times the learning rate, that goes with a step. */
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
  /** In the order in which they are updated. */
  readonly params: readonly ParamSpec[];
  /** The name of the output to minimise, a scalar. */
  readonly loss: string;
  /** How a step uses the gradients. */
  readonly optimizer: AdamW;
}

/** Parameters and both moments by parameter name; all a resume needs besides the step. */
export interface TrainingState {
  /** The parameters. */
  readonly params: Readonly<Record<string, Float32Array>>;
  /** Running means of the gradients; zeros at the start. */
  readonly firstMoments: Readonly<Record<string, Float32Array>>;
  /** Running means of the squared gradients; zeros at the start. */
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
  /** Frees the state; nothing may be called after it. */
  dispose(): Promise<void>;
}

/** A compiled forward graph. */
export interface Executable {
  /**
   * Computes the graph's outputs.
   *
   * @param inputs data inputs; also the params, unless it came from a session
   */
  run(inputs: Tensors): Promise<Tensors>;
  /** Frees what compiling it took. */
  dispose(): Promise<void>;
}

/** A way to compute, on one device. */
export interface Engine {
  /** Enters keys where numerics matter: "onnx-cpu", "tfjs-cpu". */
  readonly name: string;
  /** Prepares a forward graph. */
  compile(graph: Graph): Promise<Executable>;
  /** Differentiates a program and prepares its step. */
  train(program: TrainingProgram): Promise<TrainingSession>;
}
