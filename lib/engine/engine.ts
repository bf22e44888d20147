/**
 * What every engine offers: forward graphs, and training from a description.
 *
 * A training program is a graph with a loss plus an optimizer as data. An
 * engine differentiates and lowers it its own way (the CPU updates in WASM, XLA
 * in the same executable), and all must agree; the oracle is `tfjs/`.
 */
import type { Graph, Shape } from "./ir/graph.ts";
import type { StepMemory } from "./step_memory.ts";

/** A tensor's elements in row-major order: f32, i32, or bool as 0 and 1. */
export type Tensor = Float32Array | Int32Array | Uint8Array;

/** Tensors by the name of a graph's input or output. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A trained parameter. */
export interface ParamSpec {
  /** The name of the graph's input. */
  readonly name: string;
  /** The dimensions of that input. */
  readonly shape: Shape;
  /** Whether weight decay applies: not to biases and layer norms. */
  readonly decays: boolean;
  /** Factor on the learning rate, 1 if absent. */
  readonly learningRateScale?: number;
  /** Whether it stays as it is: it has no gradient, no decay and no moments. */
  readonly isFrozen?: boolean;
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
  /**
   * The same step for batches of other sizes, such as shorter rows; a batch is taken by the
   * graph that it fits. All go on with one state, and each is compiled when it is first used.
   */
  readonly otherShapes?: readonly Graph[];
  /** In the order in which they are updated. */
  readonly params: readonly ParamSpec[];
  /** The name of the output to minimise, a scalar. */
  readonly loss: string;
  /** How a step uses the gradients. */
  readonly optimizer: AdamW;
}

/**
 * Parameters and both moments by parameter name; all a resume needs besides the step.
 * Frozen parameters have no moments.
 */
export interface TrainingState {
  /** The parameters. */
  readonly params: Readonly<Record<string, Float32Array>>;
  /** Running means of the gradients; zeros at the start. */
  readonly firstMoments: Readonly<Record<string, Float32Array>>;
  /** Running means of the squared gradients; zeros at the start. */
  readonly secondMoments: Readonly<Record<string, Float32Array>>;
}

/** What changes from step to step besides the batch. */
export interface StepControl {
  /** The learning rate of this step, before a parameter's own scale. */
  readonly learningRate: number;
  /** Counts from 1, for the bias correction. */
  readonly step: number;
}

/** A step that was begun; on a device that computes by itself it may still be under way. */
export interface BegunStep {
  /**
   * Waits for the step, and for those before it, and gives what it computed: the graph's
   * outputs, and `gradientNorm` [1] before clipping. It may be called late, in any order,
   * again, or never.
   *
   * @throws what went wrong while it was computed, see `TrainingSession`
   */
  read(): Promise<Tensors>;
}

/**
 * A training under way, its state resident where the engine computes.
 *
 * Calls take effect in the order in which they are made, also those made before an
 * earlier one has resolved: a `save` holds just the steps begun before it, and steps
 * begun while it copies do not show in it.
 *
 * Two kinds of things go wrong. A batch or a state that does not fit the program
 * rejects the very call; nothing has happened then and the session goes on. A
 * computation that fails (memory, a device that is lost) rejects `step` or that step's
 * `read`, whichever the engine learns it by, and with it all that is called later but
 * `dispose`: no state of unknown content is ever saved. A loss that is no number is
 * neither; whoever reads it decides.
 */
export interface TrainingSession {
  /**
   * How many steps it pays to have begun before the first of them is read: 1 where a
   * step is over when `step` resolves, more where the device computes on its own.
   */
  readonly stepsAhead: number;
  /** Replaces the whole state; copied, so the arrays are the caller's again once it resolves. */
  load(state: TrainingState): Promise<void>;
  /**
   * Begins one optimizer update.
   *
   * Resolves when the batch is taken, so that its arrays may be filled anew: the next
   * batch is prepared and staged while this one is computed. Waits while so many steps
   * are under way that another one would take too much memory.
   *
   * Several batches are the micro-batches of one update: each goes through the graph by
   * itself, so that memory follows the largest, and what they give is added up. A gradient is
   * ((g1 + g2) + g3) + ..., each sum rounded to f32, and so is every output of the graph; the
   * norm is that of the sums. One batch alone and a list of just it give the same bits.
   * Whatever is a mean over all of them is for the graph to divide by an input.
   *
   * @param batch the data inputs of the program's graph, or of one of its other shapes
   */
  step(batch: Tensors | readonly Tensors[], control: StepControl): Promise<BegunStep>;
  /** A copy of the whole state after the steps begun so far; waits for them. */
  save(): Promise<TrainingState>;
  /** As `save`, of the parameters alone: a third of the state. */
  saveParams(): Promise<TrainingState["params"]>;
  /** Compiles a forward graph over the parameters; each run sees them as they are in its turn. */
  forward(graph: Graph): Promise<Executable>;
  /** Waits for what is under way and frees the state; nothing may be called after it. */
  dispose(): Promise<void>;
}

/** A compiled forward graph. */
export interface Executable {
  /**
   * Computes the graph's outputs. Several runs may be begun at once, each with arrays
   * of its own, which are the caller's again once it resolves.
   *
   * @param inputs those that are not resident
   */
  run(inputs: Tensors): Promise<Tensors>;
  /** Waits for what is under way and frees what compiling took. */
  dispose(): Promise<void>;
}

/** A way to compute, on one device; see `devices.ts`. */
export interface Engine {
  /**
   * Prepares a forward graph.
   *
   * @param resident inputs that are the same at every run, such as parameters; their
   *   arrays must stay as they are until it is disposed of
   */
  compile(graph: Graph, resident?: Tensors): Promise<Executable>;
  /** Differentiates a program and prepares its step; `load` a state before the first. */
  train(program: TrainingProgram): Promise<TrainingSession>;
  /**
   * What a step of a program's own graph takes of the device's memory, known before the first;
   * absent, or undefined, where the device sets no limit.
   *
   * @param options whether the graph is of one micro-batch of several
   */
  memoryOf?(
    program: TrainingProgram,
    options: InParts,
  ): Promise<StepMemory | undefined>;
  /**
   * What a pass through a forward graph takes, its parameters resident, in the same way.
   *
   * @param beside the training whose session has it; absent: it is compiled by itself
   */
  forwardMemoryOf?(graph: Graph, beside?: TrainingBeside): Promise<StepMemory | undefined>;
}

/** Whether an update comes in several micro-batches, so that sums of gradients are resident. */
export interface InParts {
  /** Counted on each replica, where there are several. */
  readonly isInParts: boolean;
}

/** A training whose state is resident while something else is computed. */
export interface TrainingBeside extends InParts {
  /** What it trains. */
  readonly program: TrainingProgram;
}
