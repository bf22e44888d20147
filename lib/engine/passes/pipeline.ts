/** The passes in the order in which an engine runs them. */
import type { Graph } from "../ir/graph.ts";
import { shareCommon } from "./cse.ts";
import { dropDead } from "./dce.ts";
import { expand, type Keeps } from "./expand.ts";
import { fold } from "./fold.ts";

const MAX_ROUNDS = 8;

/**
 * Expands, simplifies, shares and prunes until nothing changes.
 *
 * Run it after `differentiate`; it drops `stopGradient`.
 *
 * @param keeps says which fused nodes the engine computes itself; by default none
 */
export function optimise(graph: Graph, keeps?: Keeps): Graph {
  let result = dropDead(expand(keeps)(graph));
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = structureOf(result);
    result = dropDead(shareCommon(fold(result)));
    if (structureOf(result) === before) break;
  }
  return result;
}

/** Operations and edges: what every change of a pass shows in. */
function structureOf(graph: Graph): string {
  return graph.nodes.map(({ op, inputs }) => `${op} ${inputs.map((each) => each.id)}`).join(";");
}
