/**
 * A training whose whole state lies in one memory.
 *
 * From the memory's start: parameters, gradients, both moments, each tensor at
 * a multiple of 64 bytes, then the places of the plan. ONNX Runtime writes the
 * gradients; the norm and the update are kernels.
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

/** Training on the CPU. */
export class OnnxTrainingSession implements TrainingSession {
  readonly #views = new Map<string, StateViews>();
  readonly #kernels: Kernels;
  readonly #calls = new CallQueue();
  readonly stepsAhead = 1;

  private constructor(
    readonly program: TrainingProgram,
    readonly runner: PlanRunner,
    readonly state: { readonly layout: StateLayout; readonly memory: WebAssembly.Memory },
    readonly threads: number,
  ) {
    const { layout, memory } = state;
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
    const plan = lowerGraph(withGradients(program));
    const layout = layOutState(program);
    const fixed = fixedPlaces(plan, layout);
    const { addresses, end } = planMemory(plan, { start: layout.end, fixed });
    const parameters = program.params.reduce((sum, each) => sum + sizeOf(each.shape), 0);
    const memory = allocate(end, `training ${parameters} parameters`);
    const kept = new Set(program.params.map(({ name }) => name));
    const runner = await PlanRunner.load(plan, { memory, addresses, threads, kept });
    return new OnnxTrainingSession(program, runner, { layout, memory }, threads);
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
      take: () => this.runner.write(batch),
      compute: () => this.#compute(control),
    });
    return { read: () => Promise.resolve(results) };
  }

  async #compute(control: StepControl): Promise<Tensors> {
    const { graph, optimizer, params } = this.program;
    await this.runner.run();
    const outputs = this.runner.copies(graph.outputs.keys());
    const norm = this.#gradientNorm();
    const options = {
      optimizer,
      step: adamWStep(optimizer, control),
      gradientScale: clipScale(norm, optimizer.clipNorm),
    };
    for (const { name, decays, learningRateScale } of params) {
      const addresses = this.state.layout.parameters.get(name)!;
      this.#kernels.adamw(addresses, { ...options, decays, learningRateScale });
    }
    return { ...outputs, gradientNorm: Float32Array.of(norm) };
  }

  #gradientNorm(): number {
    for (const [name, { gradient }] of this.#views) {
      const found = this.runner.view(gradientName(name)) as Float32Array;
      if (found.byteOffset !== gradient.byteOffset) gradient.set(found);
    }
    const { address, count } = this.state.layout.gradients;
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
    return OnnxExecutable.compile(graph, { threads: this.threads, resident, calls: this.#calls });
  }

  dispose(): Promise<void> {
    return this.#calls.runAnyway(() => this.runner.dispose());
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
