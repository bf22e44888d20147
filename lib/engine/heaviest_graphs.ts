/** Which of a program's shapes takes the most memory, told from its graphs alone. */
import { greatestOf } from "../base/extremes.ts";
import type { TrainingProgram } from "./engine.ts";
import { type Graph, sizeOf } from "./ir/graph.ts";

/** The bytes of all values of a forward pass. */
export function forwardBytes({ nodes }: Graph): number {
  return nodes.reduce((sum, { output }) => sum + 4 * sizeOf(output.shape), 0);
}

/**
 * Those of a program's graphs whose step may take the most memory: the one with the most values,
 * and others with nearly as many, as what attention takes is not in proportion to the rest.
 */
export function heaviestGraphs(
  { graph, otherShapes = [] }: Pick<TrainingProgram, "graph" | "otherShapes">,
): readonly Graph[] {
  const weighed = [graph, ...otherShapes].map((each) => ({ each, bytes: forwardBytes(each) }));
  const most = greatestOf(weighed.map(({ bytes }) => bytes));
  return weighed.filter(({ bytes }) => bytes >= NEARLY * most).map(({ each }) => each);
}

const NEARLY = 0.9;
