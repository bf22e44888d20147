/**
 * The engine that compiles graphs with XLA and runs them through a PJRT plugin.
 *
 * One client a process and device; what is compiled is shared by all that compute on it.
 */
import { CallQueue } from "../call_queue.ts";
import type { Engine, Executable, Tensors, TrainingProgram, TrainingSession } from "../engine.ts";
import type { Graph } from "../ir/graph.ts";
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
    const { programs, stepsAhead, replicas, precision, platform } = this.options;
    const modules = new TrainingModules(program, { precision, platform, replicas });
    return Promise.resolve(
      new XlaSession(program, modules, {
        programs,
        devices: this.#devices(),
        stepsAhead,
        forward: (graph) => this.#forward(graph),
      }),
    );
  }

  #forward(graph: Graph) {
    const { precision, platform } = this.options;
    return emitForward(graph, { precision, platform });
  }

  #devices(): readonly PjrtDevice[] {
    return this.options.programs.client.devices.slice(0, this.options.replicas);
  }
}
