/** Fits the curves that a spec asks for to the scores of its cells. */
import { canonical, type Json } from "../base/canonical.ts";
import { fitScaling } from "../analysis/scaling.ts";
import type { FitSpec } from "../experiment/experiment.ts";
import type { FitRow } from "../store/database/rows.ts";
import type { ResultRow } from "./results.ts";

/** The curves of a spec, each once for every combination of its `by` axes. */
export function fitCurves(specs: readonly FitSpec[], rows: readonly ResultRow[]): FitRow[] {
  return specs.flatMap((spec) => fitOne(spec, rows));
}

function fitOne(spec: FitSpec, rows: readonly ResultRow[]): FitRow[] {
  const { name, stage, benchmark, metric, split, against, at = {}, by = [] } = spec;
  const chosen = rows.filter((row) =>
    row.stage === stage && row.benchmark === benchmark && row.metric === metric &&
    row.split === split && Object.entries(at).every(([axis, value]) => row.axes[axis] === value)
  );
  const groups = new Map<
    string,
    { cell: Record<string, Json>; rows: ResultRow[] }
  >();
  for (const row of chosen) {
    const cell: Record<string, Json> = { ...at };
    for (const axis of by) cell[axis] = row.axes[axis] ?? null;
    const key = canonical(cell);
    const group = groups.get(key) ?? { cell, rows: [] };
    groups.set(key, group);
    if (row.x[against] !== undefined) group.rows.push(row);
  }
  if (groups.size === 0) groups.set("", { cell: { ...at }, rows: [] });
  return [...groups.values()].map(({ cell, rows: points }) => {
    const fit = fitScaling(points.map(({ x, value }) => ({ x: x[against]!, y: value })));
    const warnings = [...fit.warnings, ...mixtures(points, against)];
    return { fit: name, cell, stage, benchmark, metric, split, against, ...fit, warnings };
  });
}

/** Axes that differ among points of one x, but for the seed: one curve through several. */
function mixtures(points: readonly ResultRow[], against: FitSpec["against"]): string[] {
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
