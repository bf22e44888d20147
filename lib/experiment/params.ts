/**
 * The params of a stage at its cells, checked by its kind.
 *
 * Params that mention few axes are evaluated once for each combination of those,
 * however many cells the stage has through the stages it refers to.
 */
import type { JsonObject } from "../base/canonical.ts";
import { parsePath, type Path } from "../base/path.ts";
import { formatAxisValue } from "../report/text/labels.ts";
import type { AxisValue } from "./experiment_file.ts";
import type { FaultList } from "./check/fault_list.ts";
import { type Cell, cellKey, type Grid, project } from "./grid/grid.ts";
import { checkValue } from "./check/issues.ts";
import { countNodes, locate } from "./yaml/node.ts";
import { dataFolder, type PathOptions, resolvePaths } from "./paths.ts";
import type { Stage } from "./stages.ts";
import {
  axesOf,
  evaluateTemplate,
  type Room,
  type Scope,
  templateAt,
} from "./language/template.ts";

/** What params are checked with. */
export interface ParamsOptions {
  /** Values of environment variables. */
  readonly env: ReadonlyMap<string, string | undefined>;
  /** Where faults go. */
  readonly faults: FaultList;
  /** Where oddities go that do no harm. */
  readonly warnings: FaultList;
  /** What paths of files are relative to. */
  readonly paths: Pick<PathOptions, "environment" | "axisAt">;
  /** Receives, by stage, the folders that variables stand for in its paths. */
  readonly folders: Map<string, Map<string, string>>;
  /** How much text the expressions of all stages may make. */
  readonly room: Room;
}

/** Values that the params of one stage may have at all its cells together. */
const MAX_VALUES = 10_000_000;

/**
 * Checks a stage's params at every combination of the axes that they mention.
 *
 * @returns checked params by the key of the cell on `stage.ownAxes`
 */
export function paramsOfStage(
  stage: Stage,
  grid: Grid,
  options: ParamsOptions,
): ReadonlyMap<string, JsonObject> {
  const checked = new Map<string, JsonObject>();
  const cells = project(grid, stage.ownAxes);
  const values = countNodes(stage.params);
  if (values * cells.length > MAX_VALUES) {
    options.faults.add(
      "experiment/too-large",
      `stage "${stage.name}" has ${values} values at each of ${cells.length} cells`,
      { at: stage.withAt, mend: "give it fewer values, or refer to fewer axes in it" },
    );
    return checked;
  }
  for (const cell of cells) {
    const params = checkAt(stage, scopeOf(stage.ownAxes, cell, grid), options);
    if (params !== undefined) checked.set(cellKey(cell), params);
  }
  return checked;
}

/**
 * Checks what can be checked of a stage's params while the grid is unknown.
 *
 * @param scope a value of each axis, where it has one
 */
export function checkParamsOnce(stage: Stage, scope: Scope, options: ParamsOptions): void {
  checkAt(stage, scope, options);
}

function scopeOf(axes: readonly string[], cell: Cell, grid: Grid): Map<string, AxisValue> {
  return new Map(
    axes.map((axis, index) => [axis, grid.values.get(axis)![cell[index]!]!]),
  );
}

function checkAt(
  stage: Stage,
  scope: Scope,
  { env, faults, warnings, paths, folders, room }: ParamsOptions,
): JsonObject | undefined {
  const broken: Path[] = [];
  const written = evaluateTemplate(stage.template, scope, { env, broken, faults, room });
  const ofStage = folders.get(stage.name) ?? new Map<string, string>();
  folders.set(stage.name, ofStage);
  const onFolder = (variable: string, folder: string) => ofStage.set(variable, folder);
  const value = resolvePaths(stage, written, { ...paths, faults, warnings, onFolder });
  const note = (path: Path) => noteOf(stage, scope, path);
  const result = checkValue({
    schema: stage.kind.params,
    root: stage.params,
    value,
    broken,
    ownerAt: stage.withAt,
    otherKeys: [...stage.inputs.keys()],
    note,
    faults,
  });
  if (!result.isSound) return undefined;
  const problems = stage.kind.check?.(result.value, stage.givenRoles) ?? [];
  for (const { path: text, message, mend, isWarning } of problems) {
    const path = parsePath(text) ?? [];
    const { node, at, keyAt } = locate(stage.params, path, stage.withAt);
    const list = isWarning === true ? warnings : faults;
    // What does not go together may depend on any axis of the stage.
    const cell = `stage "${stage.name}"${atValues(stage.ownAxes, scope)}`;
    list.add("experiment/params", `${cell}: ${message}`, {
      at: node === undefined || path.length === 0 ? keyAt : at,
      mend,
      // The same sentence about other numbers, at another cell, is the same fault.
      subject: `${stage.name} ${text} ${message.replaceAll(/[\d.]+/g, "#")}`,
    });
  }
  const isSound = problems.every(({ isWarning }) => isWarning === true);
  if (!isSound) return undefined;
  const placed = stage.kind.place?.(result.value, {
    get data() {
      return dataFolder(paths.environment);
    },
  });
  return (placed ?? result.value) as JsonObject;
}

/** The axis values that a param was made from: " at steps=100". */
function noteOf(stage: Stage, scope: Scope, path: Path): string {
  const axes = axesOf(templateAt(stage.template, path));
  return atValues(stage.ownAxes.filter((axis) => axes.has(axis)), scope);
}

function atValues(axes: readonly string[], scope: Scope): string {
  const values = axes.flatMap((axis) => {
    const value = scope.get(axis);
    return value === undefined ? [] : [`${axis}=${formatAxisValue(value)}`];
  });
  return values.length === 0 ? "" : ` at ${values.join(", ")}`;
}
