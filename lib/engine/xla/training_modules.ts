/**
 * The modules of a training: the whole step, for updates of several micro-batches its parts,
 * and the copy that a checkpoint is read from.
 */
import type { TrainingProgram } from "../engine.ts";
import { Graph, sizeOf } from "../ir/graph.ts";
import { trainedOf } from "../optimizer.ts";
import { STATE } from "../training_graph.ts";
import type { ModuleTensor, XlaModule } from "./module.ts";
import { emitModule } from "./stablehlo/emit.ts";
import {
  emitGradients,
  emitTrainingStep,
  emitUpdate,
  type StepOptions,
} from "./stablehlo/training_step.ts";

/** A part of a training that is a program of its own. */
export type Part = "step" | "gradients" | "update" | "copy";

/** The modules of a program. */
export class TrainingModules {
  /** Parameters and moments, by the names of a step's inputs. */
  readonly state: readonly ModuleTensor[];
  /** The sums of gradients over micro-batches: zeros between steps. */
  readonly sums: readonly ModuleTensor[];

  /** Writes nothing yet. */
  constructor(readonly program: TrainingProgram, readonly options: StepOptions) {
    const trained = trainedOf(program.params);
    this.state = [
      ...tensors(program.params, (name) => name),
      ...tensors(trained, STATE.firstMoment),
      ...tensors(trained, STATE.secondMoment),
    ];
    this.sums = tensors(trained, STATE.gradient);
  }

  /** Bytes of all that stays on the device between steps. */
  stateBytes({ isInParts }: { readonly isInParts: boolean }): number {
    return bytesOf([...this.state, ...isInParts ? this.sums : []]);
  }

  /** Bytes of what is on the device while a part runs, but no input of it. */
  besideBytes({ inputs }: XlaModule, { isInParts }: { readonly isInParts: boolean }): number {
    const given = new Set(inputs.map(({ name }) => name));
    const resident = [...this.state, ...isInParts ? this.sums : []];
    return bytesOf(resident.filter(({ name }) => !given.has(name)));
  }

  /** Writes a part; one that goes through the model is for batches that fit the graph. */
  write(part: Part, graph: Graph): XlaModule {
    const program = { ...this.program, graph };
    switch (part) {
      case "step":
        return emitTrainingStep(program, this.options);
      case "gradients":
        return emitGradients(program, this.options);
      case "update":
        return emitUpdate(program, this.options);
      case "copy":
        return copyOf(this.state, this.options);
    }
  }
}

function bytesOf(tensors: readonly ModuleTensor[]): number {
  return tensors.reduce(
    (sum, { shape }) => sum + Float32Array.BYTES_PER_ELEMENT * sizeOf(shape),
    0,
  );
}

function tensors(
  params: TrainingProgram["params"],
  nameOf: (name: string) => string,
): ModuleTensor[] {
  return params.map(({ name, shape }) => ({ name: nameOf(name), dtype: "f32", shape }));
}

/**
 * Gives what it is given. Nothing is donated, so its results are copies on the device, which
 * can be read while the originals are changed.
 */
function copyOf(state: readonly ModuleTensor[], options: StepOptions): XlaModule {
  const graph = new Graph();
  for (const { name, dtype, shape } of state) graph.output(name, graph.input(name, shape, dtype));
  return emitModule(graph, { ...options, replicas: 1 });
}
