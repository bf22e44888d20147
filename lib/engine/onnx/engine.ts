/** The engine that computes on the CPU with ONNX Runtime: the default everywhere. */
import { CallQueue } from "../call_queue.ts";
import type { Engine, Executable, Tensors, TrainingProgram, TrainingSession } from "../engine.ts";
import type { Graph } from "../ir/graph.ts";
import type { StepMemory } from "../step_memory.ts";
import { OnnxExecutable } from "./executable.ts";
import { stepMemoryOf } from "./memory_need.ts";
import { OnnxTrainingSession } from "./training_session.ts";

/** Computes with ONNX Runtime; results do not depend on the number of threads. */
export class OnnxEngine implements Engine {
  /**
   * Starts nothing yet; threads begin when a graph is compiled.
   *
   * @param options threads: how many a graph may use
   */
  constructor(readonly options: { readonly threads: number }) {}

  compile(graph: Graph, resident: Tensors = {}): Promise<Executable> {
    return OnnxExecutable.compile(graph, { ...this.options, resident, calls: new CallQueue() });
  }

  train(program: TrainingProgram): Promise<TrainingSession> {
    return OnnxTrainingSession.start(program, this.options);
  }

  /** Sums of micro-batches, and passes beside a training, lie outside of the memory that has a limit. */
  memoryOf(program: TrainingProgram): Promise<StepMemory | undefined> {
    return Promise.resolve(stepMemoryOf(program));
  }
}
