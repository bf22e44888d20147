/** Plans of made-up tasks, for tests of what follows a plan. */
import { NO_COST } from "../../lib/graph/cost.ts";
import type { PlannedState } from "../../lib/graph/decide.ts";
import type { Plan, PlannedTask } from "../../lib/graph/plan.ts";

/** A task of a made-up plan: what it reads by name, where it starts, what it costs. */
export interface MadeTask {
  readonly inputs?: readonly string[];
  readonly start?: string;
  readonly state?: PlannedState;
  readonly flops?: number;
}

/** A plan of tasks that are called and keyed by their stages' names, in the order given. */
export function planOf(tasks: Readonly<Record<string, MadeTask | PlannedState>>): Plan {
  const planned = new Map(
    Object.entries(tasks).map(([stage, made]): [string, PlannedTask] => [
      stage,
      plannedTask(stage, typeof made === "string" ? { state: made } : made),
    ]),
  );
  return {
    tasks: planned,
    counts: { cached: 0, run: planned.size, unneeded: 0 },
    costs: { left: NO_COST, leftUnshared: NO_COST, total: NO_COST, totalUnshared: NO_COST },
    otherCode: new Map(),
    unknownCost: new Map(),
    unshared: [],
  };
}

function plannedTask(stage: string, made: MadeTask): PlannedTask {
  const { inputs, start, state = "run", flops = 0 } = made;
  const cost = { ...NO_COST, flops };
  return {
    task: {
      key: stage,
      kind: "test",
      version: 1,
      params: {},
      inputs: inputs === undefined ? {} : { all: inputs.map((key) => ({ key, output: "" })) },
      cells: [{ stage, axes: {} }],
    },
    state,
    cost,
    fullCost: cost,
    keepsState: false,
    keepsModel: false,
    ...(start === undefined ? {} : { start: { key: start, step: 1 } }),
  };
}
