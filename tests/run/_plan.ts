/** Plans of made-up tasks, for tests of what follows a plan. */
import { NO_COST } from "../../lib/graph/cost.ts";
import type { Plan, PlannedState, PlannedTask } from "../../lib/graph/plan.ts";

/** A plan of tasks that are called and keyed by their stages' names, each in a state. */
export function planOf(states: Readonly<Record<string, PlannedState>>): Plan {
  const tasks = new Map(
    Object.entries(states).map(([stage, state]): [string, PlannedTask] => [stage, {
      task: {
        key: stage,
        kind: "test",
        version: 1,
        params: {},
        inputs: {},
        cells: [{ stage, axes: {} }],
      },
      state,
      cost: NO_COST,
      keepsState: false,
      fullCost: NO_COST,
    }]),
  );
  return {
    tasks,
    counts: { cached: 0, run: tasks.size, unneeded: 0 },
    costs: { left: NO_COST, leftUnshared: NO_COST, total: NO_COST, totalUnshared: NO_COST },
    otherCode: new Map(),
    unshared: [],
  };
}
