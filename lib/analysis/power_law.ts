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
  /** What was measured, such as a loss in nats or an F1 from 0 to 100. */
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
  /** Whether the exponent ended at an end of the searched range: no saturation to be seen. */
  readonly atBound: boolean;
}

/** The exponents searched. Below, the law is a straight line in log x; above, a step. */
export const EXPONENT_RANGE = { least: 0.01, most: 10 } as const;

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

/**
 * The least-squares fit of the law to points.
 *
 * @throws Error for fewer than three distinct x or an x that is not above 0:
 *   the caller filters and explains
 */
export function fitPowerLaw(points: readonly Point[]): PowerLawFit {
  if (points.some(({ x, y }) => !(x > 0) || !Number.isFinite(x) || !Number.isFinite(y))) {
    throw new Error("a power law needs finite points with x above 0");
  }
  if (new Set(points.map(({ x }) => x)).size < 3) {
    throw new Error("a power law needs three distinct x");
  }
  // Relative to the geometric mean, powers of x stay near 1 whatever its unit.
  const unit = Math.exp(mean(points.map(({ x }) => Math.log(x))));
  const scaled = points.map(({ x, y }) => ({ x: x / unit, y }));

  const step = Math.log(EXPONENT_RANGE.most / EXPONENT_RANGE.least) / (GRID_POINTS - 1);
  const exponentAt = (place: number) => EXPONENT_RANGE.least * Math.exp(step * place);
  let best = 0;
  let bestError = Infinity;
  for (let place = 0; place < GRID_POINTS; place++) {
    const error = solveLinear(scaled, exponentAt(place)).squaredError;
    if (error < bestError) [best, bestError] = [place, error];
  }
  const place = minimise(
    (each) => solveLinear(scaled, exponentAt(each)).squaredError,
    Math.max(0, best - 1),
    Math.min(GRID_POINTS - 1, best + 1),
  );
  const exponent = exponentAt(place);
  const { limit, amplitude, squaredError } = solveLinear(scaled, exponent);
  const average = mean(points.map(({ y }) => y));
  const variation = points.reduce((sum, { y }) => sum + (y - average) ** 2, 0);
  return {
    limit,
    amplitude: amplitude * unit ** exponent,
    exponent,
    rmse: Math.sqrt(squaredError / points.length),
    ...(variation > 0 ? { rSquared: 1 - squaredError / variation } : {}),
    atBound: place < 0.01 || place > GRID_POINTS - 1.01,
  };
}

/** Limit and amplitude for a given exponent, by centred linear regression on x^-exponent. */
function solveLinear(points: readonly Point[], exponent: number) {
  const powers = points.map(({ x }) => x ** -exponent);
  const meanPower = mean(powers), meanY = mean(points.map(({ y }) => y));
  let cross = 0, square = 0;
  points.forEach(({ y }, i) => {
    const deviation = powers[i]! - meanPower;
    cross += deviation * (y - meanY);
    square += deviation * deviation;
  });
  const amplitude = cross / square;
  const limit = meanY - amplitude * meanPower;
  const squaredError = points.reduce(
    (sum, { y }, i) => sum + (y - limit - amplitude * powers[i]!) ** 2,
    0,
  );
  return { limit, amplitude, squaredError };
}

/** The place of the minimum of a function with one valley in [low, high], by golden section. */
function minimise(f: (x: number) => number, low: number, high: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let left = high - ratio * (high - low), right = low + ratio * (high - low);
  let atLeft = f(left), atRight = f(right);
  for (let i = 0; i < 60; i++) {
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
