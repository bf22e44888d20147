/** Fits the curves that a spec asks for to the scores of its cells. */
import type { Json, JsonObject } from "../base/canonical.ts";
import { canonical } from "../base/canonical.ts";
import { fitScaling } from "../analysis/scaling.ts";
import type { FitSpec } from "../spec/experiment.ts";
import type { FitRow } from "../store/rows.ts";

/** A row of the view `results`, as far as fits and tables need it. */
export interface ResultRow {
  /** The stage that was scored. */
  readonly stage: string;
  /** The values of its axes. */
  readonly axes: JsonObject;
  /** The benchmark, "mlm" for held-out loss. */
  readonly benchmark: string;
  /** The metric, such as "f1". */
  readonly metric: string;
  /** The split that was scored. */
  readonly split: string;
  /** The seed, where the stage has one. */
  readonly seed?: number | undefined;
  /** The score. */
  readonly value: number;
  /** What it may be fitted against, absent where unknown. */
  readonly x: Readonly<Record<FitSpec["against"], number | undefined>>;
}

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
    { cell: Record<string, Json>; points: { x: number; y: number }[] }
  >();
  for (const row of chosen) {
    const cell: Record<string, Json> = { ...at };
    for (const axis of by) cell[axis] = row.axes[axis] ?? null;
    const key = canonical(cell);
    const group = groups.get(key) ?? { cell, points: [] };
    groups.set(key, group);
    const x = row.x[against];
    if (x !== undefined) group.points.push({ x, y: row.value });
  }
  if (groups.size === 0) groups.set("", { cell: { ...at }, points: [] });
  return [...groups.values()].map(({ cell, points }) => ({
    fit: name,
    cell,
    stage,
    benchmark,
    metric,
    split,
    against,
    ...fitScaling(points),
  }));
}
