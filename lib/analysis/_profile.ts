/**
 * The saturating power law as a function of its exponent alone: for each, the best
 * limit and amplitude, and what they leave unexplained.
 *
 * Exponents are places on a grid of equal ratios; a place may lie between two of it.
 * x stands in units of its geometric mean, so that powers stay near 1 whatever its unit.
 */
import { greatestOf } from "../base/extremes.ts";

/** The exponents searched. Below, the law is a straight line in log x; above, a step. */
const EXPONENT_RANGE = { least: 0.01, most: 10 } as const;

/** How many places the grid has. */
export const PLACES = 121;

const STEP = Math.log(EXPONENT_RANGE.most / EXPONENT_RANGE.least) / (PLACES - 1);

/** The exponent at a place of the grid, which may lie between two of its points. */
export function exponentAt(place: number): number {
  return EXPONENT_RANGE.least * Math.exp(STEP * place);
}

/** What the best limit and amplitude of an exponent are, and what they leave. */
export interface ProfilePoint {
  /** The exponent. */
  readonly exponent: number;
  /** That of x in units of its geometric mean. */
  readonly amplitude: number;
  /** The limit. */
  readonly limit: number;
  /** Squared residuals, summed; what levels of their own explain is not among them. */
  readonly squaredError: number;
  /** The mean of the powers of x. */
  readonly meanPower: number;
  /** The squared deviations of the powers of x, summed. */
  readonly powerSquares: number;
}

/** Points, prepared. */
export class Profile {
  /** Logarithms of x in units of its geometric mean. */
  readonly logs: Float64Array;
  /** The values. */
  readonly ys: Float64Array;
  /** The geometric mean of x. */
  readonly unit: number;
  /** The squared deviations of the values, summed. */
  readonly variation: number;
  /** Which level each point has, from 0. */
  readonly #levels: Int32Array;
  /** How many levels there are. */
  readonly levelCount: number;
  readonly #levelSizes: Float64Array;
  /** The mean of the values. */
  readonly meanY: number;
  /** The values less their level's mean. */
  readonly #centred: Float64Array;
  readonly #points: (ProfilePoint | undefined)[] = new Array(PLACES);

  /**
   * Prepares points.
   *
   * @param points finite, x above 0, three distinct x
   * @param levels one for each point: what all points of one have in common is set
   *   aside, so that it neither bends the curve nor counts as noise; one for all if absent
   */
  constructor(points: readonly { readonly x: number; readonly y: number }[], levels?: Int32Array) {
    const count = points.length;
    if (points.some(({ x, y }) => !(x > 0) || !Number.isFinite(x) || !Number.isFinite(y))) {
      throw new Error("a power law needs finite points with x above 0");
    }
    if (new Set(points.map(({ x }) => x)).size < 3) {
      throw new Error("a power law needs three distinct x");
    }
    this.logs = Float64Array.from(points, ({ x }) => Math.log(x));
    const centre = mean(this.logs);
    this.unit = Math.exp(centre);
    for (let i = 0; i < count; i++) this.logs[i]! -= centre;
    this.ys = Float64Array.from(points, ({ y }) => y);
    this.#levels = levels ?? new Int32Array(count);
    this.levelCount = greatestOf(this.#levels) + 1;
    this.#levelSizes = new Float64Array(this.levelCount);
    for (const level of this.#levels) this.#levelSizes[level]!++;
    this.meanY = mean(this.ys);
    let variation = 0;
    for (const y of this.ys) variation += (y - this.meanY) ** 2;
    this.variation = variation;
    this.#centred = this.#deviations(this.ys);
  }

  /** The logarithm of an x in the unit of the points. */
  logOf(x: number): number {
    return Math.log(x / this.unit);
  }

  /** x^-exponent at every point, in units of x's geometric mean. */
  powersAt(place: number): Float64Array {
    const exponent = exponentAt(place);
    const powers = new Float64Array(this.logs.length);
    for (let i = 0; i < powers.length; i++) powers[i] = Math.exp(-exponent * this.logs[i]!);
    return powers;
  }

  /** The best limit and amplitude there. */
  at(place: number): ProfilePoint {
    if (!Number.isInteger(place)) return this.#compute(place);
    return this.#points[place] ??= this.#compute(place);
  }

  #compute(place: number): ProfilePoint {
    const powers = this.powersAt(place);
    const deviations = this.levelCount === 1 ? undefined : this.#deviations(powers);
    const meanPower = mean(powers);
    const centred = this.#centred;
    let squares = 0, cross = 0;
    for (let i = 0; i < powers.length; i++) {
      const each = deviations === undefined ? powers[i]! - meanPower : deviations[i]!;
      squares += each * each;
      cross += each * centred[i]!;
    }
    const amplitude = cross / squares;
    let squaredError = 0;
    for (let i = 0; i < powers.length; i++) {
      const each = deviations === undefined ? powers[i]! - meanPower : deviations[i]!;
      squaredError += (centred[i]! - amplitude * each) ** 2;
    }
    return {
      exponent: exponentAt(place),
      amplitude,
      limit: this.meanY - amplitude * meanPower,
      squaredError,
      meanPower,
      powerSquares: squares,
    };
  }

  /** The place of the least squared error. */
  bestPlace(): number {
    return minimiseOverPlaces((place) => this.at(place).squaredError);
  }

  /** Values less the mean of their level. */
  #deviations(values: Float64Array): Float64Array {
    const sums = new Float64Array(this.levelCount);
    for (let i = 0; i < values.length; i++) sums[this.#levels[i]!]! += values[i]!;
    return values.map((each, i) => {
      const level = this.#levels[i]!;
      return each - sums[level]! / this.#levelSizes[level]!;
    });
  }
}

/** Places of the grid that are tried first. */
const STRIDE = 4;

/** The place at which a function of places is least: the best of the grid, then between. */
export function minimiseOverPlaces(f: (place: number) => number): number {
  let best = 0, least = Infinity;
  for (let place = 0; place < PLACES; place += STRIDE) {
    const value = f(place);
    if (value < least) [best, least] = [place, value];
  }
  return minimise(f, Math.max(0, best - STRIDE), Math.min(PLACES - 1, best + STRIDE));
}

/** The place of the minimum of a function with one valley in [low, high], by golden section. */
export function minimise(f: (x: number) => number, low: number, high: number): number {
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

function mean(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
