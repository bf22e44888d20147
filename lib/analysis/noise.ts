/**
 * How much of a difference between measured cells may be noise.
 *
 * Two sources add up: another seed would have given another value, and so would
 * another choice of what was measured on (`standardError`). Deviations over seeds
 * are pooled over cells, as those of two or three seeds are too rough one by one.
 * Cells measured on the same text err together, so that differences between them
 * are in truth a little surer than told here.
 */

/** What was measured in one cell: a value for each seed. */
export interface Sample {
  /** At least one. */
  readonly values: readonly number[];
  /** By how much each value may be off by the choice of what it was measured on. */
  readonly standardErrors?: readonly number[];
}

/** The mean of values and, for two or more, their sample standard deviation. */
export function summarise(values: readonly number[]): { mean: number; deviation?: number } {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  if (values.length < 2) return { mean };
  return { mean, deviation: Math.sqrt(squaredDeviations(values, mean) / (values.length - 1)) };
}

/** The standard deviation within samples, their means apart; absent if all have one value. */
export function pooledDeviation(samples: readonly Sample[]): number | undefined {
  let squares = 0, freedom = 0;
  for (const { values } of samples) {
    if (values.length < 2 || !values.every(Number.isFinite)) continue;
    squares += squaredDeviations(values, summarise(values).mean);
    freedom += values.length - 1;
  }
  return freedom === 0 ? undefined : Math.sqrt(squares / freedom);
}

/** The root of the mean square, as of standard errors that share their cause. */
export function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, each) => sum + each * each, 0) / values.length);
}

/** The standard errors by which a best sample and its like are told apart from the others. */
const TOLD_APART_ERRORS = 2;

/**
 * Which samples are the best or differ from it by less than two standard errors of
 * the difference; none where no noise is known or there is but one sample.
 */
export function bestWithinNoise(
  samples: readonly Sample[],
  better: "lower" | "higher",
): readonly boolean[] {
  const pooled = pooledDeviation(samples);
  const entries = samples.map(({ values, standardErrors = [] }) => {
    const ofSeeds = pooled === undefined ? [] : [pooled / Math.sqrt(values.length)];
    // More seeds on one text do not make the text longer.
    const ofText = standardErrors.length === 0 ? [] : [rootMeanSquare(standardErrors)];
    const known = [...ofSeeds, ...ofText];
    const variance = known.reduce((sum, each) => sum + each * each, 0);
    return { mean: summarise(values).mean, variance, isKnown: known.length > 0 };
  });
  const finite = entries.filter(({ mean }) => Number.isFinite(mean));
  if (finite.length < 2 || !finite.every(({ isKnown }) => isKnown)) return samples.map(() => false);
  const isBetter = (a: number, b: number) => better === "lower" ? a < b : a > b;
  const best = finite.reduce((one, other) => isBetter(other.mean, one.mean) ? other : one);
  return entries.map(({ mean, variance }) =>
    Math.abs(mean - best.mean) <= TOLD_APART_ERRORS * Math.sqrt(variance + best.variance)
  );
}

function squaredDeviations(values: readonly number[], mean: number): number {
  return values.reduce((sum, each) => sum + (each - mean) ** 2, 0);
}
