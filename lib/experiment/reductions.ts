/** Checks that stages can take all cells of the axes that their `over:` names. */
import { listOf } from "../base/list.ts";
import type { InputRoles } from "../graph/task.ts";
import type { FaultList } from "./check/fault_list.ts";
import { mendName } from "./check/near.ts";
import { type Grid, project } from "./grid/grid.ts";
import type { OverAxis } from "./over.ts";
import type { Stage } from "./stages.ts";

/** What reductions are checked against. */
export interface OverOptions {
  /** The axes of every stage, those that it takes all of left out. */
  readonly axesOf: ReadonlyMap<string, readonly string[]>;
  /** The grid, unless a fault leaves it unknown. */
  readonly grid: Grid | undefined;
  /** Where faults go. */
  readonly faults: FaultList;
  /** Where oddities go that do no harm. */
  readonly warnings: FaultList;
}

/** Checks that every axis of an `over` can be taken all of. */
export function checkOver(stages: Iterable<Stage>, options: OverOptions): void {
  for (const stage of stages) {
    if (stage.over.length === 0) continue;
    const before = options.faults.size;
    for (const each of stage.over) checkAxis(stage, each, options);
    checkRoles(stage, options);
    if (options.faults.size === before) warnOfOne(stage, options);
  }
}

function checkAxis(stage: Stage, { axis, at }: OverAxis, { axesOf, faults }: OverOptions): void {
  if (stage.ownAxes.includes(axis)) {
    faults.add(
      "experiment/over",
      `stage "${stage.name}" takes all of axis "${axis}", but refers to a single value of it`,
      { at, mend: `remove $(axis.${axis}) from the stage, or "${axis}" from its "over"` },
    );
    return;
  }
  const sources = [...stage.inputs.values()].flat().map((each) => each.stage);
  const there = new Set(sources.flatMap((source) => axesOf.get(source) ?? []));
  if (there.has(axis)) return;
  const named = listOf([...new Set(sources)].map((source) => `"${source}"`)) || "none";
  faults.add(
    "experiment/over",
    `stage "${stage.name}" reads nothing that depends on axis "${axis}": its inputs are ${named}`,
    { at, mend: mendName(axis, [...there], (name) => name) },
  );
}

/** Inputs that take one reference cannot be given all cells of an axis. */
function checkRoles({ kind, inputs, over }: Stage, { axesOf, faults }: OverOptions): void {
  const roles: InputRoles = kind.inputs;
  for (const [role, references] of inputs) {
    if (roles[role]!.many === true) continue;
    for (const { stage, at } of references) {
      const taken = over.filter(({ axis }) => axesOf.get(stage)?.includes(axis) === true);
      if (taken.length === 0) continue;
      const names = listOf(taken.map(({ axis }) => axis));
      faults.add(
        "experiment/over",
        `input "${role}" takes one reference, but stage "${stage}" is at all cells of ${names}`,
        { at, mend: `refer to a stage that does not depend on ${names}, or shorten "over"` },
      );
    }
  }
}

/** A reduction that finds one cell everywhere chooses and averages nothing. */
function warnOfOne({ name, inputs, over }: Stage, { axesOf, grid, warnings }: OverOptions): void {
  if (grid === undefined) return;
  const own = axesOf.get(name)!, taken = over.map(({ axis }) => axis);
  const sources = [...inputs.values()].flat().map((each) => each.stage)
    .filter((source) => axesOf.get(source)!.some((axis) => taken.includes(axis)));
  const isOne = sources.every((source) => {
    const all = new Set([...own, ...axesOf.get(source)!]);
    const joint = grid.axes.filter((axis) => all.has(axis));
    return project(grid, joint).length === project(grid, own).length;
  });
  if (!isOne) return;
  warnings.add("experiment/over", `stage "${name}" takes just one cell wherever it stands`, {
    at: over[0]!.at,
    mend: own.length === 0
      ? `give ${listOf(taken)} more values`
      : `name axes that vary together with ${listOf(taken)} too, or give it more values`,
  });
}
