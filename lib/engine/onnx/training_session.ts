/**
 * A training whose whole state lies in one memory.
 *
 * From the memory's start: parameters, gradients, both moments, each tensor at
 * a multiple of 64 bytes, then the places of the plan; those of plans for batches of
 * other shapes lie over one another. ONNX Runtime writes the gradients; the norm and the
 * update are kernels.
 */
import { CallQueue } from "../call_queue.ts";
import type {
  BegunStep,
  Executable,
  StepControl,
  Tensors,
  TrainingProgram,
  TrainingSession,
  TrainingState,
} from "../engine.ts";
import { differentiate } from "../ir/grad.ts";
import { type Graph, sizeOf } from "../ir/graph.ts";
import { adamWStep, clipScale } from "../optimizer.ts";
import { gatherEarly } from "../passes/gather_early.ts";
import { copyGraph } from "../passes/rewrite.ts";
import { GraphsByShape } from "../shapes.ts";
import { OnnxExecutable, prepare } from "./executable.ts";
import { Kernels, type ParameterAddresses } from "./kernels/kernels.ts";
import { allocate, view } from "./kernels/linear_memory.ts";
import { type ExecutionPlan, lowerGraph, type Place } from "./lower/lower.ts";
import { align, planMemory } from "./memory_plan.ts";
import { PlanRunner } from "./plan_runner.ts";

/** The four tensors of a parameter, as views of the memory. */
interface StateViews {
  readonly param: Float32Array;
  readonly gradient: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
}

/** A step for batches of one shape. */
interface ShapedStep {
  readonly plan: ExecutionPlan;
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
  readonly #views = new Map<string, StateViews>();
  readonly #kernels: Kernels;
  readonly #calls = new CallQueue();
  readonly #byShape: GraphsByShape;
  /** The one whose constants stand in memory. */
  #current: PlanRunner | undefined;
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
      const addresses = layout.parameters.get(name)!;
      const floats = (address: number) =>
        view(memory, { dtype: "f32", address, size: sizeOf(shape) }) as Float32Array;
      this.#views.set(name, {
        param: floats(addresses.param),
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
    const layout = layOutState(program);
    let end = layout.end;
    const steps = new GraphsByShape(program).graphs.map((graph): ShapedStep => {
      const plan = lowerGraph(withGradients({ ...program, graph }));
      const fixed = fixedPlaces(plan, layout);
      const planned = planMemory(plan, { start: layout.end, fixed });
      end = Math.max(end, planned.end);
      return { plan, addresses: planned.addresses };
    });
    const parameters = program.params.reduce((sum, each) => sum + sizeOf(each.shape), 0);
    const memory = allocate(end, `training ${parameters} parameters`);
    const session = new OnnxTrainingSession(program, steps, { layout, memory, threads });
    await session.#runnerAt(0);
    return session;
  }

  load(state: TrainingState): Promise<void> {
    return this.#calls.run(() => {
      const pairs = [...this.#views].flatMap(([name, views]) => [
        { name, target: views.param, source: state.params[name] },
        { name, target: views.firstMoment, source: state.firstMoments[name] },
        { name, target: views.secondMoment, source: state.secondMoments[name] },
      ]);
      for (const { name, target, source } of pairs) {
        if (source?.length === target.length) continue;
        throw new Error(`the state of "${name}" has ${source?.length}, not ${target.length}`);
      }
      for (const { target, source } of pairs) target.set(source!);
    });
  }

  async step(batch: Tensors, control: StepControl): Promise<BegunStep> {
    const results = await this.#calls.runInTwo({
      take: async () => {
        const runner = await this.#runnerAt(this.#byShape.placeFor(batch));
        runner.write(batch);
        return runner;
      },
      compute: (runner) => this.#compute(runner, control),
    });
    return { read: () => Promise.resolve(results) };
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
    });
    if (this.#current !== runner) runner.fillConstants();
    this.#current = runner;
    return runner;
  }

  async #compute(runner: PlanRunner, control: StepControl): Promise<Tensors> {
    const { graph, optimizer, params } = this.program;
    await runner.run();
    const outputs = runner.copies(graph.outputs.keys());
    const norm = this.#gradientNorm(runner);
    const options = {
      optimizer,
      step: adamWStep(optimizer, control),
      gradientScale: clipScale(norm, optimizer.clipNorm),
    };
    for (const { name, decays, learningRateScale } of params) {
      const addresses = this.parts.layout.parameters.get(name)!;
      this.#kernels.adamw(addresses, { ...options, decays, learningRateScale });
    }
    return { ...outputs, gradientNorm: Float32Array.of(norm) };
  }

  #gradientNorm(runner: PlanRunner): number {
    for (const [name, { gradient }] of this.#views) {
      const found = runner.view(gradientName(name)) as Float32Array;
      if (found.byteOffset !== gradient.byteOffset) gradient.set(found);
    }
    const { address, count } = this.parts.layout.gradients;
    return Math.fround(Math.sqrt(this.#kernels.sumOfSquares(address, count)));
  }

  save(): Promise<TrainingState> {
    const copies = (part: keyof StateViews) =>
      Object.fromEntries([...this.#views].map(([name, views]) => [name, views[part].slice()]));
    return this.#calls.run(() => ({
      params: copies("param"),
      firstMoments: copies("firstMoment"),
      secondMoments: copies("secondMoment"),
    }));
  }

  forward(graph: Graph): Promise<Executable> {
    const resident = Object.fromEntries(
      [...this.#views].map(([name, views]) => [name, views.param]),
    );
    const { threads } = this.parts;
    return OnnxExecutable.compile(graph, { threads, resident, calls: this.#calls });
  }

  dispose(): Promise<void> {
    return this.#calls.runAnyway(async () => {
      for (const { runner } of this.steps) await runner?.dispose();
    });
  }
}

/** What a step computes in ONNX Runtime: a program's graph with the gradient of each parameter. */
export function withGradients(program: TrainingProgram): Graph {
  const { graph } = copyGraph(gatherEarly(program.graph));
  const loss = graph.outputs.get(program.loss);
  if (loss === undefined) throw new Error(`the graph has no output "${program.loss}"`);
  const params = program.params.map(({ name }) => {
    const param = graph.inputs.get(name);
    if (param === undefined) throw new Error(`the graph has no parameter "${name}"`);
    return param;
  });
  const gradients = differentiate(graph, loss, params);
  for (const [i, { name }] of program.params.entries()) {
    graph.output(gradientName(name), gradients[i]!);
  }
  return prepare(graph);
}

function gradientName(param: string): string {
  return `gradient of ${param}`;
}

interface StateLayout {
  readonly parameters: ReadonlyMap<string, ParameterAddresses>;
  /** All gradients with the gaps between them; count in floats. */
  readonly gradients: { readonly address: number; readonly count: number };
  readonly end: number;
}

function layOutState({ params }: TrainingProgram): StateLayout {
  const total = params.reduce((sum, each) => sum + align(4 * sizeOf(each.shape)), 0);
  const parameters = new Map<string, ParameterAddresses>();
  let at = 0;
  for (const { name, shape } of params) {
    const count = sizeOf(shape);
    parameters.set(name, {
      param: at,
      gradient: total + at,
      firstMoment: 2 * total + at,
      secondMoment: 3 * total + at,
      count,
    });
    at += align(4 * count);
  }
  return { parameters, gradients: { address: total, count: total / 4 }, end: 4 * total };
}

/** Parameters are read where they lie; gradients are written there where nothing else is. */
function fixedPlaces(plan: ExecutionPlan, layout: StateLayout): Map<Place, number> {
  const fixed = new Map<Place, number>();
  for (const place of plan.inputs) {
    const addresses = layout.parameters.get(place.name);
    if (addresses !== undefined) fixed.set(place, addresses.param);
  }
  for (const [name, addresses] of layout.parameters) {
    const place = plan.outputs.get(gradientName(name))!;
    if (place.kind === "made" && !fixed.has(place)) fixed.set(place, addresses.gradient);
  }
  return fixed;
}
