/**
 * Intervals of a power law whose points depend on each other within clusters, such as
 * the points of one training or all of one seed: only whole clusters vary by chance.
 *
 * For a value that a quantity might have, the law is fitted with the quantity held
 * there; each cluster then says by how much it would move it. Had it that value, what
 * the clusters say would have mean 0, whatever the dependence inside them: a t test
 * with one degree of freedom fewer than clusters. The interval is what is not refused.
 *
 * @see Boos, "On generalized score tests", The American Statistician 46, 1992
 */
import { greatestOf } from "../base/extremes.ts";
import type { Interval, LawIntervals } from "./interval.ts";
import { exponentAt, minimiseOverPlaces, PLACES, type Profile } from "./_profile.ts";
import { openedLimit, reachOf } from "./_profile_intervals.ts";
import { studentQuantile } from "./student_t.ts";

/**
 * Intervals by score tests over clusters.
 *
 * @param clusters one for each point, from 0; at least two
 * @param xs where the law's value is asked for
 * @returns undefined where the best law itself is refused: it lies at the end of what a law can
 *   be, and the points lead beyond
 */
export function scoreIntervals(
  profile: Profile,
  { clusters, from, xs, confidence }: {
    readonly clusters: Int32Array;
    readonly from: number;
    readonly xs: readonly number[];
    readonly confidence: number;
  },
): LawIntervals | undefined {
  const test = new ScoreTest(profile, clusters, confidence);
  const best = profile.bestPlace();
  const { amplitude, limit, exponent } = profile.at(best);
  const scale = Math.sqrt(profile.variation / profile.ys.length);
  const valueAt = (log: number) =>
    limit + (log === Infinity ? 0 : amplitude * Math.exp(-exponent * log));
  const logs = [Infinity, ...xs.map((x) => profile.logOf(x))];
  const isBeyond = test.refusesExponent(best) ||
    logs.some((log) => test.refusesValue(valueAt(log), log));
  if (isBeyond) return undefined;
  const ofValue = (log: number): Interval => {
    const isRefused = (value: number) => test.refusesValue(value, log);
    const search = { from: valueAt(log), step: scale / 64, farthest: 1e6 * scale };
    return { low: edge(isRefused, search, -1), high: edge(isRefused, search, 1) };
  };
  const log1 = profile.logOf(1);
  const atOne = amplitude * Math.exp(-exponent * log1);
  const ofAmplitude = (): Interval => {
    // A flat law has any exponent, and what is missing at x = 1 may be anything.
    if (atOne === 0) return { low: -Infinity, high: Infinity };
    const isRefused = (ratio: number) => test.refusesAmplitude(atOne * Math.exp(ratio));
    const ratios = { from: 0, step: 1 / 64, farthest: 50 };
    const nearer = atOne * Math.exp(edge(isRefused, ratios, -1));
    const farther = atOne * Math.exp(edge(isRefused, ratios, 1));
    return { low: Math.min(nearer, farther), high: Math.max(nearer, farther) };
  };
  const isPlaceRefused = (place: number) => test.refusesExponent(place);
  const low = edge(isPlaceRefused, { from: best, step: 0.25, farthest: best }, -1);
  const high = edge(isPlaceRefused, { from: best, step: 0.25, farthest: PLACES - 1 - best }, 1);
  const ofExponent = {
    low: low === -Infinity ? 0 : exponentAt(low),
    high: high === Infinity ? Infinity : exponentAt(high),
  };
  const ofLimit = ofValue(Infinity);
  return {
    limit: ofExponent.low === 0 ? openedLimit(ofLimit, amplitude) : ofLimit,
    amplitude: ofAmplitude(),
    exponent: ofExponent,
    ninetyPercentAt: reachOf(ofExponent, from),
    values: xs.map((x) => ofValue(profile.logOf(x))),
  };
}

/**
 * The degrees of freedom that clusters leave: one fewer than there are, where they weigh
 * the same; fewer where some weigh more.
 */
export function freedomOf(clusters: Int32Array): number {
  const sizes = new Float64Array(greatestOf(clusters) + 1);
  for (const cluster of clusters) sizes[cluster]!++;
  let squares = 0;
  for (const size of sizes) squares += size * size;
  return clusters.length ** 2 / squares - 1;
}

class ScoreTest {
  readonly #profile: Profile;
  readonly #clusters: Int32Array;
  readonly #clusterCount: number;
  readonly #limit: number;

  constructor(profile: Profile, clusters: Int32Array, confidence: number) {
    this.#profile = profile;
    this.#clusters = clusters;
    this.#clusterCount = greatestOf(clusters) + 1;
    this.#limit = studentQuantile((1 + confidence) / 2, freedomOf(clusters));
  }

  /** Whether the law cannot have this value at an x; its limit if the logarithm is infinite. */
  refusesValue(value: number, log: number): boolean {
    const { ys, logs, meanY, variation } = this.#profile;
    const count = ys.length;
    const fitAt = (place: number) => {
      const { exponent, meanPower, powerSquares, amplitude } = this.#profile.at(place);
      const at = log === Infinity ? 0 : Math.exp(-exponent * log);
      const squares = powerSquares + count * (meanPower - at) ** 2;
      const cross = amplitude * powerSquares + count * (meanPower - at) * (meanY - value);
      const sum = variation + count * (meanY - value) ** 2;
      return { at, amplitude: cross / squares, squaredError: sum - cross * cross / squares };
    };
    const place = minimiseOverPlaces((each) => fitAt(each).squaredError);
    const { at, amplitude } = fitAt(place);
    const powers = this.#profile.powersAt(place);
    const moved = log === Infinity ? 0 : log * at;
    return this.#refuses({
      residuals: ys.map((y, i) => y - value - amplitude * (powers[i]! - at)),
      ofInterest: new Float64Array(count).fill(1),
      others: [powers.map((each) => each - at), powers.map((each, i) => each * logs[i]! - moved)],
    });
  }

  /** Whether the exponent cannot be that of a place. */
  refusesExponent(place: number): boolean {
    const { ys, logs } = this.#profile;
    const { limit, amplitude } = this.#profile.at(place);
    const powers = this.#profile.powersAt(place);
    return this.#refuses({
      residuals: ys.map((y, i) => y - limit - amplitude * powers[i]!),
      ofInterest: powers.map((each, i) => each * logs[i]!),
      others: [new Float64Array(ys.length).fill(1), powers],
    });
  }

  /** Whether the amplitude at x = 1 cannot be this. */
  refusesAmplitude(value: number): boolean {
    const { ys, logs, meanY } = this.#profile;
    const log1 = this.#profile.logOf(1);
    const fitAt = (place: number) => {
      const { exponent, meanPower, powerSquares, amplitude, squaredError } = this.#profile.at(
        place,
      );
      const held = value * Math.exp(exponent * log1);
      return {
        held,
        limit: meanY - held * meanPower,
        squaredError: squaredError + powerSquares * (held - amplitude) ** 2,
      };
    };
    const place = minimiseOverPlaces((each) => fitAt(each).squaredError);
    const { held, limit } = fitAt(place);
    const powers = this.#profile.powersAt(place);
    return this.#refuses({
      residuals: ys.map((y, i) => y - limit - held * powers[i]!),
      ofInterest: powers,
      others: [
        new Float64Array(ys.length).fill(1),
        powers.map((each, i) => each * (logs[i]! - log1)),
      ],
    });
  }

  /** The t test of what clusters say of the quantity of interest, the others' say taken out. */
  #refuses({ residuals, ofInterest, others }: {
    readonly residuals: Float64Array;
    readonly ofInterest: Float64Array;
    readonly others: readonly Float64Array[];
  }): boolean {
    const basis: Float64Array[] = [];
    for (const each of others) basis.push(less(each, basis));
    const weights = less(ofInterest, basis);
    const says = new Float64Array(this.#clusterCount);
    for (let i = 0; i < residuals.length; i++) {
      says[this.#clusters[i]!]! += weights[i]! * residuals[i]!;
    }
    const count = says.length;
    let sum = 0;
    for (const each of says) sum += each;
    const mean = sum / count;
    let squares = 0;
    for (const each of says) squares += (each - mean) ** 2;
    const error = Math.sqrt(squares / (count - 1) / count);
    return Math.abs(mean) > this.#limit * error;
  }
}

/** A vector less its parts along others that stand at right angles to each other. */
function less(vector: Float64Array, others: readonly Float64Array[]): Float64Array {
  let left = vector;
  for (const other of others) {
    const squares = dot(other, other);
    if (squares === 0) continue;
    const share = dot(left, other) / squares;
    left = left.map((each, i) => each - share * other[i]!);
  }
  return left;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** The last value in a direction that is not refused; infinite where none is within reach. */
function edge(
  isRefused: (value: number) => boolean,
  search: { readonly from: number; readonly step: number; readonly farthest: number },
  direction: 1 | -1,
): number {
  const { from, farthest } = search;
  let inside = 0, step = search.step;
  for (;;) {
    const next = Math.min(farthest, inside + step);
    if (isRefused(from + direction * next)) {
      let outside = next;
      for (let i = 0; i < 20; i++) {
        const middle = (inside + outside) / 2;
        if (isRefused(from + direction * middle)) outside = middle;
        else inside = middle;
      }
      return from + direction * inside;
    }
    if (next >= farthest) return direction * Infinity;
    inside = next;
    step *= 2;
  }
}
