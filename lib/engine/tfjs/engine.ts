/**
 * The engine that interprets graphs with TensorFlow.js.
 *
 * On the CPU backend it is the oracle of the tests; where a user has installed
 * tfjs-node-gpu it is a device. A training step is one graph, and the state
 * stays in tensors of TensorFlow.js between steps.
 */
import { CallQueue } from "../call_queue.ts";
import type {
  BegunStep,
  Engine,
  Executable,
  ParamSpec,
  StepControl,
  Tensor,
  Tensors,
  TrainingProgram,
  TrainingSession,
  TrainingState,
} from "../engine.ts";
import { type Graph, sizeOf, type Value } from "../ir/graph.ts";
import { adamWStep, addOutputs, microBatches, trainedOf } from "../optimizer.ts";
import { optimise } from "../passes/pipeline.ts";
import { GraphsByShape } from "../shapes.ts";
import {
  buildGradientGraph,
  buildTrainingGraph,
  buildUpdateGraph,
  STATE,
} from "../training_graph.ts";
import { Interpreter } from "./interpreter.ts";
import { isLowered, TF_DTYPES } from "./lowerings.ts";
import { openTensorFlow } from "./open.ts";
import type { TensorFlow, TfjsBackend, TfTensor } from "./tensorflow.ts";

/** Computes with TensorFlow.js: "tfjs-cpu", or "tfjs-node-gpu" where it is installed. */
export class TfjsEngine implements Engine {
  private constructor(
    /** The operations of the chosen backend. */
    readonly tf: TensorFlow,
  ) {}

  /**
   * Loads a backend.
   *
   * @throws ExperimentError where "tfjs-node-gpu" cannot be used
   */
  static async open(backend: TfjsBackend = "cpu"): Promise<TfjsEngine> {
    return new TfjsEngine(await openTensorFlow(backend));
  }

  compile(graph: Graph, resident: Tensors = {}): Promise<Executable> {
    const interpreter = new Interpreter(this.tf, optimise(graph, isLowered));
    const names = [...interpreter.graph.inputs.keys()].filter((name) =>
      resident[name] !== undefined
    );
    const held = upload(this.tf, interpreter.graph, { names, tensors: resident });
    const executable = new TfjsExecutable(interpreter, {
      resident: held,
      calls: new CallQueue(),
      release: () => disposeAll(held),
    });
    return Promise.resolve(executable);
  }

  async train(program: TrainingProgram): Promise<TrainingSession> {
    return await Promise.resolve(new TfjsSession(this.tf, program));
  }
}

interface ExecutableOptions {
  /** Tensors used besides those given to `run`. */
  readonly resident: ReadonlyMap<string, TfTensor>;
  /** What runs take their turn with. */
  readonly calls: CallQueue;
  /** Frees what is resident for this executable alone. */
  readonly release: () => void;
}

class TfjsExecutable implements Executable {
  constructor(readonly interpreter: Interpreter, readonly options: ExecutableOptions) {}

  run(inputs: Tensors): Promise<Tensors> {
    const { tf, graph } = this.interpreter;
    const { resident, calls } = this.options;
    return calls.run(async () => {
      const names = [...graph.inputs.keys()].filter((name) => !resident.has(name));
      const given = upload(tf, graph, { names, tensors: inputs });
      try {
        return await download(this.interpreter.run(new Map([...resident, ...given])));
      } finally {
        disposeAll(given);
      }
    });
  }

  dispose(): Promise<void> {
    return this.options.calls.runAnyway(this.options.release);
  }
}

class TfjsSession implements TrainingSession {
  readonly #tf: TensorFlow;
  readonly #program: TrainingProgram;
  readonly #byShape: GraphsByShape;
  /** In the order of the graphs by shape. */
  readonly #steps: readonly Interpreter[];
  /** The same for micro-batches, made when they first come, and their update. */
  readonly #gradients: Interpreter[] = [];
  #updateOfSums: Interpreter | undefined;
  readonly #sumNames: ReadonlySet<string>;
  readonly #calls = new CallQueue();
  readonly stepsAhead = 1;
  /** Parameters and moments by the names of the step's inputs. */
  readonly #state = new Map<string, TfTensor>();

  constructor(tf: TensorFlow, program: TrainingProgram) {
    this.#tf = tf;
    this.#program = program;
    this.#byShape = new GraphsByShape(program);
    this.#steps = this.#byShape.graphs.map((graph) =>
      this.#interpret(buildTrainingGraph({ ...program, graph }))
    );
    this.#sumNames = new Set(program.params.map(({ name }) => STATE.gradient(name)));
  }

  load(state: TrainingState): Promise<void> {
    return this.#calls.run(() => {
      const { graph } = this.#steps[0]!;
      const tensors: Record<string, Tensor> = {};
      for (const { name } of this.#program.params) tensors[name] = state.params[name]!;
      for (const { name } of trainedOf(this.#program.params)) {
        tensors[STATE.firstMoment(name)] = state.firstMoments[name]!;
        tensors[STATE.secondMoment(name)] = state.secondMoments[name]!;
      }
      const loaded = upload(this.#tf, graph, { names: Object.keys(tensors), tensors });
      disposeAll(this.#state);
      for (const [name, tensor] of loaded) this.#state.set(name, tensor);
    });
  }

  async step(batch: Tensors | readonly Tensors[], control: StepControl): Promise<BegunStep> {
    const results = await this.#calls.runInTwo({
      take: () => {
        this.#checkLoaded();
        const batches = microBatches(batch), rates = this.#rates(control);
        const places = batches.map((each) => this.#byShape.placeFor(each));
        if (batches.length === 1) {
          return this.#parts([[this.#steps[places[0]!]!, { ...batches[0], ...rates }]]);
        }
        const micro = batches.map((each, i) => [this.#gradientsAt(places[i]!), each] as const);
        return this.#parts([...micro, [this.#update(), rates]]);
      },
      compute: (parts) => this.#compute(parts).finally(() => freeAll(parts)),
    });
    return { read: () => Promise.resolve(results) };
  }

  #rates(control: StepControl): Tensors {
    const numbers = adamWStep(this.#program.optimizer, control);
    return {
      [STATE.learningRate]: Float32Array.of(numbers.learningRate),
      [STATE.firstCorrection]: Float32Array.of(numbers.firstCorrection),
      [STATE.secondCorrection]: Float32Array.of(numbers.secondCorrection),
    };
  }

  /** The parts of a step with what each takes besides the state and sums of gradients. */
  #parts(taken: readonly (readonly [graph: Interpreter, tensors: Tensors])[]): StepPart[] {
    const parts: StepPart[] = [];
    try {
      for (const [graph, tensors] of taken) {
        const names = [...graph.graph.inputs.keys()].filter((name) =>
          !this.#state.has(name) && !this.#sumNames.has(name)
        );
        parts.push({ graph, given: upload(this.#tf, graph.graph, { names, tensors }) });
      }
    } catch (error) {
      freeAll(parts);
      throw error;
    }
    return parts;
  }

  /** A whole step, or the gradients of several batches and then the update. */
  async #compute(parts: readonly StepPart[]): Promise<Tensors> {
    const last = parts.at(-1)!, sums = new Map<string, TfTensor>();
    try {
      let outputs: Tensors | undefined;
      for (const { graph, given } of parts.slice(0, -1)) {
        if (sums.size === 0) this.#addZeros(sums);
        const results = graph.run(new Map([...this.#state, ...given, ...sums]));
        for (const name of sums.keys()) replace(sums, results, { name, from: name });
        const made = await download(results);
        if (outputs === undefined) outputs = made;
        else addOutputs(outputs, made);
      }
      const results = last.graph.run(new Map([...this.#state, ...last.given, ...sums]));
      for (const { name } of trainedOf(this.#program.params)) {
        const state = this.#state;
        replace(state, results, { name, from: STATE.param(name) });
        for (const moment of [STATE.firstMoment(name), STATE.secondMoment(name)]) {
          replace(state, results, { name: moment, from: moment });
        }
      }
      return { ...outputs, ...await download(results) };
    } finally {
      disposeAll(sums);
    }
  }

  #addZeros(sums: Map<string, TfTensor>): void {
    for (const { name, shape } of trainedOf(this.#program.params)) {
      const zeros = new Float32Array(sizeOf(shape));
      sums.set(STATE.gradient(name), this.#tf.tensor(zeros, [...shape], "float32"));
    }
  }

  #gradientsAt(place: number): Interpreter {
    const graph = this.#byShape.graphs[place]!;
    return this.#gradients[place] ??= this.#interpret(
      buildGradientGraph({ ...this.#program, graph }),
    );
  }

  #update(): Interpreter {
    return this.#updateOfSums ??= this.#interpret(buildUpdateGraph(this.#program));
  }

  #interpret(graph: Graph): Interpreter {
    return new Interpreter(this.#tf, optimise(graph, isLowered));
  }

  save(): Promise<TrainingState> {
    return this.#calls.run(async () => {
      const { params } = this.#program, trained = trainedOf(params);
      return {
        params: await this.#collect(params, (name) => name),
        firstMoments: await this.#collect(trained, STATE.firstMoment),
        secondMoments: await this.#collect(trained, STATE.secondMoment),
      };
    });
  }

  saveParams(): Promise<TrainingState["params"]> {
    return this.#calls.run(() => this.#collect(this.#program.params, (name) => name));
  }

  async #collect(
    specs: readonly ParamSpec[],
    nameOf: (name: string) => string,
  ): Promise<Record<string, Float32Array>> {
    this.#checkLoaded();
    const pairs = specs.map(async ({ name }) => {
      const data = await this.#state.get(nameOf(name))!.data<"float32">();
      return [name, copyOf(data, "float32")] as const;
    });
    return Object.fromEntries(await Promise.all(pairs));
  }

  forward(graph: Graph): Promise<Executable> {
    const interpreter = new Interpreter(this.#tf, optimise(graph, isLowered));
    return Promise.resolve(
      new TfjsExecutable(interpreter, {
        resident: this.#state,
        calls: this.#calls,
        release: () => {},
      }),
    );
  }

  dispose(): Promise<void> {
    return this.#calls.runAnyway(() => {
      disposeAll(this.#state);
      this.#state.clear();
    });
  }

  #checkLoaded(): void {
    if (this.#state.size === 0) throw new Error("load a state before the first step");
  }
}

/** A graph of a step and what it alone takes. */
interface StepPart {
  readonly graph: Interpreter;
  readonly given: ReadonlyMap<string, TfTensor>;
}

function freeAll(parts: readonly StepPart[]): void {
  for (const { given } of parts) disposeAll(given);
}

/** Puts a result in the place of a tensor that is held. */
function replace(
  held: Map<string, TfTensor>,
  results: Map<string, TfTensor>,
  { name, from }: { readonly name: string; readonly from: string },
): void {
  held.get(name)!.dispose();
  held.set(name, results.get(from)!);
  results.delete(from);
}

/** Copies named tensors in; they are the caller's to dispose. */
function upload(
  tf: TensorFlow,
  graph: Graph,
  { names, tensors }: { readonly names: readonly string[]; readonly tensors: Tensors },
): Map<string, TfTensor> {
  // All are checked before the first is made, so that a fault leaks nothing.
  const checked = names.map((name) => {
    const value = graph.inputs.get(name)!, tensor = tensors[name];
    checkTensor(name, value, tensor);
    return [name, value, tensor] as const;
  });
  return new Map(checked.map(([name, { shape, dtype }, tensor]) => // The CPU backend computes on the array itself, so it gets one of its own.
  [name, tf.tensor(tensor.slice(), [...shape], TF_DTYPES[dtype])]));
}

const TF_ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

type TfDType = keyof typeof TF_ARRAYS;

function checkTensor(
  name: string,
  { shape, dtype }: Value,
  tensor: Tensor | undefined,
): asserts tensor is Tensor {
  if (!(tensor instanceof TF_ARRAYS[TF_DTYPES[dtype]]) || tensor.length !== sizeOf(shape)) {
    const found = tensor && `${tensor.constructor.name} of ${tensor.length}`;
    throw new Error(`the input "${name}" needs ${dtype} [${shape}], not ${found}`);
  }
}

/** Copies tensors out and disposes them. */
async function download(tensors: ReadonlyMap<string, TfTensor>): Promise<Tensors> {
  const results: Record<string, Tensor> = {};
  try {
    for (const [name, each] of tensors) {
      results[name] = copyOf(await each.data(), each.dtype as TfDType);
    }
  } finally {
    disposeAll(tensors);
  }
  return results;
}

/** Data as an array of its own dtype: the CPU backend shares its arrays, also between dtypes. */
function copyOf<Name extends keyof typeof TF_ARRAYS>(data: Tensor, dtype: Name) {
  return TF_ARRAYS[dtype].from(data) as InstanceType<(typeof TF_ARRAYS)[Name]>;
}

function disposeAll(tensors: ReadonlyMap<string, TfTensor>): void {
  for (const each of tensors.values()) each.dispose();
}
