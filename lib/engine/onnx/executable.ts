/** A forward graph compiled for the CPU, with a memory of its own. */
import type { Executable, Tensors } from "../engine.ts";
import type { Graph } from "../ir/graph.ts";
import { gatherEarly } from "../passes/gather_early.ts";
import { optimise } from "../passes/pipeline.ts";
import { allocate } from "./kernels/linear_memory.ts";
import { lowerGraph, type Place, type Plan } from "./lower/lower.ts";
import { planMemory } from "./memory_plan.ts";
import { PlanRunner } from "./plan_runner.ts";

/** Simplifies a graph, keeping the fused operations that this engine has. */
export function prepare(graph: Graph): Graph {
  return optimise(graph, (node) => node.op !== "attention");
}

/** A compiled forward graph. */
export class OnnxExecutable implements Executable {
  private constructor(
    readonly graph: Graph,
    readonly runner: PlanRunner,
    readonly copiedIn: Tensors,
  ) {}

  /**
   * Compiles a graph.
   *
   * @param options shared: inputs by name that are as they are at each run
   */
  static async compile(
    graph: Graph,
    options: { readonly threads: number; readonly shared?: Tensors },
  ): Promise<OnnxExecutable> {
    const { threads, shared = {} } = options;
    const plan = lowerGraph(prepare(gatherEarly(graph)));
    // What a kernel reads has to lie in the kernels' memory.
    const kernelReads = placesReadByKernels(plan);
    const given = plan.inputs.filter(({ name }) => shared[name] !== undefined);
    const byName = (places: readonly InputPlace[]): Tensors =>
      Object.fromEntries(places.map(({ name }) => [name, shared[name]!]));
    const readInPlace = given.filter((each) => !kernelReads.has(each));
    const copied = given.filter((each) => kernelReads.has(each));
    const elsewhere = new Set<Place>(readInPlace);
    const { addresses, end } = planMemory(plan, { start: 0, elsewhere });
    const memory = allocate(end, "a forward pass");
    const runner = await PlanRunner.load(plan, {
      memory,
      addresses,
      threads,
      shared: byName(readInPlace),
    });
    return new OnnxExecutable(graph, runner, byName(copied));
  }

  async run(inputs: Tensors): Promise<Tensors> {
    this.runner.write({ ...inputs, ...this.copiedIn });
    await this.runner.run();
    const outputs: Record<string, Tensors[string]> = {};
    for (const name of this.graph.outputs.keys()) outputs[name] = this.runner.view(name).slice();
    return outputs;
  }

  async dispose(): Promise<void> {
    await this.runner.dispose();
  }
}

type InputPlace = Plan["inputs"][number];

function placesReadByKernels(plan: Plan): Set<Place> {
  return new Set(plan.steps.flatMap((step) => step.kind === "kernel" ? step.inputs : []));
}
