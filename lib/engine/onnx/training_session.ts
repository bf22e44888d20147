/**
 * A training whose whole state lies in one memory.
 *
 * From the memory's start: parameters, then gradients and both moments of those that are
 * trained, each tensor at a multiple of 64 bytes, then the places of the plan; those of plans
 * for batches of other shapes lie over one another. ONNX Runtime writes the gradients; the
 * norm and the update are kernels. Sums over micro-batches lie outside of that memory, which
 * has a limit.
 */
import { CallQueue } from "../call_queue.ts";
import type {
  BegunStep,
  Executable,
  ParamSpec,
  StepControl,
  Tensors,
  TrainingProgram,
  TrainingSession,
  TrainingState,
} from "../engine.ts";
import { differentiate } from "../ir/grad.ts";
import { type Graph, sizeOf } from "../ir/graph.ts";
import {
  adamWStep,
  addInto,
  addOutputs,
  clipScale,
  microBatches,
  trainedOf,
} from "../optimizer.ts";
import { gatherEarly } from "../passes/gather_early.ts";
import { copyGraph } from "../passes/rewrite.ts";
import { GraphsByShape } from "../shapes.ts";
import { OnnxExecutable, prepare } from "./executable.ts";
import { Kernels, type ParameterAddresses } from "./kernels/kernels.ts";
import { allocate, view } from "./kernels/linear_memory.ts";
import { type ExecutionPlan, lowerGraph, type Place } from "./lower/lower.ts";
import { align, planMemory } from "./memory_plan.ts";
import { PlanRunner } from "./plan_runner.ts";

/**
 * From here on ONNX Runtime gives back what a run of a step took: kept for each piece and each
 * shape of batch it would add up to gigabytes, and getting it anew costs such a step nothing.
 */
const LARGE_BYTES = 512 * 2 ** 20;
/** So many shapes are no more than a few; of more each has to be so much smaller. */
const FEW_SHAPES = 6;

/** The four tensors of a trained parameter, as views of the memory. */
interface StateViews {
  readonly param: Float32Array;
  readonly gradient: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
}

/** A step for batches of one shape. */
export interface ShapedStep {
  /** What is computed. */
  readonly plan: ExecutionPlan;
  /** The first byte of each of its places. */
  readonly addresses: ReadonlyMap<Place, number>;
  /** Absent before the first batch of the shape. */
  runner?: PlanRunner;
}

/** Where the state lies, and how it is computed on. */
interface SessionParts {
  readonly layout: StateLayout;
  readonly memory: WebAssembly.Memory;
  readonly threads: number;
}

/** Training on the CPU. */
export class OnnxTrainingSession implements TrainingSession {
  /** All parameters, the frozen ones too. */
  readonly #params = new Map<string, Float32Array>();
  readonly #views = new Map<string, StateViews>();
  readonly #kernels: Kernels;
  readonly #calls = new CallQueue();
  readonly #byShape: GraphsByShape;
  /** The one whose constants stand in memory. */
  #current: PlanRunner | undefined;
  /** As long as all gradients with their gaps; made when micro-batches are first summed. */
  #sums: Float32Array | undefined;
  readonly stepsAhead = 1;

  private constructor(
    readonly program: TrainingProgram,
    /** In the order of the graphs by shape. */
    readonly steps: readonly ShapedStep[],
    readonly parts: SessionParts,
  ) {
    const { layout, memory } = parts;
    this.#byShape = new GraphsByShape(program);
    this.#kernels = new Kernels(memory);
    for (const { name, shape } of program.params) {
      const floats = (address: number) =>
        view(memory, { dtype: "f32", address, size: sizeOf(shape) }) as Float32Array;
      const param = floats(layout.params.get(name)!), addresses = layout.trained.get(name);
      this.#params.set(name, param);
      if (addresses === undefined) continue;
      this.#views.set(name, {
        param,
        gradient: floats(addresses.gradient),
        firstMoment: floats(addresses.firstMoment),
        secondMoment: floats(addresses.secondMoment),
      });
    }
  }

  /** Differentiates and lowers a program, and allocates its state, all zeros. */
  static async start(
    program: TrainingProgram,
    { threads }: { readonly threads: number },
  ): Promise<OnnxTrainingSession> {
    const { layout, steps, end } = planTraining(program);
    const parameters = program.params.reduce((sum, each) => sum + sizeOf(each.shape), 0);
    const memory = allocate(end, `training ${parameters} parameters`);
    const session = new OnnxTrainingSession(program, steps, { layout, memory, threads });
    await session.#runnerAt(0);
    return session;
  }

  load(state: TrainingState): Promise<void> {
    return this.#calls.run(() => {
      const params = [...this.#params].map(([name, target]) => (
        { name, target, source: state.params[name] }
      ));
      const moments = [...this.#views].flatMap(([name, views]) => [
        { name, target: views.firstMoment, source: state.firstMoments[name] },
        { name, target: views.secondMoment, source: state.secondMoments[name] },
      ]);
      const pairs = [...params, ...moments];
      for (const { name, target, source } of pairs) {
        if (source?.length === target.length) continue;
        throw new Error(`the state of "${name}" has ${source?.length}, not ${target.length}`);
      }
      for (const { target, source } of pairs) target.set(source!);
    });
  }

  async step(batch: Tensors | readonly Tensors[], control: StepControl): Promise<BegunStep> {
    const results = await this.#calls.runInTwo({
      take: async () => {
        const batches = microBatches(batch);
        // Their arrays stay as they are until the step is over, as `step` resolves only then.
        for (const each of batches) (await this.#runnerFor(each)).check(each);
        return batches;
      },
      compute: async (batches) => this.#update(await this.#computeAll(batches), control),
    });
    return { read: () => Promise.resolve(results) };
  }

  #runnerFor(batch: Tensors): Promise<PlanRunner> {
    return this.#runnerAt(this.#byShape.placeFor(batch));
  }

  /** Loads the step of a shape where it is not yet, and makes its constants stand. */
  async #runnerAt(place: number): Promise<PlanRunner> {
    const { memory, threads } = this.parts, step = this.steps[place]!;
    const kept = new Set(this.program.params.map(({ name }) => name));
    const { plan, addresses } = step;
    const runner = step.runner ??= await PlanRunner.load(plan, {
      memory,
      addresses,
      threads,
      kept,
      keepsMemory: memory.buffer.byteLength * Math.max(1, this.steps.length / FEW_SHAPES) <
        LARGE_BYTES,
    });
    if (this.#current !== runner) runner.fillConstants();
    this.#current = runner;
    return runner;
  }

  /** Leaves the gradients of a batch, or their sums, in their places; gives the outputs. */
  async #computeAll([first, ...others]: readonly Tensors[]): Promise<Tensors> {
    const outputs = await this.#compute(first!);
    if (others.length === 0) return outputs;
    const { address, count: size } = this.parts.layout.gradients;
    const { memory } = this.parts;
    const gradients = view(memory, { dtype: "f32", address, size }) as Float32Array;
    const sums = this.#sums ??= new Float32Array(size);
    sums.set(gradients);
    for (const batch of others) {
      addOutputs(outputs, await this.#compute(batch));
      addInto(sums, gradients);
    }
    gradients.set(sums);
    return outputs;
  }

  async #compute(batch: Tensors): Promise<Tensors> {
    const runner = await this.#runnerFor(batch);
    runner.write(batch);
    await runner.run();
    for (const [name, { gradient }] of this.#views) {
      const found = runner.view(gradientName(name)) as Float32Array;
      if (found.byteOffset !== gradient.byteOffset) gradient.set(found);
    }
    return runner.copies(this.program.graph.outputs.keys());
  }

  #update(outputs: Tensors, control: StepControl): Tensors {
    const { optimizer, params } = this.program;
    const { address, count } = this.parts.layout.gradients;
    const norm = Math.fround(Math.sqrt(this.#kernels.sumOfSquares(address, count)));
    const options = {
      optimizer,
      step: adamWStep(optimizer, control),
      gradientScale: clipScale(norm, optimizer.clipNorm),
    };
    for (const { name, decays, learningRateScale } of trainedOf(params)) {
      const addresses = this.parts.layout.trained.get(name)!;
      this.#kernels.adamw(addresses, { ...options, decays, learningRateScale });
    }
    return { ...outputs, gradientNorm: Float32Array.of(norm) };
  }

  save(): Promise<TrainingState> {
    const copies = (part: "firstMoment" | "secondMoment") =>
      Object.fromEntries([...this.#views].map(([name, views]) => [name, views[part].slice()]));
    return this.#calls.run(() => ({
      params: this.#copyParams(),
      firstMoments: copies("firstMoment"),
      secondMoments: copies("secondMoment"),
    }));
  }

  saveParams(): Promise<TrainingState["params"]> {
    return this.#calls.run(() => this.#copyParams());
  }

  #copyParams(): TrainingState["params"] {
    return Object.fromEntries([...this.#params].map(([name, param]) => [name, param.slice()]));
  }

  forward(graph: Graph): Promise<Executable> {
    const resident = Object.fromEntries(this.#params);
    const { threads } = this.parts;
    return OnnxExecutable.compile(graph, { threads, resident, calls: this.#calls });
  }

  dispose(): Promise<void> {
    return this.#calls.runAnyway(async () => {
      for (const { runner } of this.steps) await runner?.dispose();
    });
  }
}

/** Where a training's state and its steps lie in one memory. */
export interface TrainingPlan {
  /** Where the state lies. */
  readonly layout: StateLayout;
  /** One for each of the program's graphs, its own first; nothing is loaded yet. */
  readonly steps: ShapedStep[];
  /** The first byte after all of them. */
  readonly end: number;
}

/** Differentiates and lowers a program, and lays out its memory; allocates nothing. */
export function planTraining(program: TrainingProgram): TrainingPlan {
  const layout = layOutState(program);
  let end = layout.end;
  const steps = new GraphsByShape(program).graphs.map((graph): ShapedStep => {
    const plan = lowerGraph(withGradients({ ...program, graph }));
    const fixed = fixedPlaces(plan, layout);
    const planned = planMemory(plan, { start: layout.end, fixed });
    end = Math.max(end, planned.end);
    return { plan, addresses: planned.addresses };
  });
  return { layout, steps, end };
}

/** What a step computes in ONNX Runtime: a program's graph with the gradient of what is trained. */
export function withGradients(program: TrainingProgram): Graph {
  const { graph } = copyGraph(gatherEarly(program.graph));
  const loss = graph.outputs.get(program.loss);
  if (loss === undefined) throw new Error(`the graph has no output "${program.loss}"`);
  const trained = trainedOf(program.params);
  const params = trained.map(({ name }) => {
    const param = graph.inputs.get(name);
    if (param === undefined) throw new Error(`the graph has no parameter "${name}"`);
    return param;
  });
  const gradients = differentiate(graph, loss, params);
  for (const [i, { name }] of trained.entries()) {
    graph.output(gradientName(name), gradients[i]!);
  }
  return prepare(graph);
}

function gradientName(param: string): string {
  return `gradient of ${param}`;
}

/** The addresses of a training's state. */
export interface StateLayout {
  /** Of every parameter. */
  readonly params: ReadonlyMap<string, number>;
  /** Of those that are trained, with gradient and moments. */
  readonly trained: ReadonlyMap<string, ParameterAddresses>;
  /** All gradients with the gaps between them; count in floats. */
  readonly gradients: { readonly address: number; readonly count: number };
  /** The first byte after it. */
  readonly end: number;
}

function layOutState(program: TrainingProgram): StateLayout {
  const bytesOf = ({ shape }: ParamSpec) => align(4 * sizeOf(shape));
  const params = new Map<string, number>();
  let end = 0;
  for (const each of program.params) {
    params.set(each.name, end);
    end += bytesOf(each);
  }
  const trained = trainedOf(program.params), start = end;
  const total = trained.reduce((sum, each) => sum + bytesOf(each), 0);
  const addresses = new Map<string, ParameterAddresses>();
  let at = start;
  for (const each of trained) {
    addresses.set(each.name, {
      param: params.get(each.name)!,
      gradient: at,
      firstMoment: total + at,
      secondMoment: 2 * total + at,
      count: sizeOf(each.shape),
    });
    at += bytesOf(each);
  }
  return {
    params,
    trained: addresses,
    gradients: { address: start, count: total / 4 },
    end: start + 3 * total,
  };
}

/** Parameters are read where they lie; gradients are written there where nothing else is. */
function fixedPlaces(plan: ExecutionPlan, layout: StateLayout): Map<Place, number> {
  const fixed = new Map<Place, number>();
  for (const place of plan.inputs) {
    const address = layout.params.get(place.name);
    if (address !== undefined) fixed.set(place, address);
  }
  for (const [name, addresses] of layout.trained) {
    const place = plan.outputs.get(gradientName(name))!;
    if (place.kind === "made" && !fixed.has(place)) fixed.set(place, addresses.gradient);
  }
  return fixed;
}
