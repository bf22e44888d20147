/**
 * Standard errors of what is measured on a sample of units: rows of text, sentences.
 *
 * What is counted inside a unit is not independent, units are; so units are what is
 * thought to have been drawn otherwise.
 */
import { Stream } from "../base/rng.ts";

/** A mean over all that the units hold. */
export interface Mean {
  /** Sum of sums over sum of counts. */
  readonly value: number;
  /** Absent for fewer than two units. */
  readonly standardError?: number;
}

/**
 * The mean of values that come in clusters, and its standard error by linearisation.
 *
 * @param sums by cluster, of its values
 * @param counts by cluster, of how many values it has
 * @see Cochran, "Sampling Techniques", 3rd ed., 6.4
 */
export function meanOfClusters(sums: ArrayLike<number>, counts: ArrayLike<number>): Mean {
  const clusters = sums.length;
  let total = 0, count = 0;
  for (let i = 0; i < clusters; i++) {
    total += sums[i]!;
    count += counts[i]!;
  }
  const value = total / count;
  if (clusters < 2) return { value };
  let squares = 0;
  for (let i = 0; i < clusters; i++) squares += (sums[i]! - value * counts[i]!) ** 2;
  return { value, standardError: Math.sqrt(squares * clusters / (clusters - 1)) / count };
}

/** Enough for two digits of a standard error. */
const RESAMPLES = 200;

/**
 * Standard errors of statistics of sums over units, by drawing units anew.
 *
 * @param tallies [units * width], what each unit adds to the sums
 * @param options width: how many sums there are; statistics: of the sums, each a number;
 *   seed: of the draws, 0 unless given
 * @returns by statistic; empty for fewer than two units
 */
export function bootstrapErrors<Name extends string>(
  tallies: Float64Array,
  options: {
    readonly width: number;
    readonly statistics: (sums: Float64Array) => Readonly<Record<Name, number>>;
    readonly seed?: number;
  },
): Readonly<Partial<Record<Name, number>>> {
  const { width, statistics, seed = 0 } = options;
  const units = tallies.length / width;
  if (units < 2) return {} as Partial<Record<Name, number>>;
  const sums = new Float64Array(width);
  const drawn: Readonly<Record<Name, number>>[] = [];
  for (let resample = 0; resample < RESAMPLES; resample++) {
    const stream = new Stream(seed, "analysis/cluster-bootstrap", resample);
    sums.fill(0);
    for (let i = 0; i < units; i++) {
      const at = stream.below(units) * width;
      for (let j = 0; j < width; j++) sums[j]! += tallies[at + j]!;
    }
    drawn.push(statistics(sums));
  }
  const names = Object.keys(drawn[0]!) as Name[];
  return Object.fromEntries(
    names.map((name) => [name, deviation(drawn.map((each) => each[name]))]),
  ) as Partial<Record<Name, number>>;
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  const squares = values.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
