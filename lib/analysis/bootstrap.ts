/**
 * Bootstrap intervals of a fitted law's parameters.
 *
 * Residuals are resampled, not points: with a handful of x values a resample of
 * points often has too few distinct x to fit. Residuals are widened by
 * sqrt(n / (n - p)), as a fit with p parameters makes them too small. The intervals
 * are too narrow with few points, and where points depend on each other, as those
 * of one training do; by how much, `tests/bench/coverage.ts` measures.
 *
 * @see Efron and Tibshirani, "An Introduction to the Bootstrap", ch. 9
 */
import { Stream } from "../base/rng.ts";
import { evaluate, type Point, type PowerLawFit, PowerLawFitter, reach } from "./power_law.ts";

/** A 95 percent interval, or another if asked for. */
export interface Interval {
  /** The lower end, a quantile of the resampled values and in their unit. */
  readonly low: number;
  /** The upper end, likewise. */
  readonly high: number;
}

/** What a fit tells: the law's parameters, and what follows from them. */
export type FitParameter = "limit" | "amplitude" | "exponent" | "ninetyPercentAt";

/** A fit with intervals. */
export interface BootstrappedFit {
  /** The fit to the measured points themselves. */
  readonly fit: PowerLawFit;
  /** x at which 90 percent of the way from the smallest x to the limit is gone. */
  readonly ninetyPercentAt: number;
  /** By parameter, from the fits to the resampled points. */
  readonly intervals: Readonly<Record<FitParameter, Interval>>;
  /** Shares of resamples whose exponent ended at an end of the searched range. */
  readonly atBoundShares: { readonly least: number; readonly most: number };
}

/** Parameters that the law has. */
export const LAW_PARAMETERS = 3;

/**
 * Fits the saturating power law and resamples its residuals.
 *
 * @param points at least four, with three distinct x, each above 0
 * @param options.seed of the resamples, 0 unless given: the same points give the same intervals
 * @param options.confidence 0.95 unless given
 */
export function bootstrapPowerLaw(
  points: readonly Point[],
  options: { resamples?: number; seed?: number; confidence?: number } = {},
): BootstrappedFit {
  const { resamples = 1000, seed = 0, confidence = 0.95 } = options;
  const count = points.length;
  if (count <= LAW_PARAMETERS) throw new Error("intervals need more points than parameters");
  const fitter = new PowerLawFitter(points.map(({ x }) => x));
  const fit = fitter.fit(points.map(({ y }) => y));
  const from = Math.min(...points.map(({ x }) => x));
  const widen = Math.sqrt(count / (count - LAW_PARAMETERS));
  const fitted = points.map(({ x }) => evaluate(fit, x));
  const residuals = points.map(({ y }, i) => (y - fitted[i]!) * widen);

  const draws = Array.from({ length: resamples }, (_, resample) => {
    const stream = new Stream(seed, "analysis/bootstrap", resample);
    return fitter.fit(fitted.map((each) => each + residuals[stream.below(count)]!));
  });
  const interval = (of: (fit: PowerLawFit) => number): Interval => {
    const sorted = Float64Array.from(draws, of).sort();
    return {
      low: quantile(sorted, (1 - confidence) / 2),
      high: quantile(sorted, (1 + confidence) / 2),
    };
  };
  return {
    fit,
    ninetyPercentAt: reach(fit, from, 0.9),
    intervals: {
      limit: interval((each) => each.limit),
      amplitude: interval((each) => each.amplitude),
      exponent: interval((each) => each.exponent),
      ninetyPercentAt: interval((each) => reach(each, from, 0.9)),
    },
    atBoundShares: {
      least: draws.filter((each) => each.atBound === "least").length / resamples,
      most: draws.filter((each) => each.atBound === "most").length / resamples,
    },
  };
}

/**
 * The quantile of sorted values, linear between neighbours.
 *
 * @param sorted ascending, not empty
 * @param share in [0, 1]
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place), above = Math.ceil(place);
  const low = sorted[below]!, high = sorted[above]!;
  // Equal neighbours may be infinite, and infinity minus infinity is no number.
  return low === high ? low : low + (high - low) * (place - below);
}
