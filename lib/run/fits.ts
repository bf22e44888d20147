/**
 * The curves that a spec asks for, as its tasks fitted them; of those whose task did not run,
 * since a cell failed or `--only` leaves cells out, through the scores that there are.
 */
import type { ScalingFit } from "../analysis/scaling.ts";
import { canonical, type JsonObject } from "../base/canonical.ts";
import { agreeing, counted } from "../base/count.ts";
import type { FitFact } from "../base/facts.ts";
import { compareText } from "../base/order.ts";
import type { FitSpec } from "../experiment/experiment.ts";
import { curveOf, isMeant } from "../experiment/fit_requests.ts";
import type { TaskCell } from "../graph/node.ts";
import type { FitRow } from "../store/database/rows.ts";
import type { ResultRow } from "./results.ts";

/** What curves are fitted to. */
export interface FitInput {
  /** The scores that there are. */
  readonly rows: readonly ResultRow[];
  /** Every cell of the spec, those without a score too. */
  readonly cells: readonly TaskCell[];
  /** The curve that a task fitted, with the task's key; undefined where none did. */
  readonly made?: (
    spec: FitSpec,
    curve: JsonObject,
  ) => Promise<{ readonly key: string; readonly fit: ScalingFit } | undefined>;
  /** The training that the task of a key is a point of, where there is one. */
  readonly trajectoryOf?: (key: string) => string | undefined;
}

/** The curves of a spec, each once for every combination of its `by` axes. */
export async function fitCurves(specs: readonly FitSpec[], input: FitInput): Promise<FitRow[]> {
  return (await Promise.all(specs.map((spec) => fitOne(spec, input)))).flat();
}

async function fitOne(spec: FitSpec, input: FitInput): Promise<FitRow[]> {
  const { rows, cells, made } = input;
  const { name, stage, benchmark, metric, split, against } = spec;
  const groups = new Map<string, { cell: JsonObject; asked: number; rows: ResultRow[] }>();
  const groupOf = (axes: JsonObject) => {
    const cell = curveOf(spec, axes);
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
  return await Promise.all([...groups.values()].map(async ({ cell, asked, rows }) => {
    const facts = factsOf(against);
    const placed = rows.filter(({ x }) => facts.every((fact) => x[fact] !== undefined));
    const task = await made?.(spec, cell);
    const { warnings, ...fitted } = task?.fit ?? await fitRows(spec, placed, input);
    return {
      fit: name,
      cell,
      stage,
      benchmark,
      metric,
      split,
      against,
      ...(task === undefined ? {} : { key: task.key }),
      ...fitted,
      warnings: [
        ...missing(spec, { asked, found: rows.length, placed: placed.length }),
        ...(placed.length === 0 ? [] : warnings),
        ...mixtures(placed, facts),
      ],
    };
  }));
}

/** The curve through scores, as the task `fit` makes it; cells of one task are one point. */
async function fitRows(
  { form, against }: FitSpec,
  rows: readonly ResultRow[],
  { trajectoryOf }: FitInput,
): Promise<ScalingFit> {
  // Where every curve has its task, as in a rerun, nothing is fitted here.
  const { fitPoints } = await import("../analysis/fit_points.ts");
  const once = new Map(rows.map((row) => [row.key, row]));
  const sorted = [...once.values()].sort((a, b) => compareText(a.key, b.key));
  const points = sorted.map(({ x, value, seed, key }) => ({
    xs: factsOf(against).map((fact) => x[fact]!),
    y: value,
    seed,
    trajectory: trajectoryOf?.(key),
  }));
  const { better, range } = rows[0]?.declared ?? {};
  return fitPoints(points, { form, better, range });
}

/** The facts that a fit stands against. */
function factsOf(against: FitSpec["against"]): readonly FitFact[] {
  return typeof against === "string" ? [against] : against;
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
      } no known ${factsOf(against).join(", ")}`,
    );
  }
  return warnings;
}

/** Axes that differ among points of one x, but for the seed: one curve through several. */
function mixtures(points: readonly ResultRow[], facts: readonly FitFact[]): string[] {
  const isSeed = (axis: string) => points.every(({ axes, seed }) => axes[axis] === seed);
  return Object.keys(points[0]?.axes ?? {}).filter((axis) => !isSeed(axis)).filter((axis) => {
    const valueAt = new Map<string, string>();
    return points.some(({ x, axes }) => {
      const value = canonical(axes[axis] ?? null);
      const place = facts.map((fact) => x[fact]).join(" ");
      const other = valueAt.get(place);
      valueAt.set(place, value);
      return other !== undefined && other !== value;
    });
  }).map((axis) => `mixes values of ${axis}: hold one with "at", or name it in "by"`);
}
