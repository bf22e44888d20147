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

/** The exponents searched. Below, the law is a straight line in log x; above, a step. */
const EXPONENT_RANGE = { least: 0.01, most: 10 } as const;

const GRID_POINTS = 121;

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
export function reach(law: PowerLaw, from: number, share: number): number {
  return from * (1 - share) ** (-1 / law.exponent);
}

const STEP = Math.log(EXPONENT_RANGE.most / EXPONENT_RANGE.least) / (GRID_POINTS - 1);

/** The exponent at a place of the grid, which may lie between two of its points. */
function exponentAt(place: number): number {
  return EXPONENT_RANGE.least * Math.exp(STEP * place);
}

/** Fits laws to many sets of values at the same x, as a bootstrap does. */
export class PowerLawFitter {
  /** Logarithms of x in units of their geometric mean. */
  readonly #logs: readonly number[];
  readonly #unit: number;
  readonly #grid: readonly Regressor[];

  /**
   * Prepares fits at these x.
   *
   * @param xs one for each value to fit, repetitions included
   * @throws Error for fewer than three distinct x or an x that is not above 0:
   *   the caller filters and explains
   */
  constructor(xs: readonly number[]) {
    if (xs.some((x) => !(x > 0) || !Number.isFinite(x))) {
      throw new Error("a power law needs finite points with x above 0");
    }
    if (new Set(xs).size < 3) throw new Error("a power law needs three distinct x");
    // Relative to the geometric mean, powers of x stay near 1 whatever its unit.
    const centre = mean(xs.map(Math.log));
    this.#unit = Math.exp(centre);
    this.#logs = xs.map((x) => Math.log(x) - centre);
    this.#grid = Array.from(
      { length: GRID_POINTS },
      (_, place) => regressor(this.#logs, exponentAt(place)),
    );
  }

  /**
   * The least-squares fit.
   *
   * @param ys finite, one for each x
   */
  fit(ys: readonly number[]): PowerLawFit {
    if (!ys.every(Number.isFinite)) throw new Error("a power law needs finite points");
    const average = mean(ys);
    const centred = Float64Array.from(ys, (y) => y - average);
    let best = 0;
    let bestError = Infinity;
    for (const [place, each] of this.#grid.entries()) {
      const { squaredError } = regress(centred, each);
      if (squaredError < bestError) [best, bestError] = [place, squaredError];
    }
    const place = minimise(
      (each) => regress(centred, regressor(this.#logs, exponentAt(each))).squaredError,
      Math.max(0, best - 1),
      Math.min(GRID_POINTS - 1, best + 1),
    );
    const exponent = exponentAt(place);
    const at = regressor(this.#logs, exponent);
    const { amplitude, squaredError } = regress(centred, at);
    const variation = centred.reduce((sum, each) => sum + each * each, 0);
    return {
      limit: average - amplitude * at.mean,
      amplitude: amplitude * this.#unit ** exponent,
      exponent,
      rmse: Math.sqrt(squaredError / ys.length),
      ...(variation > 0 ? { rSquared: 1 - squaredError / variation } : {}),
      ...(place < 0.01 ? { atBound: "least" } : {}),
      ...(place > GRID_POINTS - 1.01 ? { atBound: "most" } : {}),
    };
  }
}

/** x^-exponent at every x, centred, which the values are regressed on. */
interface Regressor {
  readonly mean: number;
  readonly deviations: Float64Array;
  readonly squares: number;
}

function regressor(logs: readonly number[], exponent: number): Regressor {
  const deviations = new Float64Array(logs.length);
  let sum = 0;
  for (let i = 0; i < logs.length; i++) sum += deviations[i] = Math.exp(-exponent * logs[i]!);
  const average = sum / logs.length;
  let squares = 0;
  for (let i = 0; i < deviations.length; i++) {
    deviations[i]! -= average;
    squares += deviations[i]! ** 2;
  }
  return { mean: average, deviations, squares };
}

/** The slope of centred values on a regressor, and what it leaves unexplained. */
function regress(centred: Float64Array, { deviations, squares }: Regressor) {
  let cross = 0;
  for (let i = 0; i < centred.length; i++) cross += deviations[i]! * centred[i]!;
  const amplitude = cross / squares;
  let squaredError = 0;
  for (let i = 0; i < centred.length; i++) {
    squaredError += (centred[i]! - amplitude * deviations[i]!) ** 2;
  }
  return { amplitude, squaredError };
}

/** The place of the minimum of a function with one valley in [low, high], by golden section. */
function minimise(f: (x: number) => number, low: number, high: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let left = high - ratio * (high - low), right = low + ratio * (high - low);
  let atLeft = f(left), atRight = f(right);
  for (let i = 0; i < 30; i++) {
    if (atLeft <= atRight) {
      [high, right, atRight] = [right, left, atLeft];
      left = high - ratio * (high - low);
      atLeft = f(left);
    } else {
      [low, left, atLeft] = [left, right, atRight];
      right = low + ratio * (high - low);
      atRight = f(right);
    }
  }
  return (low + high) / 2;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}
