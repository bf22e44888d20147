/**
 * A training step as modules, with the state donated, so that every parameter and moment is
 * updated where it lies.
 *
 * A step of one batch is one module: forward, gradients, clipping and AdamW. One of several
 * micro-batches calls a module that adds up gradients for each, and then the update. On
 * several replicas each is given its part of the batch; gradients are summed over them before
 * the norm, so all end with the same state. What the graph gives is of each replica's part.
 */
import type { TrainingProgram } from "../../engine.ts";
import type { Graph } from "../../ir/graph.ts";
import { trainedOf } from "../../optimizer.ts";
import { gatherEarly } from "../../passes/gather_early.ts";
import {
  buildGradientGraph,
  buildTrainingGraph,
  buildUpdateGraph,
  STATE,
} from "../../training_graph.ts";
import type { ModuleOptions, XlaModule } from "../module.ts";
import { emitModule } from "./emit.ts";

/** What a step or a forward pass is written for; what is donated follows from the program. */
export type StepOptions = Omit<ModuleOptions, "donations">;

/** Writes a step of one batch: it takes the program's data, its parameters, and `STATE`'s. */
export function emitTrainingStep(program: TrainingProgram, options: StepOptions): XlaModule {
  const graph = buildTrainingGraph(early(program));
  return emitModule(graph, { ...options, donations: new Map(updates(program)) });
}

/** Writes what a micro-batch does: the sums of gradients, `STATE.gradient`, are donated. */
export function emitGradients(program: TrainingProgram, options: StepOptions): XlaModule {
  const donations = new Map(sums(program));
  return emitModule(buildGradientGraph(early(program)), { ...options, donations });
}

/** Writes the update after micro-batches; the sums of gradients come out as zeros again. */
export function emitUpdate(program: TrainingProgram, options: StepOptions): XlaModule {
  const graph = buildUpdateGraph(program);
  for (const { name, shape } of trainedOf(program.params)) {
    graph.output(STATE.gradient(name), graph.splat(0, shape));
  }
  const donations = new Map([...updates(program), ...sums(program)]);
  return emitModule(graph, { ...options, donations });
}

/** Writes a forward graph; nothing is donated. */
export function emitForward(graph: Graph, options: StepOptions): XlaModule {
  return emitModule(gatherEarly(graph), options);
}

function early(program: TrainingProgram): TrainingProgram {
  return { ...program, graph: gatherEarly(program.graph) };
}

/** The parts of the state that an update replaces, each with the output that replaces it. */
function updates({ params }: TrainingProgram): (readonly [string, string])[] {
  return trainedOf(params).flatMap(({ name }) => [
    [name, STATE.param(name)] as const,
    [STATE.firstMoment(name), STATE.firstMoment(name)] as const,
    [STATE.secondMoment(name), STATE.secondMoment(name)] as const,
  ]);
}

function sums({ params }: TrainingProgram): (readonly [string, string])[] {
  return trainedOf(params).map(({ name }) => [STATE.gradient(name), STATE.gradient(name)] as const);
}
