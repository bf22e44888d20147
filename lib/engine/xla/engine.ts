/**
 * The engine that compiles graphs with XLA and runs them through a PJRT plugin.
 *
 * One client a process and device; what is compiled is shared by all that compute on it.
 */
import { ExperimentError } from "../../base/errors.ts";
import { CallQueue } from "../call_queue.ts";
import type {
  Engine,
  Executable,
  InParts,
  Tensors,
  TrainingBeside,
  TrainingProgram,
  TrainingSession,
} from "../engine.ts";
import { type Graph, sizeOf } from "../ir/graph.ts";
import { heaviestGraphs } from "../heaviest_graphs.ts";
import type { StepMemory } from "../step_memory.ts";
import { XlaExecutable } from "./executable.ts";
import type { ModuleOptions } from "./module.ts";
import type { PjrtDevice } from "./pjrt/client.ts";
import type { Programs } from "./programs.ts";
import { XlaSession } from "./session.ts";
import { emitForward } from "./stablehlo/training_step.ts";
import { TrainingModules } from "./training_modules.ts";
import { checkTensors, Held, uploadAll } from "./transfer.ts";

/** What an engine computes with. */
export interface XlaOptions extends Pick<ModuleOptions, "precision" | "platform"> {
  /** Where programs are compiled and kept. */
  readonly programs: Programs;
  /** How many devices train side by side. */
  readonly replicas: number;
  /** How many steps may be under way. */
  readonly stepsAhead: number;
}

/** Computes with XLA. */
export class XlaEngine implements Engine {
  /** Computes on the first devices of the client. */
  constructor(readonly options: XlaOptions) {}

  async compile(graph: Graph, resident: Tensors = {}): Promise<Executable> {
    const { programs, programs: { client } } = this.options;
    const program = await programs.get(this.#forward(graph));
    const held = new Held();
    try {
      const wanted = program.module.inputs.filter(({ name }) => resident[name] !== undefined);
      checkTensors(wanted, resident);
      const devices = [client.devices[0]];
      held.replaceAll(await uploadAll(client, { wanted, tensors: [resident], devices }));
    } catch (error) {
      program.release();
      throw error;
    }
    return new XlaExecutable(program, {
      client,
      calls: new CallQueue(),
      residentOf: (name) => held.get(name)?.[0],
      release: () => held.free(),
    });
  }

  train(program: TrainingProgram): Promise<TrainingSession> {
    const { programs, stepsAhead } = this.options, modules = this.#modules(program);
    return Promise.resolve(
      new XlaSession(program, modules, {
        programs,
        devices: this.#devices(),
        stepsAhead,
        forward: (graph) => this.#forward(graph),
      }),
    );
  }

  async memoryOf(
    program: TrainingProgram,
    options: InParts,
  ): Promise<StepMemory | undefined> {
    const { programs, replicas } = this.options, limitBytes = programs.limitBytes();
    if (limitBytes === undefined) return undefined;
    const modules = this.#modules(program);
    const parts = options.isInParts ? ["gradients", "update"] as const : ["step"] as const;
    let needBytes = 0;
    for (const graph of heaviestGraphs(program)) {
      for (const part of parts) {
        const module = modules.write(part, graph);
        const besideBytes = modules.besideBytes(module, options);
        const need = await programs.needOf(module, { replicas, besideBytes }).catch(unlimited);
        needBytes = Math.max(needBytes, need);
      }
    }
    return { needBytes, stateBytes: modules.stateBytes(options), limitBytes };
  }

  async forwardMemoryOf(graph: Graph, beside?: TrainingBeside): Promise<StepMemory | undefined> {
    const { programs } = this.options, limitBytes = programs.limitBytes();
    if (limitBytes === undefined) return undefined;
    const module = this.#forward(graph), modules = beside && this.#modules(beside.program);
    const besideBytes = modules?.besideBytes(module, beside!) ?? 0;
    const needBytes = await programs.needOf(module, { besideBytes }).catch(unlimited);
    const stateBytes = modules?.stateBytes(beside!) ?? paramBytes(graph);
    return { needBytes, stateBytes, limitBytes };
  }

  #modules(program: TrainingProgram): TrainingModules {
    const { replicas, precision, platform } = this.options;
    return new TrainingModules(program, { precision, platform, replicas });
  }

  #forward(graph: Graph) {
    const { precision, platform } = this.options;
    return emitForward(graph, { precision, platform });
  }

  #devices(): readonly PjrtDevice[] {
    return this.options.programs.client.devices.slice(0, this.options.replicas);
  }
}

/** Bytes of a graph's parameters. */
function paramBytes({ nodes }: Graph): number {
  return nodes.reduce(
    (sum, node) =>
      node.op === "input" && node.attrs.role === "param"
        ? sum + Float32Array.BYTES_PER_ELEMENT * sizeOf(node.output.shape)
        : sum,
    0,
  );
}

/** The need of a program that a compiler gave up for want of memory. */
function unlimited(error: unknown): number {
  if (error instanceof ExperimentError && error.code === "engine/memory") return Infinity;
  throw error;
}
