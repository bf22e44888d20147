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
  StepControl,
  Tensor,
  Tensors,
  TrainingProgram,
  TrainingSession,
  TrainingState,
} from "../engine.ts";
import { type Graph, sizeOf, type Value } from "../ir/graph.ts";
import { adamWStep } from "../optimizer.ts";
import { optimise } from "../passes/pipeline.ts";
import { GraphsByShape } from "../shapes.ts";
import { buildTrainingGraph, STATE } from "../training_graph.ts";
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
  readonly #calls = new CallQueue();
  readonly stepsAhead = 1;
  /** Parameters and moments by the names of the step's inputs. */
  readonly #state = new Map<string, TfTensor>();

  constructor(tf: TensorFlow, program: TrainingProgram) {
    this.#tf = tf;
    this.#program = program;
    this.#byShape = new GraphsByShape(program);
    this.#steps = this.#byShape.graphs.map((graph) =>
      new Interpreter(tf, optimise(buildTrainingGraph({ ...program, graph }), isLowered))
    );
  }

  load(state: TrainingState): Promise<void> {
    return this.#calls.run(() => {
      const { graph } = this.#steps[0]!;
      const tensors: Record<string, Tensor> = {};
      for (const { name } of this.#program.params) {
        tensors[name] = state.params[name]!;
        tensors[STATE.firstMoment(name)] = state.firstMoments[name]!;
        tensors[STATE.secondMoment(name)] = state.secondMoments[name]!;
      }
      const loaded = upload(this.#tf, graph, { names: Object.keys(tensors), tensors });
      disposeAll(this.#state);
      for (const [name, tensor] of loaded) this.#state.set(name, tensor);
    });
  }

  async step(batch: Tensors, control: StepControl): Promise<BegunStep> {
    const results = await this.#calls.runInTwo({
      take: () => this.#upload(batch, control),
      compute: ({ step, given }) => this.#compute(step, given).finally(() => disposeAll(given)),
    });
    return { read: () => Promise.resolve(results) };
  }

  #upload(
    batch: Tensors,
    control: StepControl,
  ): { readonly step: Interpreter; readonly given: Map<string, TfTensor> } {
    this.#checkLoaded();
    const step = this.#steps[this.#byShape.placeFor(batch)]!;
    const { graph } = step;
    const numbers = adamWStep(this.#program.optimizer, control);
    const tensors: Tensors = {
      ...batch,
      [STATE.learningRate]: Float32Array.of(numbers.learningRate),
      [STATE.firstCorrection]: Float32Array.of(numbers.firstCorrection),
      [STATE.secondCorrection]: Float32Array.of(numbers.secondCorrection),
    };
    const names = [...graph.inputs.keys()].filter((name) => !this.#state.has(name));
    return { step, given: upload(this.#tf, graph, { names, tensors }) };
  }

  async #compute(
    step: Interpreter,
    given: ReadonlyMap<string, TfTensor>,
  ): Promise<Tensors> {
    const results = step.run(new Map([...this.#state, ...given]));
    for (const { name } of this.#program.params) {
      this.#replace(name, results, STATE.param(name));
      this.#replace(STATE.firstMoment(name), results, STATE.firstMoment(name));
      this.#replace(STATE.secondMoment(name), results, STATE.secondMoment(name));
    }
    return await download(results);
  }

  save(): Promise<TrainingState> {
    return this.#calls.run(async () => {
      this.#checkLoaded();
      const collect = async (nameOf: (name: string) => string) => {
        const pairs = this.#program.params.map(async ({ name }) => {
          const data = await this.#state.get(nameOf(name))!.data<"float32">();
          return [name, copyOf(data, "float32")] as const;
        });
        return Object.fromEntries(await Promise.all(pairs));
      };
      return {
        params: await collect((name) => name),
        firstMoments: await collect(STATE.firstMoment),
        secondMoments: await collect(STATE.secondMoment),
      };
    });
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

  #replace(name: string, results: Map<string, TfTensor>, from: string): void {
    this.#state.get(name)!.dispose();
    this.#state.set(name, results.get(from)!);
    results.delete(from);
  }

  #checkLoaded(): void {
    if (this.#state.size === 0) throw new Error("load a state before the first step");
  }
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
