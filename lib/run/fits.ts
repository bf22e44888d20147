/** Fits the curves that a spec asks for to the scores of its cells. */
import { fitScaling } from "../analysis/scaling.ts";
import { canonical, type Json, type JsonObject } from "../base/canonical.ts";
import { agreeing, counted } from "../base/count.ts";
import type { FitFact } from "../base/facts.ts";
import type { FitSpec } from "../experiment/experiment.ts";
import type { TaskCell } from "../graph/task.ts";
import type { FitRow } from "../store/database/rows.ts";
import type { ResultRow } from "./results.ts";

/** What curves are fitted to. */
export interface FitInput {
  /** The scores that there are. */
  readonly rows: readonly ResultRow[];
  /** Every cell of the spec, those without a score too. */
  readonly cells: readonly TaskCell[];
  /** The training that the task of a key is a point of, where there is one. */
  readonly trajectoryOf?: (key: string) => string | undefined;
}

/** The curves of a spec, each once for every combination of its `by` axes. */
export function fitCurves(specs: readonly FitSpec[], input: FitInput): FitRow[] {
  return specs.flatMap((spec) => fitOne(spec, input));
}

function fitOne(spec: FitSpec, { rows, cells, trajectoryOf }: FitInput): FitRow[] {
  const { name, stage, benchmark, metric, split, against } = spec;
  const groups = new Map<string, { cell: JsonObject; asked: number; rows: ResultRow[] }>();
  const groupOf = (axes: JsonObject) => {
    const cell = cellOf(spec, axes);
    const key = canonical(cell);
    const group = groups.get(key) ?? { cell, asked: 0, rows: [] };
    groups.set(key, group);
    return group;
  };
  for (const each of cells) if (isMeant(spec, each)) groupOf(each.axes).asked++;
  for (const row of rows) {
    const isMeasured = row.benchmark === benchmark && row.metric === metric && row.split === split;
    if (isMeasured && isMeant(spec, row)) groupOf(row.axes).rows.push(row);
  }
  if (groups.size === 0) groupOf({});
  return [...groups.values()].map(({ cell, asked, rows }) => {
    const placed = rows.filter(({ x }) => x[against] !== undefined);
    const points = placed.map(({ x, value, seed, key }) => (
      { x: x[against]!, y: value, seed, trajectory: trajectoryOf?.(key) }
    ));
    const { warnings, ...fit } = fitScaling(points, rows[0]?.declared);
    return {
      fit: name,
      cell,
      stage,
      benchmark,
      metric,
      split,
      against,
      ...fit,
      warnings: [
        ...missing(spec, { asked, found: rows.length, placed: placed.length }),
        ...(placed.length === 0 ? [] : warnings),
        ...mixtures(placed, against),
      ],
    };
  });
}

/** Whether a cell is of the fit's stage, and at the values that it holds. */
function isMeant({ stage, at = {} }: FitSpec, cell: TaskCell): boolean {
  return cell.stage === stage &&
    Object.entries(at).every(([axis, value]) => cell.axes[axis] === value);
}

/** The values of the axes that tell a curve from the others of its fit. */
function cellOf({ at = {}, by = [] }: FitSpec, axes: JsonObject): JsonObject {
  const cell: Record<string, Json> = { ...at };
  for (const axis of by) cell[axis] = axes[axis] ?? null;
  return cell;
}

/** Points that there should be and are not. */
function missing(
  { stage, benchmark, metric, split, against }: FitSpec,
  { asked, found, placed }: { asked: number; found: number; placed: number },
): string[] {
  const score = `${benchmark} ${split} ${metric}`;
  if (asked === 0 && found === 0) return [`no cell of stage ${stage} is meant`];
  if (found === 0) {
    return [`none of ${counted(asked, "cell")} of stage ${stage} has a score ${score}`];
  }
  const warnings: string[] = [];
  if (found < asked) {
    warnings.push(
      `${asked - found} of ${counted(asked, "cell")} ${
        agreeing(asked - found, "has", "have")
      } no score ${score} yet`,
    );
  }
  if (placed < found) {
    warnings.push(
      `${found - placed} of ${counted(found, "score")} ${
        agreeing(found - placed, "has", "have")
      } no known ${against}`,
    );
  }
  return warnings;
}

/** Axes that differ among points of one x, but for the seed: one curve through several. */
function mixtures(points: readonly ResultRow[], against: FitFact): string[] {
  const isSeed = (axis: string) => points.every(({ axes, seed }) => axes[axis] === seed);
  return Object.keys(points[0]?.axes ?? {}).filter((axis) => !isSeed(axis)).filter((axis) => {
    const valueAt = new Map<number, string>();
    return points.some(({ x, axes }) => {
      const value = canonical(axes[axis] ?? null);
      const other = valueAt.get(x[against]!);
      valueAt.set(x[against]!, value);
      return other !== undefined && other !== value;
    });
  }).map((axis) => `mixes values of ${axis}: hold one with "at", or name it in "by"`);
}
