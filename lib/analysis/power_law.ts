/**
 * The saturating power law y = limit + amplitude * x^-exponent.
 *
 * One form for both directions: a loss falls towards its limit (amplitude above
 * 0), a score rises towards it (below 0). For a given exponent the other two are
 * linear, so the fit is a search over one number, from a grid, and cannot be
 * caught in a local minimum. Pure arithmetic; knows no tables and no files.
 *
 * @see Golub and Pereyra, "Separable nonlinear least squares", 2003
 */
import { PLACES, Profile } from "./_profile.ts";

/** A measured point; x is above 0. */
export interface Point {
  /** What was varied, such as tokens or steps. */
  readonly x: number;
  /** What was measured, such as a loss in nats or an F1 from 0 to 1. */
  readonly y: number;
}

/** The parameters of y = limit + amplitude * x^-exponent. */
export interface PowerLaw {
  /** What y tends to as x grows; the unit of y. */
  readonly limit: number;
  /** What is missing at x = 1; below 0 where y rises. */
  readonly amplitude: number;
  /** How fast the limit is approached; above 0. */
  readonly exponent: number;
}

/** A fitted law and how well it describes its points. */
export interface PowerLawFit extends PowerLaw {
  /** Root of the mean squared residual, the unit of y. */
  readonly rmse: number;
  /** Share of the variance explained; absent where y does not vary. */
  readonly rSquared?: number;
  /**
   * Present if the exponent ended at an end of the searched range. "least": no saturation
   * to be seen; "most": all of the change lies between the two smallest x.
   */
  readonly atBound?: "least" | "most";
}

/** Parameters that the law has. */
export const LAW_PARAMETERS = 3;

/** The law's value at x. */
export function evaluate(law: PowerLaw, x: number): number {
  return law.limit + law.amplitude * x ** -law.exponent;
}

/**
 * The x at which the law has gone a share of the way from its value at `from`
 * to its limit; it depends on the exponent alone.
 *
 * @param share in [0, 1)
 */
export function reach(law: Pick<PowerLaw, "exponent">, from: number, share: number): number {
  return from * (1 - share) ** (-1 / law.exponent);
}

/**
 * The least-squares fit.
 *
 * @param points finite, with three distinct x above 0: the caller filters and explains
 */
export function fitPowerLaw(points: readonly Point[]): PowerLawFit {
  const profile = new Profile(points);
  const place = profile.bestPlace();
  const { exponent, amplitude, limit, squaredError } = profile.at(place);
  const { variation } = profile;
  return {
    limit,
    amplitude: amplitude * profile.unit ** exponent,
    exponent,
    rmse: Math.sqrt(squaredError / points.length),
    ...(variation > 0 ? { rSquared: 1 - squaredError / variation } : {}),
    ...(place < 0.01 ? { atBound: "least" } : {}),
    ...(place > PLACES - 1.01 ? { atBound: "most" } : {}),
  };
}
