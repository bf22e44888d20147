/** A forward graph compiled for the CPU, with a memory of its own. */
import type { CallQueue } from "../call_queue.ts";
import type { Executable, Tensors } from "../engine.ts";
import type { Graph } from "../ir/graph.ts";
import { gatherEarly } from "../passes/gather_early.ts";
import { optimise } from "../passes/pipeline.ts";
import { isComputedWhole } from "./lower/choose_kernel.ts";
import { allocate } from "./kernels/linear_memory.ts";
import { type ExecutionPlan, lowerGraph, type Place } from "./lower/lower.ts";
import { planMemory } from "./memory_plan.ts";
import { PlanRunner } from "./plan_runner.ts";

/** Simplifies a graph, keeping the fused operations that this engine computes whole. */
export function prepare(graph: Graph): Graph {
  return optimise(graph, isComputedWhole);
}

/** A compiled forward graph. */
export class OnnxExecutable implements Executable {
  private constructor(
    readonly graph: Graph,
    readonly runner: PlanRunner,
    readonly copiedIn: Tensors,
    readonly calls: CallQueue,
  ) {}

  /**
   * Compiles a graph.
   *
   * @param options resident: inputs by name, read at each run as they are then; calls:
   *   what runs take their turn with
   */
  static async compile(
    graph: Graph,
    options: {
      readonly threads: number;
      readonly resident: Tensors;
      readonly calls: CallQueue;
    },
  ): Promise<OnnxExecutable> {
    const { threads, resident, calls } = options;
    const plan = lowerGraph(prepare(gatherEarly(graph)));
    // What a kernel reads has to lie in the kernels' memory.
    const kernelReads = placesReadByKernels(plan);
    const given = plan.inputs.filter(({ name }) => resident[name] !== undefined);
    const byName = (places: readonly InputPlace[]): Tensors =>
      Object.fromEntries(places.map(({ name }) => [name, resident[name]!]));
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
    return new OnnxExecutable(graph, runner, byName(copied), calls);
  }

  run(inputs: Tensors): Promise<Tensors> {
    return this.calls.run(async () => {
      this.runner.write({ ...inputs, ...this.copiedIn });
      await this.runner.run();
      return this.runner.copies(this.graph.outputs.keys());
    });
  }

  dispose(): Promise<void> {
    return this.calls.runAnyway(() => this.runner.dispose());
  }
}

type InputPlace = ExecutionPlan["inputs"][number];

function placesReadByKernels(plan: ExecutionPlan): Set<Place> {
  return new Set(plan.steps.flatMap((step) => step.kind === "kernel" ? step.inputs : []));
}
