/**
 * Stages x cells -> requests.
 *
 * A reference resolves to the cell with the same values of the axes that both
 * stages have, which projecting the grid makes sure is there; to all such cells
 * where the stage takes all of an axis.
 */
import type { JsonObject } from "../../base/canonical.ts";
import { parsePath } from "../../base/path.ts";
import type { ModelKeeping } from "../../graph/node.ts";
import { formatCell } from "../../report/text/labels.ts";
import type { RequestRef, TaskRequest } from "../../graph/request.ts";
import { type Cell, cellKey, type Grid, project } from "./grid.ts";
import { locate } from "../yaml/node.ts";
import { takenParams } from "../choices.ts";
import type { Stage } from "../stages.ts";

/** What requests are made from; every stage is sound. */
export interface Expansion {
  /** Each after those that it refers to. */
  readonly stages: readonly Stage[];
  /** The axes of every stage, in the order of the grid. */
  readonly axesOf: ReadonlyMap<string, readonly string[]>;
  /** The cells to expand over. */
  readonly grid: Grid;
  /** All cells, from which those were taken. */
  readonly whole: Grid;
  /** Checked params by stage, by the key of the cell on the stage's own axes. */
  readonly paramsOf: ReadonlyMap<string, ReadonlyMap<string, JsonObject>>;
  /** Why models are kept, by stage. */
  readonly keptModels: ReadonlyMap<string, ModelKeeping>;
}

/** A stage some of whose cells would take but a part of an axis. */
export interface LeftOut {
  /** The stage. */
  readonly stage: Stage;
  /** The stage that it reads at fewer cells. */
  readonly source: string;
  /** At how many cells that would be read, and at how many it should be. */
  readonly cells: { readonly left: number; readonly all: number };
}

/** What becomes of stages. */
export interface Expanded {
  /** The requests at all cells, by stage. */
  readonly requests: ReadonlyMap<string, readonly TaskRequest[]>;
  /**
   * Stages that are left out at some cells, as what they take all of is there in part only; of
   * what reads them in turn nothing is said.
   */
  readonly leftOut: readonly LeftOut[];
}

/** The requests of all stages at all their cells that are whole. */
export function expand(expansion: Expansion): Expanded {
  const requests = new Map<string, readonly TaskRequest[]>();
  const leftOut: LeftOut[] = [], there = new Set<string>();
  for (const stage of expansion.stages) {
    const whole = partsTaken(stage, expansion);
    for (const each of whole.leftOut) leftOut.push(each);
    const found = expandStage(stage, expansion).filter(({ id, inputs }) =>
      !whole.missing.has(id) &&
      Object.values(inputs).flat().every(({ request }) => there.has(request))
    );
    for (const { id } of found) there.add(id);
    requests.set(stage.name, found);
  }
  return { requests, leftOut };
}

/** The requests of a stage, by id, that would take fewer cells of an axis than there are. */
function partsTaken(
  stage: Stage,
  { grid, whole, axesOf }: Expansion,
): { readonly missing: ReadonlySet<string>; readonly leftOut: readonly LeftOut[] } {
  const missing = new Set<string>(), leftOut: LeftOut[] = [];
  if (stage.over.length === 0 || grid.cells.length === whole.cells.length) {
    return { missing, leftOut };
  }
  const axes = axesOf.get(stage.name)!;
  for (const { stage: source } of [...stage.inputs.values()].flat()) {
    const left = takenBy(stage, source, { axesOf, grid });
    const all = takenBy(stage, source, { axesOf, grid: whole });
    let told: LeftOut | undefined;
    for (const cell of project(grid, axes)) {
      const counts = {
        left: left.get(cellKey(cell))!.length,
        all: all.get(cellKey(cell))!.length,
      };
      if (counts.left === counts.all) continue;
      missing.add(formatCell(stage.name, axesAt(axes, cell, grid)));
      told ??= { stage, source, cells: counts };
    }
    if (told !== undefined) leftOut.push(told);
  }
  return { missing, leftOut };
}

/** The cells of a source that a stage reads, by the key of its own cell; in the order of the grid. */
function takenBy(
  stage: Stage,
  source: string,
  { axesOf, grid }: Pick<Expansion, "axesOf" | "grid">,
): ReadonlyMap<string, readonly Cell[]> {
  const axes = axesOf.get(stage.name)!, sourceAxes = axesOf.get(source)!;
  const all = new Set([...axes, ...sourceAxes]);
  const joint = grid.axes.filter((axis) => all.has(axis));
  const own = columnsOf(axes, joint), its = columnsOf(sourceAxes, joint);
  const taken = new Map<string, Cell[]>();
  for (const cell of project(grid, joint)) {
    const key = cellKey(pick(cell, own)), cells = taken.get(key);
    if (cells === undefined) taken.set(key, [pick(cell, its)]);
    else cells.push(pick(cell, its));
  }
  return taken;
}

/** The requests of some stages, and all that they depend on. */
export function withDependencies(
  requests: readonly TaskRequest[],
  stages: ReadonlySet<string>,
): readonly TaskRequest[] {
  const byId = new Map(requests.map((each) => [each.id, each]));
  const kept = new Set(
    requests.filter((each) => stages.has(each.cell.stage)).map((each) => each.id),
  );
  for (const id of kept) { // grows as dependencies are met
    for (const refs of Object.values(byId.get(id)!.inputs)) {
      for (const { request } of refs) kept.add(request);
    }
  }
  return requests.filter((each) => kept.has(each.id));
}

function expandStage(stage: Stage, expansion: Expansion): readonly TaskRequest[] {
  const { grid, axesOf, paramsOf, keptModels } = expansion;
  const taken = takenParams(stage, expansion.stages);
  const axes = axesOf.get(stage.name)!;
  const ownColumns = columnsOf(stage.ownAxes, axes);
  const references = [...stage.inputs].map(([role, refs]) => ({
    role,
    refs: refs.map(({ stage: source, output }) => ({
      source,
      output,
      sourceAxes: axesOf.get(source)!,
      cellsAt: cellsRead(stage, source, expansion),
    })),
  }));
  const positionOf = (path: string) => {
    const { node, at, keyAt } = locate(stage.given, parsePath(path) ?? [], stage.withAt);
    return node === undefined || path === "" ? keyAt : at;
  };
  return project(grid, axes).map((cell) => {
    const inputs: Record<string, readonly RequestRef[]> = {};
    for (const { role, refs } of references) {
      inputs[role] = refs.flatMap(({ source, output, sourceAxes, cellsAt }) =>
        cellsAt(cell).map((its) => ({
          request: formatCell(source, axesAt(sourceAxes, its, grid)),
          output,
        }))
      );
    }
    const values = axesAt(axes, cell, grid);
    return {
      id: formatCell(stage.name, values),
      kind: stage.kind,
      cell: { stage: stage.name, axes: values },
      params: paramsOf.get(stage.name)!.get(cellKey(pick(cell, ownColumns)))!,
      inputs,
      ...(taken.length === 0 ? {} : { taken }),
      keepsModel: keptModels.get(stage.name),
      at: stage.at,
      positionOf,
    };
  });
}

/** The cells of a source that a stage reads at one of its own. */
function cellsRead(
  stage: Stage,
  source: string,
  { axesOf, grid }: Expansion,
): (cell: Cell) => readonly Cell[] {
  const axes = axesOf.get(stage.name)!, sourceAxes = axesOf.get(source)!;
  if (sourceAxes.every((axis) => axes.includes(axis))) {
    const columns = columnsOf(sourceAxes, axes);
    return (cell) => [pick(cell, columns)];
  }
  const taken = takenBy(stage, source, { axesOf, grid });
  return (cell) => taken.get(cellKey(cell))!;
}

function columnsOf(some: readonly string[], axes: readonly string[]): readonly number[] {
  return some.map((axis) => axes.indexOf(axis));
}

function pick(cell: Cell, columns: readonly number[]): Cell {
  return columns.map((column) => cell[column]!);
}

function axesAt(axes: readonly string[], cell: Cell, grid: Grid): JsonObject {
  return Object.fromEntries(
    axes.map((axis, index) => [axis, grid.values.get(axis)![cell[index]!]!]),
  );
}
