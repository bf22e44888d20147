/**
 * Stages x cells -> requests.
 *
 * A reference resolves to the cell with the same values of the axes that both
 * stages have, which projecting the grid makes sure is there.
 */
import type { JsonObject } from "../../base/canonical.ts";
import { parsePath } from "../../base/path.ts";
import { formatCell } from "../../report/text/labels.ts";
import type { RequestRef, TaskRequest } from "../../graph/request.ts";
import type { ModelKeeping } from "../../graph/task.ts";
import { type Cell, cellKey, type Grid, project } from "./grid.ts";
import { locate } from "../yaml/node.ts";
import type { Stage } from "../stages.ts";

/** What requests are made from; every stage is sound. */
export interface Expansion {
  /** In the order of the spec. */
  readonly stages: readonly Stage[];
  /** The axes of every stage, in the order of the grid. */
  readonly axesOf: ReadonlyMap<string, readonly string[]>;
  /** The cells to expand over. */
  readonly grid: Grid;
  /** Checked params by stage, by the key of the cell on the stage's own axes. */
  readonly paramsOf: ReadonlyMap<string, ReadonlyMap<string, JsonObject>>;
  /** Why models are kept, by stage. */
  readonly keptModels: ReadonlyMap<string, ModelKeeping>;
}

/** The requests of all stages at all their cells. */
export function expand(expansion: Expansion): readonly TaskRequest[] {
  return expansion.stages.flatMap((stage) => expandStage(stage, expansion));
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
  const axes = axesOf.get(stage.name)!;
  const ownColumns = columnsOf(stage.ownAxes, axes);
  const references = [...stage.inputs].map(([role, refs]) => ({
    role,
    refs: refs.map(({ stage: source, output }) => ({
      source,
      output,
      sourceAxes: axesOf.get(source)!,
      columns: columnsOf(axesOf.get(source)!, axes),
    })),
  }));
  const positionOf = (path: string) => {
    const { node, at, keyAt } = locate(stage.given, parsePath(path) ?? [], stage.withAt);
    return node === undefined || path === "" ? keyAt : at;
  };
  return project(grid, axes).map((cell) => {
    const inputs: Record<string, readonly RequestRef[]> = {};
    for (const { role, refs } of references) {
      inputs[role] = refs.map(({ source, output, sourceAxes, columns }) => ({
        request: formatCell(source, axesAt(sourceAxes, pick(cell, columns), grid)),
        output,
      }));
    }
    const values = axesAt(axes, cell, grid);
    return {
      id: formatCell(stage.name, values),
      kind: stage.kind,
      cell: { stage: stage.name, axes: values },
      params: paramsOf.get(stage.name)!.get(cellKey(pick(cell, ownColumns)))!,
      inputs,
      keepsModel: keptModels.get(stage.name),
      at: stage.at,
      positionOf,
    };
  });
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
