/**
 * The measured grid as curves: a metric over each swept axis, one curve for every
 * combination of the other axes.
 *
 * Numbers only; how they look is the concern of `curves_spec.ts`.
 */
import { SATURATING_FORM } from "../../analysis/fit_forms.ts";
import { evaluate, type PowerLaw } from "../../analysis/power_law.ts";
import { rootMeanSquare, summarise } from "../../analysis/noise.ts";
import type { CurveShape, StudyFit } from "../../analysis/scaling.ts";
import type { Json, JsonObject } from "../../base/canonical.ts";
import { greatestOf, leastOf } from "../../base/extremes.ts";
import type { KnownFacts } from "../../base/facts.ts";
import type { Metric } from "../../base/measures.ts";
import { type GridRow, nameOfScore, sampleOf, sweptAxes } from "../text/grid.ts";
import { formatAxisValue } from "../text/labels.ts";
import type { PublishedValue } from "../text/published.ts";
import { unitOf } from "../text/units.ts";

/** A row of results, with what it may be fitted against. */
export interface CurveRow extends GridRow {
  /** What is known of the training that was measured: fits stand against it. */
  readonly x: KnownFacts;
}

/** A measured point of a curve, in the unit that is shown: percent for fractions. */
export interface CurvePoint {
  /** The value of the axis. */
  readonly x: number | string;
  /** The mean over seeds. */
  readonly y: number;
  /** One standard deviation over seeds below, or one standard error for a single seed. */
  readonly low?: number;
  /** The same above. */
  readonly high?: number;
}

/** A curve of a panel. */
export interface Curve {
  /** The values of the other axes: "800", or "large, 800"; empty if there are none. */
  readonly label: string;
  /** From the smallest x on. */
  readonly points: readonly CurvePoint[];
  /** The fitted law between the points, if there is one that means something. */
  readonly fitted?: readonly { readonly x: number; readonly y: number }[];
}

/** One metric over one axis. */
export interface Panel {
  /** The stage that was measured. */
  readonly stage: string;
  /** Benchmark, split, metric and unit. */
  readonly metric: string;
  /** The axis that runs across. */
  readonly axis: string;
  /** Whether x is a number, and whether it is shown by its logarithm. */
  readonly scale: "log" | "linear" | "names";
  /** The axes that tell the curves apart. */
  readonly others: readonly string[];
  /** The least and the greatest value that the metric can have, where that is known. */
  readonly range?: readonly [least: number, most: number];
  /** In the order of the spec. */
  readonly curves: readonly Curve[];
  /** Stages without swept axes that have the same score, and what others published of it. */
  readonly levels: readonly Level[];
}

/** A line across a panel. */
export interface Level {
  /** What stands there. */
  readonly label: string;
  /** In the unit that is shown. */
  readonly y: number;
  /** Whether others published it. */
  readonly isPublished: boolean;
}

/**
 * Panels of all rows: for each stage and metric that has a number, one for every swept axis.
 *
 * @param published what others measured on test parts of the same benchmarks
 */
export function curvePanels(
  rows: readonly CurveRow[],
  fits: readonly StudyFit[],
  published: readonly PublishedValue[] = [],
): Panel[] {
  const stages = [...Map.groupBy(rows, (row) => row.stage)]
    .map(([stage, ofStage]) => ({ stage, ofStage, axes: sweptAxes(ofStage) }));
  const levels = stages.filter(({ axes }) => axes.length === 0).flatMap(({ ofStage }) => ofStage);
  return stages.flatMap(({ stage, ofStage, axes }) =>
    [...Map.groupBy(ofStage, nameOfScore)].flatMap(([metric, same]) =>
      axes.flatMap((axis): Panel[] => {
        const others = axes.filter((name) => name !== axis);
        const values = [...new Set(same.map((row) => row.axes[axis]))];
        if (values.length < 2) return [];
        const scale = scaleOf(values);
        const { benchmark, split, metric: name, declared } = same[0]!;
        const range = rangeOf(declared);
        const ofScore = fits.filter((fit) =>
          fit.stage === stage && fit.benchmark === benchmark && fit.split === split &&
          fit.metric === name && fit.form === SATURATING_FORM
        );
        const curves = curvesOf(same, { axis, others, scale, fits: ofScore });
        if (curves.length === 0) return [];
        return [{
          stage,
          metric,
          axis,
          scale,
          others,
          ...(range === undefined ? {} : { range }),
          curves,
          levels: [
            ...levelsOf(levels.filter((row) => nameOfScore(row) === metric)),
            ...(split === "test"
              ? publishedOf(published, { benchmark, metric: name, declared })
              : []),
          ],
        }];
      })
    )
  );
}

/** Numbers over two doublings and more are shown by their logarithm. */
const LOG_FROM_RATIO = 4;

function scaleOf(values: readonly (Json | undefined)[]): Panel["scale"] {
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length < values.length) return "names";
  const least = leastOf(numbers);
  return least > 0 && greatestOf(numbers) / least >= LOG_FROM_RATIO ? "log" : "linear";
}

/** The metric's range in the unit that is shown. */
function rangeOf(declared: Metric | undefined): Panel["range"] {
  const { factor } = unitOf(declared);
  const range = declared?.range;
  return range === undefined ? undefined : [factor * range[0], factor * range[1]];
}

interface CurveContext {
  readonly axis: string;
  readonly others: readonly string[];
  readonly scale: Panel["scale"];
  readonly fits: readonly StudyFit[];
}

function curvesOf(rows: readonly CurveRow[], context: CurveContext): Curve[] {
  const { axis, others, scale, fits } = context;
  const { declared } = rows[0]!;
  const { factor } = unitOf(declared);
  return [...Map.groupBy(rows, (row) => labelOf(others, row.axes))].flatMap(([label, ofCurve]) => {
    const groups = [
      ...Map.groupBy(ofCurve, (row) => formatAxisValue(row.axes[axis] ?? null)).values(),
    ];
    if (scale !== "names") {
      groups.sort((a, b) => Number(a[0]!.axes[axis]) - Number(b[0]!.axes[axis]));
    }
    const points = groups.map((group) => pointOf(group, { axis, scale }))
      .filter(({ y }) => Number.isFinite(y));
    if (points.length === 0) return [];
    const fit = scale === "names"
      ? undefined
      : fits.find((each) => isOfCurve(each, { axis, others, cell: ofCurve[0]!.axes }));
    const fitted = fit === undefined ? undefined : fittedOf(fit, { groups, axis, factor });
    return [{ label, points, ...(fitted === undefined ? {} : { fitted }) }];
  });
}

/** The values of the other axes; the legend's title names the axes. */
function labelOf(others: readonly string[], axes: JsonObject): string {
  return others.map((name) => formatAxisValue(axes[name] ?? null)).join(", ");
}

function pointOf(
  rows: readonly CurveRow[],
  { axis, scale }: Pick<CurveContext, "axis" | "scale">,
): CurvePoint {
  const { declared } = rows[0]!;
  const { factor } = unitOf(declared);
  const value = rows[0]!.axes[axis] ?? null;
  const x = scale === "names" ? formatAxisValue(value) : Number(value);
  const { values, standardErrors = [] } = sampleOf(rows);
  const { mean, deviation } = summarise(values);
  const spread = deviation ??
    (standardErrors.length === 0 ? undefined : rootMeanSquare(standardErrors));
  const y = factor * mean;
  if (spread === undefined) return { x, y };
  // A deviation may reach where no value can be.
  const [least, most] = rangeOf(declared) ?? [-Infinity, Infinity];
  const low = Math.max(least, y - factor * spread), high = Math.min(most, y + factor * spread);
  return { x, y, low, high };
}

/** Whether a fit is of this curve: it holds or splits just the other axes, at their values. */
function isOfCurve(
  { cell }: StudyFit,
  { axis, others, cell: axes }: {
    readonly axis: string;
    readonly others: readonly string[];
    readonly cell: JsonObject;
  },
): boolean {
  return !Object.hasOwn(cell, axis) &&
    others.every((name) => Object.hasOwn(cell, name) && cell[name] === axes[name]);
}

/** Shapes whose law says something between the points. */
const DRAWN: ReadonlySet<CurveShape> = new Set([
  "saturating",
  "saturated",
  "unsaturated",
  "unbounded",
]);

/** Points of the law from one measured x to the next. */
const SAMPLES = 16;

/**
 * The law where it was measured. A law stands against a fact and the panel against an
 * axis; between two measured values of the axis the fact is taken to grow as the axis does.
 */
function fittedOf(
  { parameters, shape, against }: StudyFit,
  { groups, axis, factor }: {
    readonly groups: readonly (readonly CurveRow[])[];
    readonly axis: string;
    readonly factor: number;
  },
): { x: number; y: number }[] | undefined {
  if (parameters === undefined || shape === undefined || !DRAWN.has(shape)) return undefined;
  const law = parameters as unknown as PowerLaw;
  const places = groups.flatMap(([row]) => {
    const facts: Readonly<Record<string, number | undefined>> = row!.x;
    const x = Number(row!.axes[axis]), fact = facts[String(against)];
    return x > 0 && fact !== undefined && fact > 0 ? [{ x, fact }] : [];
  });
  if (places.length === 0) return undefined;
  const at = (x: number, fact: number) => ({ x, y: factor * evaluate(law, fact) });
  return places.flatMap(({ x, fact }, i) => {
    const next = places[i + 1];
    if (next === undefined) return [at(x, fact)];
    return Array.from({ length: SAMPLES }, (_, sample) => {
      const share = sample / SAMPLES;
      return at(x * (next.x / x) ** share, fact * (next.fact / fact) ** share);
    });
  });
}

/** Stages that stand at one level, as a model and its start do, share a line. */
function levelsOf(rows: readonly CurveRow[]): Level[] {
  return merged(
    [...Map.groupBy(rows, (row) => row.stage)].flatMap(([label, same]) => {
      const y = unitOf(same[0]!.declared).factor * summarise(same.map(({ value }) => value)).mean;
      return Number.isFinite(y) ? [{ label, y, isPublished: false }] : [];
    }),
  );
}

function publishedOf(
  published: readonly PublishedValue[],
  { benchmark, metric, declared }: Pick<GridRow, "benchmark" | "metric" | "declared">,
): Level[] {
  const { factor, show } = unitOf(declared);
  const same = published.filter((each) => each.benchmark === benchmark && each.metric === metric);
  return merged(same.map(({ model, value }) => (
    { label: `${model} ${show(value)}`, y: factor * value, isPublished: true }
  )));
}

function merged(levels: readonly Level[]): Level[] {
  return [...Map.groupBy(levels, ({ y }) => y).values()].map((same) => (
    { ...same[0]!, label: same.map(({ label }) => label).join(", ") }
  ));
}
