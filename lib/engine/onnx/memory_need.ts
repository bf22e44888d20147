/**
 * What a training step takes of the one memory it lies in, known before it is allocated.
 *
 * The limit is that of the memory's addresses and not the machine's, so that a batch is cut in
 * the same parts everywhere. What ONNX Runtime takes for itself comes on top.
 */
import { greatestOf } from "../../base/extremes.ts";
import type { TrainingProgram } from "../engine.ts";
import { forwardBytes } from "../heaviest_graphs.ts";
import type { StepMemory } from "../step_memory.ts";
import { MAX_BYTES } from "./kernels/linear_memory.ts";
import { planTraining } from "./training_session.ts";

/**
 * No step takes more than so many times the values of its forward graph: of parameters there
 * are four, of the rest some 1.1 at rows of 512 pieces.
 */
const MOST = 5;

/**
 * What a step takes in the shape that takes most; undefined where it is so little that planning
 * it twice (a second for six layers) would be for nothing.
 */
export function stepMemoryOf(program: TrainingProgram): StepMemory | undefined {
  const { graph, otherShapes = [] } = program;
  const most = greatestOf([graph, ...otherShapes].map(forwardBytes));
  if (MOST * most < MAX_BYTES) return undefined;
  const { layout, end } = planTraining(program);
  return { needBytes: end, stateBytes: layout.end, limitBytes: MAX_BYTES };
}
