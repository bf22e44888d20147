/**
 * What cells of a grid say: means over seeds, differences paired by seed, the gain of a
 * doubling, where a curve flattens, and the cheapest that is good enough.
 *
 * A seed is the repetition. Two cells of one seed have their start in common, so that
 * differences are taken within seeds first; one seed gives no interval.
 */
import { leastOf } from "../base/extremes.ts";
import type { Interval } from "./interval.ts";
import { studentQuantile } from "./student_t.ts";

/** A mean over seeds. */
export interface SeedMean {
  /** In the unit of the values. */
  readonly mean: number;
  /** How many seeds there are. */
  readonly seeds: number;
  /** The sample standard deviation; absent for one seed. */
  readonly deviation?: number;
  /** 95 percent, by Student's t distribution; absent for one seed. */
  readonly interval?: Interval;
}

/** Values by the seed that they were measured with. */
export type BySeed = ReadonlyMap<number, number>;

/** The mean of values of several seeds, at least one. */
export function meanOverSeeds(values: Iterable<number>, confidence = 0.95): SeedMean {
  const all = [...values];
  const seeds = all.length;
  const mean = all.reduce((sum, each) => sum + each, 0) / seeds;
  if (seeds < 2) return { mean, seeds };
  const squares = all.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (seeds - 1));
  const half = studentQuantile((1 + confidence) / 2, seeds - 1) * deviation / Math.sqrt(seeds);
  return { mean, seeds, deviation, interval: { low: mean - half, high: mean + half } };
}

/** How much one cell is above another, over the seeds that both have; none if they share none. */
export function pairedDifference(
  one: BySeed,
  other: BySeed,
  confidence = 0.95,
): SeedMean | undefined {
  const differences = [...one].flatMap(([seed, value]) =>
    other.has(seed) ? [value - other.get(seed)!] : []
  );
  return differences.length === 0 ? undefined : meanOverSeeds(differences, confidence);
}

/**
 * How much the mean of values is above that of others with which they share no seed, by
 * Welch's t; `seeds` counts all. One value on either side gives no interval.
 */
export function unpairedDifference(
  one: Iterable<number>,
  other: Iterable<number>,
  confidence = 0.95,
): SeedMean {
  const [a, b] = [meanOverSeeds(one), meanOverSeeds(other)];
  const mean = a.mean - b.mean, seeds = a.seeds + b.seeds;
  if (a.deviation === undefined || b.deviation === undefined) return { mean, seeds };
  const [u, v] = [a.deviation ** 2 / a.seeds, b.deviation ** 2 / b.seeds];
  // No spread on either side: then the means differ by just that much.
  if (u + v === 0) return { mean, seeds, deviation: 0, interval: { low: mean, high: mean } };
  const freedom = (u + v) ** 2 / (u ** 2 / (a.seeds - 1) + v ** 2 / (b.seeds - 1));
  const half = studentQuantile((1 + confidence) / 2, freedom) * Math.sqrt(u + v);
  return {
    mean,
    seeds,
    deviation: Math.sqrt((a.deviation ** 2 + b.deviation ** 2) / 2),
    interval: { low: mean - half, high: mean + half },
  };
}

/** A cell on a curve over one axis. */
export interface CurveCell {
  /** The value of the axis, above 0. */
  readonly x: number;
  /** What was measured, by seed. */
  readonly values: BySeed;
}

/**
 * What a doubling of x adds: for each seed the slope of its values over log2 x, and the mean
 * of these; none for fewer than two x of a seed.
 */
export function gainPerDoubling(
  curve: readonly CurveCell[],
  confidence = 0.95,
): SeedMean | undefined {
  const seeds = new Set(curve.flatMap(({ values }) => [...values.keys()]));
  const slopes = [...seeds].flatMap((seed) => {
    const points = curve.flatMap(({ x, values }) =>
      values.has(seed) ? [{ log: Math.log2(x), y: values.get(seed)! }] : []
    );
    const log = points.reduce((sum, each) => sum + each.log, 0) / points.length;
    const y = points.reduce((sum, each) => sum + each.y, 0) / points.length;
    let cross = 0, squares = 0;
    for (const each of points) {
      cross += (each.log - log) * (each.y - y);
      squares += (each.log - log) ** 2;
    }
    return squares === 0 ? [] : [cross / squares];
  });
  return slopes.length === 0 ? undefined : meanOverSeeds(slopes, confidence);
}

/**
 * The smallest x beyond which no larger one is shown to be better: the curve has flattened
 * there, as far as these seeds can tell.
 *
 * @returns undefined where the largest x is better than all before it, or seeds are too few
 */
export function flattensAt(
  curve: readonly CurveCell[],
  better: "lower" | "higher",
): number | undefined {
  const sorted = [...curve].sort((a, b) => a.x - b.x);
  const isBetter = (more: CurveCell, less: CurveCell): boolean | undefined => {
    const interval = pairedDifference(more.values, less.values)?.interval;
    if (interval === undefined) return undefined;
    return better === "lower" ? interval.high < 0 : interval.low > 0;
  };
  for (const [i, cell] of sorted.slice(0, -1).entries()) {
    const beyond = sorted.slice(i + 1).map((each) => isBetter(each, cell));
    if (beyond.includes(undefined)) return undefined;
    if (!beyond.includes(true)) return cell.x;
  }
  return undefined;
}

/** A cell with what it costs. */
export interface CostedCell {
  /** Such as FLOPs of all trainings that led to it. */
  readonly cost: number;
  /** The mean over seeds. */
  readonly value: number;
}

/**
 * The place of the cheapest cell whose value is within a distance of the best, of those that
 * have a cost and a number; of equal costs the better one.
 */
export function cheapestWithin(
  cells: readonly CostedCell[],
  distance: number,
  better: "lower" | "higher",
): number | undefined {
  const sign = better === "lower" ? 1 : -1;
  const places = cells.map((_, i) => i).filter((i) =>
    Number.isFinite(cells[i]!.cost) && Number.isFinite(cells[i]!.value)
  );
  const best = leastOf(places.map((i) => sign * cells[i]!.value));
  return places.filter((i) => sign * cells[i]!.value <= best + distance)
    .sort((a, b) =>
      cells[a]!.cost - cells[b]!.cost || sign * (cells[a]!.value - cells[b]!.value) || a - b
    )[0];
}
