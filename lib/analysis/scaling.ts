/**
 * A metric against tokens or steps: which points count, the fit, what to be wary of.
 *
 * Takes measured points and says in plain words when a fit cannot be made, what the
 * law cannot say of them, and when its intervals should not be believed.
 */
import type { JsonObject } from "../base/canonical.ts";
import { counted } from "../base/count.ts";
import { greatestOf, leastOf } from "../base/extremes.ts";
import { SATURATING_FORM } from "./fit_forms.ts";
import type { FitParameter, Interval, LawIntervals } from "./interval.ts";
import { dependenceOf, lawIntervals, type SharingPoint } from "./intervals.ts";
import {
  evaluate,
  fitPowerLaw,
  LAW_PARAMETERS,
  type Point,
  type PowerLawFit,
  reach,
} from "./power_law.ts";
import { chanceOfConstant, findTurn, LEAST_SURPRISE } from "./shape.ts";

/** What is known of the metric. */
export interface ScalingOptions {
  /** Which way is better; absent where neither is. */
  readonly better?: "lower" | "higher" | undefined;
  /** The least and the greatest value that the metric can have. */
  readonly range?: readonly [least: number, most: number] | undefined;
}

/**
 * What the points look like: "saturating", the limit is approached; "saturated" at once,
 * between the two smallest x; "unsaturated", the limit is an extrapolation; "unbounded", the
 * curve leaves the metric's range, so that there is no limit; "turning", first one way and
 * then the other; "flat", no dependence on x is shown.
 */
export type CurveShape =
  | "saturating"
  | "saturated"
  | "unsaturated"
  | "unbounded"
  | "turning"
  | "flat";

/** What a curve says of an x. */
export interface Prediction {
  /** Where; of several variables that which was doubled. */
  readonly x: number;
  /** Of a law of several variables, all of them in its order. */
  readonly at?: readonly number[];
  /** The curve's value there, in the metric's unit. */
  readonly value: number;
  /** What the curve's value may be, 95 percent; the scatter of single points is not in it. */
  readonly interval?: Interval;
}

/** A fitted scaling curve, ready to be stored. */
export interface ScalingFit {
  /** The formula that `parameters` are of, stored beside them so that a row explains itself. */
  readonly form: string;
  /** Points that were used. */
  readonly points: number;
  /** Absent where no fit could be made; `warnings` says why. */
  readonly parameters?: Readonly<Record<string, number>>;
  /** 95 percent intervals, by parameter; absent where none is true, and `warnings` says why. */
  readonly intervals?: Readonly<Record<string, Interval>>;
  /**
   * What the curve says of twice the largest x, or of the largest run with twice its tokens;
   * absent where no fit could be made, and of laws without tokens.
   */
  readonly next?: Prediction;
  /**
   * Whether there is a limit to speak of; absent where no fit could be made, and of laws of
   * several variables.
   */
  readonly shape?: CurveShape;
  /** How well the curve describes the points. */
  readonly goodness?: {
    /** Root mean squared residual in the metric's unit. */
    readonly rmse: number;
    /** Share of the variance explained; absent of laws of several variables. */
    readonly rSquared?: number;
    /** How often points that do not depend on x would be described as well; likewise. */
    readonly chanceOfConstant?: number;
    /** As rmse, at the largest runs, of the curve fitted without them; absent for too few. */
    readonly heldOutRmse?: number;
  };
  /** Sentences to print beside the fit: points left out, why it failed or may mislead. */
  readonly warnings: readonly string[];
}

/** A fit that a spec asks for, and the scores that it is of. */
export interface StudyFit extends ScalingFit {
  /** The fit's name in the spec. */
  readonly fit: string;
  /** The values of the axes that it is made for. */
  readonly cell: JsonObject;
  /** The stage whose scores are fitted. */
  readonly stage: string;
  /** What the scores were evaluated on, such as a data set. */
  readonly benchmark: string;
  /** What was measured: "f1", "lossNats", ... */
  readonly metric: string;
  /** "validation", "dev" or "test". */
  readonly split: string;
  /** What stands on the horizontal axis, or on several. */
  readonly against: string | readonly string[];
}

/** What is left of a curve is lost in noise below so many times its residual. */
const NOISE_ERRORS = 2;

/** R² below this is said to leave much unexplained. */
const POOR_R_SQUARED = 0.8;

/**
 * Fits a metric against x and says what to be wary of.
 *
 * @param points with any x; those at or below 0 have no place on a power law and are left out
 */
export function fitScaling(
  points: readonly SharingPoint[],
  options: ScalingOptions = {},
): ScalingFit {
  const form = SATURATING_FORM;
  const usable = points.filter(({ x, y }) => x > 0 && Number.isFinite(x) && Number.isFinite(y));
  const leftOut = points.length - usable.length;
  const warnings = leftOut === 0
    ? []
    : [`${leftOut} of ${points.length} points left out: at x = 0, or no number`];
  const whyNot = whyNotFitted(usable);
  if (whyNot !== undefined) return { form, points: usable.length, warnings: [...warnings, whyNot] };

  const fit = fitPowerLaw(usable);
  const { limit, amplitude, exponent, rmse, rSquared = 0 } = fit;
  const xs = usable.map(({ x }) => x);
  const ninetyPercentAt = reach(fit, leastOf(xs), 0.9);
  const [shape, warningsOfShape] = shapeOf(usable, { fit, ninetyPercentAt }, options);
  const nextX = 2 * greatestOf(xs);
  const { intervals: found, whyNone } = lawIntervals(usable, { xs: [nextX] });
  const intervals = found === undefined ? undefined : withinRange(found, options.range);
  const next = { x: nextX, value: evaluate(fit, nextX) };
  const heldOutRmse = heldOutError(usable);
  const isMeaningful = shape !== "turning" && shape !== "flat";
  return {
    form,
    points: usable.length,
    parameters: { limit, amplitude, exponent, ninetyPercentAt },
    ...(intervals === undefined ? { next } : {
      intervals: intervals.parameters,
      next: { ...next, interval: intervals.next },
    }),
    shape,
    goodness: {
      rmse,
      rSquared,
      chanceOfConstant: chanceOfConstant(rSquared, usable.length),
      ...(heldOutRmse === undefined ? {} : { heldOutRmse }),
    },
    warnings: [
      ...warnings,
      ...warningsOfShape,
      ...(isMeaningful
        ? [
          ...(whyNone === undefined ? [] : [whyNone]),
          ...warningsOfForetelling(heldOutRmse, rmse),
          ...warningsOfIntervals(usable, { fit, shape, intervals: intervals?.parameters }),
        ]
        : []),
    ],
  };
}

/** How far off a curve is at the largest x that was fitted without it. */
function heldOutError(points: readonly Point[]): number | undefined {
  const largest = greatestOf(points.map(({ x }) => x));
  const kept = points.filter(({ x }) => x < largest);
  if (whyNotFitted(kept) !== undefined) return undefined;
  const fit = fitPowerLaw(kept);
  const residuals = points.filter(({ x }) => x === largest).map(({ x, y }) => y - evaluate(fit, x));
  return Math.sqrt(residuals.reduce((sum, each) => sum + each * each, 0) / residuals.length);
}

/** An error at the largest x so many times that of the fit is told. */
const FAR_OFF = 4;

function warningsOfForetelling(heldOutRmse: number | undefined, rmse: number): string[] {
  if (heldOutRmse === undefined || heldOutRmse <= FAR_OFF * rmse) return [];
  return [
    `fitted without its largest x, the curve is off there by ${short(heldOutRmse)}, ` +
    `${short(heldOutRmse / rmse)} times its error: do not trust it further out`,
  ];
}

/** Intervals cut to what the metric can be: what lies outside is not so in any case. */
function withinRange(
  { values, limit, amplitude, exponent, ninetyPercentAt }: LawIntervals,
  range: ScalingOptions["range"] = [-Infinity, Infinity],
): { parameters: Readonly<Record<FitParameter, Interval>>; next: Interval } {
  const cut = (value: number) => Math.min(range[1], Math.max(range[0], value));
  const within = ({ low, high }: Interval) => ({ low: cut(low), high: cut(high) });
  return {
    parameters: { limit: within(limit), amplitude, exponent, ninetyPercentAt },
    next: within(values[0]!),
  };
}

function whyNotFitted(points: readonly Point[]): string | undefined {
  const distinct = distinctOf(points.map(({ x }) => x));
  if (distinct < 3 || points.length <= LAW_PARAMETERS) {
    return `not fitted: ${counted(points.length, "point")} at ${distinct} distinct x; ` +
      `a curve of ${LAW_PARAMETERS} parameters needs at least 3 distinct x and 4 points`;
  }
  if (points.every(({ y }) => y === points[0]!.y)) {
    return "not fitted: the metric is the same at every x";
  }
  return undefined;
}

/** A fit, and how far it has come. */
interface FittedCurve {
  readonly fit: PowerLawFit;
  readonly ninetyPercentAt: number;
}

/** The shape of the points, and what the law cannot say of them. */
function shapeOf(
  points: readonly Point[],
  fitted: FittedCurve,
  options: ScalingOptions,
): [CurveShape, string[]] {
  const { rmse, rSquared = 0 } = fitted.fit;
  const turn = findTurn(points, rmse ** 2 * points.length);
  if (turn !== undefined) {
    const [before, after] = turn.isValley ? ["falls", "rises"] : ["rises", "falls"];
    return ["turning", [
      `the metric ${before} up to x = ${turn.at} and ${after} beyond: ` +
      "the law can go one way only, so limit and exponent mean nothing",
    ]];
  }
  const chance = chanceOfConstant(rSquared, points.length);
  if (chance > LEAST_SURPRISE) {
    return ["flat", [
      `no dependence on x is shown: R² ${rSquared.toFixed(2)}, and ${percent(chance)} of studies ` +
      "in which x does nothing look like this; limit and exponent mean nothing",
    ]];
  }
  const [shape, warnings] = shapeOfLimit(points, fitted, options);
  return [shape, [...warningsOfDirection(points, fitted, options), ...warnings]];
}

function warningsOfDirection(
  points: readonly Point[],
  { fit }: FittedCurve,
  { better }: ScalingOptions,
): string[] {
  const warnings: string[] = [];
  const { rSquared = 0 } = fit;
  if (rSquared < POOR_R_SQUARED) {
    warnings.push(
      `R² ${rSquared.toFixed(2)}: the curve leaves ${percent(1 - rSquared)} of the variance ` +
        "unexplained",
    );
  }
  if (better !== undefined && (better === "lower") !== fit.amplitude > 0) {
    const xs = points.map(({ x }) => x);
    const [from, to] = [leastOf(xs), greatestOf(xs)];
    warnings.push(
      `the metric gets worse with x: ${short(evaluate(fit, from))} at ${from}, ` +
        `${short(evaluate(fit, to))} at ${to}; ${better} is better`,
    );
  }
  return warnings;
}

function shapeOfLimit(
  points: readonly Point[],
  { fit, ninetyPercentAt }: FittedCurve,
  { range }: ScalingOptions,
): [CurveShape, string[]] {
  if (range !== undefined && (fit.limit < range[0] || fit.limit > range[1])) {
    return ["unbounded", [
      `there is no limit: the curve heads for ${short(fit.limit)}, and the metric ` +
      (Number.isFinite(range[1])
        ? `lies between ${range[0]} and ${range[1]}`
        : `is never below ${range[0]}`),
    ]];
  }
  const [first, second, ...others] = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const isLost = Math.abs(evaluate(fit, second!) - fit.limit) < NOISE_ERRORS * fit.rmse;
  if (fit.atBound === "most" || isLost && reach(fit, first!, 0.9) <= second!) {
    return ["saturated", [
      "saturated at once: the change lies between the two smallest x, and how fast it went " +
      "cannot be told",
    ]];
  }
  if (fit.atBound === "least") {
    return ["unsaturated", ["no saturation seen in this range: the limit is an extrapolation"]];
  }
  if (ninetyPercentAt <= others.at(-1)!) return ["saturating", []];
  return ["unsaturated", [
    "90 percent of the way to the limit lies beyond the largest x: an extrapolation",
  ]];
}

/** What intervals do not hold, and where they do not end. */
function warningsOfIntervals(
  points: readonly SharingPoint[],
  { fit, shape, intervals }: {
    readonly fit: PowerLawFit;
    readonly shape: CurveShape;
    readonly intervals: Readonly<Record<FitParameter, Interval>> | undefined;
  },
): string[] {
  const warnings: string[] = [];
  if (distinctOf(points.map(({ x }) => x)) === 3) {
    warnings.push("3 distinct x determine the curve exactly: that it is such a curve is not seen");
  }
  if (intervals === undefined) return warnings;
  const { exponent } = intervals;
  if (exponent.low === 0 && fit.atBound !== "least") {
    warnings.push("the points do not tell saturation from none: the limit may lie anywhere beyond");
  }
  if (exponent.high === Infinity && shape !== "saturated") {
    warnings.push("the points do not tell how fast it saturates: it may be so at once");
  }
  if (dependenceOf(points).by === "clusters") return warnings;
  const seeds = distinctOf(points.map(({ seed }) => seed));
  if (seeds === 1) {
    warnings.push("one seed: the intervals hold no difference between seeds");
  } else if (seeds === 2) {
    warnings.push("2 seeds: the intervals are of the curve of these two; from 3 on, of any seed's");
  }
  return warnings;
}

function distinctOf(values: readonly unknown[]): number {
  return new Set(values).size;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} percent`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
