/**
 * A metric against tokens or steps: which points count, the fit, what to be wary of.
 *
 * Takes rows as the results view has them and says in plain words when a fit
 * cannot be made or should not be believed.
 */
import { bootstrapPowerLaw, type Interval, LAW_PARAMETERS } from "./bootstrap.ts";
import type { Point } from "./power_law.ts";

/** A fitted scaling curve, ready to be stored. */
export interface ScalingFit {
  /** The formula that `parameters` are of, stored beside them so that a row explains itself. */
  readonly form: "limit + amplitude * x^-exponent";
  /** Points that were used. */
  readonly points: number;
  /** Absent where no fit could be made; `warnings` says why. */
  readonly parameters?: Readonly<
    Record<"limit" | "amplitude" | "exponent" | "ninetyPercentAt", number>
  >;
  /** 95 percent bootstrap intervals, by parameter. */
  readonly intervals?: Readonly<Record<string, Interval>>;
  /** Root mean squared residual in the metric's unit, and share of variance explained. */
  readonly goodness?: { readonly rmse: number; readonly rSquared?: number };
  /** Sentences to print beside the fit: points left out, why it failed or may mislead. */
  readonly warnings: readonly string[];
}

/**
 * Fits a metric against x and says what to be wary of.
 *
 * @param points with any x; those at or below 0 have no place on a power law and are left out
 */
export function fitScaling(points: readonly Point[]): ScalingFit {
  const form = "limit + amplitude * x^-exponent";
  const warnings: string[] = [];
  const usable = points.filter(({ x, y }) => x > 0 && Number.isFinite(x) && Number.isFinite(y));
  const leftOut = points.length - usable.length;
  if (leftOut > 0) {
    warnings.push(`${leftOut} of ${points.length} points left out: at x = 0, or no number`);
  }

  const distinct = [...new Set(usable.map(({ x }) => x))].sort((a, b) => a - b);
  if (distinct.length < 3 || usable.length <= LAW_PARAMETERS) {
    warnings.push(
      `not fitted: ${usable.length} points at ${distinct.length} distinct x; ` +
        `a curve of ${LAW_PARAMETERS} parameters needs at least 3 distinct x and 4 points`,
    );
    return { form, points: usable.length, warnings };
  }
  if (usable.every(({ y }) => y === usable[0]!.y)) {
    warnings.push("not fitted: the metric is the same at every x");
    return { form, points: usable.length, warnings };
  }
  const { fit, intervals, ninetyPercentAt, atBoundShare } = bootstrapPowerLaw(usable);
  if (distinct.length === 3) {
    warnings.push("3 distinct x determine the curve exactly; the intervals show seed noise only");
  }
  if (fit.atBound) {
    warnings.push("no saturation seen in this range: the limit is an extrapolation");
  } else if (atBoundShare > 0.05) {
    const percent = Math.round(100 * atBoundShare);
    warnings.push(`${percent} percent of resamples show no saturation: the limit is uncertain`);
  }
  if (ninetyPercentAt > distinct.at(-1)!) {
    warnings.push(
      "90 percent of the way to the limit lies beyond the largest x: an extrapolation",
    );
  }
  const { limit, amplitude, exponent, rmse, rSquared } = fit;
  return {
    form,
    points: usable.length,
    parameters: { limit, amplitude, exponent, ninetyPercentAt },
    intervals,
    goodness: { rmse, ...(rSquared === undefined ? {} : { rSquared }) },
    warnings,
  };
}
