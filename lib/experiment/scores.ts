/**
 * The scores that stages will have, as far as their params and what they read tell.
 *
 * They may differ from cell to cell, as where an axis names the data set, so they are known by
 * the axes that make a difference and by no others.
 */
import type { JsonObject } from "../base/canonical.ts";
import { parsePath } from "../base/path.ts";
import type { ScoreName } from "../base/measures.ts";
import type { GivenScores } from "../graph/task.ts";
import type { FaultList } from "./check/fault_list.ts";
import { type Cell, cellKey, type Grid, project } from "./grid/grid.ts";
import type { Stage, StageReference } from "./stages.ts";
import { locate } from "./yaml/node.ts";

/** What scores are found from. */
export interface ScoresOptions {
  /** Checked params by stage, by the key of the cell on the stage's own axes. */
  readonly paramsOf: ReadonlyMap<string, ReadonlyMap<string, JsonObject>>;
  /** The grid, unless a fault leaves it unknown. */
  readonly grid: Grid | undefined;
  /** Where faults go. */
  readonly faults: FaultList;
}

/** The scores of a stage at its cells. */
interface CellScores {
  /** The axes that make a difference, in the order of the grid. */
  readonly axes: readonly string[];
  /** By the key of a cell on these axes. */
  readonly at: ReadonlyMap<string, readonly ScoreName[]>;
}

const NONE: CellScores = { axes: [], at: new Map([["", []]]) };

/**
 * The scores of every stage at any of its cells; undefined where a fault leaves them unknown.
 * Stages that ask for scores which what they read has not are reported.
 *
 * @param ordered stages, each after those it refers to
 */
export function scoresOfStages(
  ordered: readonly Stage[],
  options: ScoresOptions,
): ReadonlyMap<string, readonly ScoreName[] | undefined> {
  const found = new Map<string, CellScores | undefined>();
  for (const stage of ordered) found.set(stage.name, scoresOf(stage, found, options));
  return new Map(
    [...found].map(([name, scores]) => [name, scores && distinct([...scores.at.values()].flat())]),
  );
}

/** The scores of a stage by its cells; reports what is wrong at any. */
function scoresOf(
  stage: Stage,
  known: ReadonlyMap<string, CellScores | undefined>,
  { paramsOf, grid, faults }: ScoresOptions,
): CellScores | undefined {
  const { kind, name, over } = stage;
  const references = [...stage.inputs.values()].flat();
  const isUnknown = references.some((each) => known.get(each.stage) === undefined);
  if (kind.scores === undefined && (isUnknown || kind.checkScores === undefined)) {
    return isUnknown ? undefined : NONE;
  }
  const params = paramsOf.get(name);
  if (isUnknown || grid === undefined || params === undefined) return undefined;
  const taken = over.map(({ axis }) => axis);
  const read = new Set([
    ...stage.ownAxes,
    ...references.flatMap((each) => known.get(each.stage)!.axes),
  ]);
  const joint = grid.axes.filter((axis) => read.has(axis));
  const axes = joint.filter((axis) => !taken.includes(axis));
  const own = columnsOf(stage.ownAxes, joint), its = columnsOf(axes, joint);
  const cells = Map.groupBy(project(grid, joint), (cell) => cellKey(pick(cell, its)));
  const at = new Map<string, readonly ScoreName[]>();
  for (const [key, group] of cells) {
    const there = params.get(cellKey(pick(group[0]!, own)));
    if (there === undefined) return undefined;
    const given = givenTo(stage, (reference) => scoresRead(reference, { known, group, joint }));
    checkScores(stage, { params: there, given, faults });
    at.set(key, kind.scores?.(there, given) ?? []);
  }
  return withoutIdleAxes({ axes, at });
}

/** By role, the scores of each stage that stands in it, at each of its cells that differ. */
function givenTo(
  { inputs }: Stage,
  scoresAt: (reference: StageReference) => readonly (readonly ScoreName[])[],
): GivenScores {
  return Object.fromEntries(
    [...inputs].map(([role, references]) => [role, references.flatMap(scoresAt)]),
  );
}

/** The scores of a stage that is read, at the cells that differ. */
function scoresRead(
  { stage }: StageReference,
  { known, group, joint }: {
    readonly known: ReadonlyMap<string, CellScores | undefined>;
    readonly group: readonly Cell[];
    readonly joint: readonly string[];
  },
): readonly (readonly ScoreName[])[] {
  const { axes, at } = known.get(stage)!, columns = columnsOf(axes, joint);
  return [...new Set(group.map((cell) => cellKey(pick(cell, columns))))].map((key) => at.get(key)!);
}

/** The same, known by fewer axes: without those whose value changes nothing. */
function withoutIdleAxes({ axes, at }: CellScores): CellScores {
  const ids = new Map(
    [...at].map(([key, scores]) => [key, scores.map(idOf).toSorted().join("\n")]),
  );
  let left: CellScores = { axes, at };
  for (const axis of axes) {
    const columns = left.axes.flatMap((each, column) => each === axis ? [] : [column]);
    const fewer = new Map<string, readonly ScoreName[]>(), seen = new Map<string, string>();
    const isIdle = left.at.entries().every(([key, scores]) => {
      const rest = columns.map((column) => key.split(",")[column]!).join(",");
      const id = ids.get(key)!, before = seen.get(rest) ?? id;
      seen.set(rest, id);
      fewer.set(rest, scores);
      return before === id;
    });
    if (!isIdle) continue;
    left = { axes: left.axes.filter((each) => each !== axis), at: fewer };
    for (const [rest, id] of seen) ids.set(rest, id);
  }
  return left;
}

function idOf({ benchmark, metric, split }: ScoreName): string {
  return `${benchmark}\0${metric}\0${split}`;
}

function distinct(scores: readonly ScoreName[]): readonly ScoreName[] {
  const found = new Map<string, ScoreName>();
  for (const { benchmark, metric, split } of scores) {
    const name = { benchmark, metric, split }, id = idOf(name);
    if (!found.has(id)) found.set(id, name);
  }
  return [...found.values()];
}

function columnsOf(some: readonly string[], axes: readonly string[]): readonly number[] {
  return some.map((axis) => axes.indexOf(axis));
}

function pick(cell: Cell, columns: readonly number[]): Cell {
  return columns.map((column) => cell[column]!);
}

function checkScores(
  { name, kind, given: written, withAt }: Stage,
  { params, given, faults }: {
    readonly params: JsonObject;
    readonly given: GivenScores;
    readonly faults: FaultList;
  },
): void {
  for (const { path, message, mend } of kind.checkScores?.(params, given) ?? []) {
    const { node, at, keyAt } = locate(written, parsePath(path) ?? [], withAt);
    faults.add("experiment/params", `stage "${name}": ${message}`, {
      at: node === undefined ? keyAt : at,
      mend,
    });
  }
}
