/**
 * Runs a plan: its models in ONNX Runtime, its kernels between them.
 *
 * Every tensor that crosses a step is a view of one memory, made once, so that a
 * run allocates nothing but what ONNX Runtime needs inside a segment.
 */
import * as ort from "onnxruntime-node";
import type { Tensor, Tensors } from "../engine.ts";
import type { DType } from "../ir/graph.ts";
import { bindKernel } from "./kernels/kernel_steps.ts";
import { Kernels } from "./kernels/kernels.ts";
import { view } from "./kernels/linear_memory.ts";
import type { Binding, ExecutionPlan, Place, PlanStep } from "./lower/lower.ts";
import { RUNTIME_TYPES } from "./lower/operation.ts";

/** What a plan runs on. */
export interface RunnerOptions {
  /** Holds every place; at least as long as the memory plan asks for. */
  readonly memory: WebAssembly.Memory;
  /** The first byte of each place that is not in `shared`. */
  readonly addresses: ReadonlyMap<Place, number>;
  /** Inputs that lie elsewhere, by name; read at each run as they are then. */
  readonly shared?: Tensors;
  /** Inputs that need not be written, by name: they keep what their place holds. */
  readonly kept?: ReadonlySet<string>;
  /** Threads inside a segment, at least 1; results do not depend on it. */
  readonly threads: number;
  /** Whether ONNX Runtime keeps the memory that a run took for itself, for the next one. */
  readonly keepsMemory?: boolean;
}

interface LoadedSegment {
  readonly session: ort.InferenceSession;
  readonly feeds: Record<string, ort.Tensor>;
  readonly fetches: Record<string, ort.Tensor>;
}

/** A plan that is loaded and can run. */
export class PlanRunner {
  readonly #steps: readonly (LoadedSegment | (() => void))[];
  /** Inputs that `write` copies in. */
  readonly #inputs = new Map<string, Tensor>();
  readonly #outputs = new Map<string, Tensor>();
  readonly #constants: readonly { readonly target: Tensor; readonly value: number }[];

  private constructor(
    plan: ExecutionPlan,
    steps: readonly (LoadedSegment | (() => void))[],
    { viewOf, isWritten, constants }: {
      readonly viewOf: (place: Place) => Tensor;
      readonly isWritten: (input: string) => boolean;
      readonly constants: readonly { readonly target: Tensor; readonly value: number }[];
    },
  ) {
    this.#steps = steps;
    this.#constants = constants;
    for (const place of plan.inputs) {
      if (isWritten(place.name)) this.#inputs.set(place.name, viewOf(place));
    }
    for (const [name, place] of plan.outputs) this.#outputs.set(name, viewOf(place));
  }

  /** Loads a plan's models, and fills its constants. */
  static async load(plan: ExecutionPlan, options: RunnerOptions): Promise<PlanRunner> {
    const { memory, addresses, shared = {}, kept = new Set(), threads, keepsMemory = true } =
      options;
    const views = new Map<Place, Tensor>();
    const constants: { readonly target: Tensor; readonly value: number }[] = [];
    const viewOf = (place: Place): Tensor => {
      const given = place.kind === "input" ? shared[place.name] : undefined;
      let found = given ?? views.get(place);
      if (found === undefined) {
        const address = addresses.get(place);
        if (address === undefined) throw new Error("a place without an address");
        found = view(memory, { dtype: place.dtype, address, size: place.size });
        if (place.kind === "constant") constants.push({ target: found, value: place.value });
        views.set(place, found);
      }
      return found;
    };
    const kernels = new Kernels(memory);
    const steps: (LoadedSegment | (() => void))[] = [];
    for (const step of plan.steps) {
      steps.push(
        step.kind === "segment"
          ? await loadSegment(step, viewOf, { threads, keepsMemory })
          : bindKernel(step, { kernels, addresses, viewOf }),
      );
    }
    const isWritten = (name: string) => shared[name] === undefined && !kept.has(name);
    const runner = new PlanRunner(plan, steps, { viewOf, isWritten, constants });
    runner.fillConstants();
    return runner;
  }

  /** Writes the constants again: another plan's places may have lain over them. */
  fillConstants(): void {
    for (const { target, value } of this.#constants) target.fill(value);
  }

  /** Throws an Error when an input is missing or of another type or size. */
  check(inputs: Tensors): void {
    for (const [name, target] of this.#inputs) {
      const values = inputs[name];
      if (values === undefined) throw new Error(`the input "${name}" is missing`);
      if (target.length !== values.length || target.constructor !== values.constructor) {
        const wanted = `${target.constructor.name} of ${target.length}`;
        const given = `${values.constructor.name} of ${values.length}`;
        throw new Error(`input "${name}" is a ${given}, not a ${wanted}`);
      }
    }
  }

  /**
   * Copies inputs in; those that the plan does not read are passed over.
   *
   * @throws as `check`, before anything is copied
   */
  write(inputs: Tensors): void {
    this.check(inputs);
    for (const [name, target] of this.#inputs) target.set(inputs[name]!);
  }

  /** Runs all steps on what the inputs hold. */
  async run(): Promise<void> {
    for (const step of this.#steps) {
      if (typeof step === "function") step();
      else await step.session.run(step.feeds, step.fetches);
    }
  }

  /** An output of the last run where it lies: the next run overwrites it. */
  view(name: string): Tensor {
    const output = this.#outputs.get(name);
    if (output === undefined) throw new Error(`the graph has no output "${name}"`);
    return output;
  }

  /** Copies of outputs of the last run. */
  copies(names: Iterable<string>): Tensors {
    return Object.fromEntries([...names].map((name) => [name, this.view(name).slice()]));
  }

  /** Releases what ONNX Runtime holds. */
  async dispose(): Promise<void> {
    for (const step of this.#steps) {
      if (typeof step !== "function") await step.session.release();
    }
  }
}

async function loadSegment(
  step: PlanStep & { kind: "segment" },
  viewOf: (place: Place) => Tensor,
  { threads, keepsMemory }: { readonly threads: number; readonly keepsMemory: boolean },
): Promise<LoadedSegment> {
  const session = await ort.InferenceSession.create(step.model, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // What we emit is fused already; "all" takes twice as long to load and steps no faster.
    graphOptimizationLevel: "basic",
    executionMode: "sequential",
    // Without it each run gets its large tensors anew from the system: 6 percent of a small step.
    enableCpuMemArena: keepsMemory,
    // Reserves memory for the sum of a run's tensors; 10 percent more of it and no faster.
    enableMemPattern: false,
    logSeverityLevel: 3,
    // A thread that spins for work starves what else runs: 3 times slower beside one other job.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
  const tensors = (bindings: readonly Binding[]) =>
    Object.fromEntries(
      bindings.map(({ name, place, shape }) => [name, tensor(place.dtype, viewOf(place), shape)]),
    );
  return { session, feeds: tensors(step.inputs), fetches: tensors(step.outputs) };
}

function tensor(dtype: DType, values: Tensor, shape: readonly number[]): ort.Tensor {
  return new ort.Tensor(RUNTIME_TYPES[dtype], values, shape);
}
