/**
 * What the parameters of a fitted power law may be: intervals of 95 percent, or the
 * reason why there are none.
 *
 * Which points vary by themselves is told by seeds and trainings. Points of one training
 * depend on each other, and with three seeds and more all of a seed are taken together;
 * then only whole seeds count as repetitions, and one alone gives no interval. How often
 * the intervals hold the truth, `tests/bench/coverage.ts` measures.
 */
import { greatestOf, leastOf } from "../base/extremes.ts";
import { Profile } from "./_profile.ts";
import { profileIntervals } from "./_profile_intervals.ts";
import type { LawIntervals } from "./interval.ts";
import { freedomOf, scoreIntervals } from "./_score_intervals.ts";
import { LAW_PARAMETERS, type Point } from "./power_law.ts";

/** A point, and what it may share with others. */
export interface SharingPoint extends Point {
  /** The seed that it was measured with, where there is one. */
  readonly seed?: number | undefined;
  /** The training that it is a point of, where others may be so too. */
  readonly trajectory?: string | undefined;
}

/** How points depend on each other, and so what counts as a repetition. */
export type Dependence =
  | {
    /** Every point errs by itself, what all of a seed have in common set aside. */
    readonly by: "points";
    /** One for each point, from 0. */
    readonly levels: Int32Array;
  }
  | {
    /** Points of one cluster depend on each other. */
    readonly by: "clusters";
    /** One for each point, from 0. */
    readonly clusters: Int32Array;
  };

/** Seeds from which on all points of a seed are taken together. */
const SEEDS_TO_CLUSTER = 3;

/** What counts as a repetition among points. */
export function dependenceOf(points: readonly SharingPoint[]): Dependence {
  const seeds = numbered(points.map(({ seed }) => seed === undefined ? undefined : `${seed}`));
  if (hasSharedTrajectory(points)) return { by: "clusters", clusters: clustersOf(points) };
  const isMeasuredTwice = seeds.sizes.length >= 2 && seeds.sizes.every((size) => size > 1);
  if (isMeasuredTwice && seeds.sizes.length >= SEEDS_TO_CLUSTER) {
    return { by: "clusters", clusters: seeds.places };
  }
  return { by: "points", levels: isMeasuredTwice ? seeds.places : new Int32Array(points.length) };
}

/** Intervals, or why there are none. */
export type IntervalsFound =
  | { readonly intervals: LawIntervals; readonly whyNone?: undefined }
  | { readonly intervals?: undefined; readonly whyNone: string };

/** The least degrees of freedom that an interval can be told from. */
const LEAST_FREEDOM = 0.9;

/**
 * Intervals of the law that is fitted to points.
 *
 * @param points with three distinct x above 0
 * @param options.xs where the law's value is asked for
 * @param options.confidence 0.95 unless given
 */
export function lawIntervals(
  points: readonly SharingPoint[],
  options: { readonly xs?: readonly number[]; readonly confidence?: number } = {},
): IntervalsFound {
  const { xs = [], confidence = 0.95 } = options;
  if (points.every(({ y }) => y === points[0]!.y)) {
    return { whyNone: "no intervals: all points have one value, which tells nothing of noise" };
  }
  const from = leastOf(points.map(({ x }) => x));
  const dependence = dependenceOf(points);
  if (dependence.by === "points") {
    const profile = new Profile(points, dependence.levels);
    const freedom = points.length - LAW_PARAMETERS - (profile.levelCount - 1);
    if (freedom < 1) {
      return { whyNone: `no intervals: ${points.length} points leave nothing to tell noise by` };
    }
    return { intervals: profileIntervals(profile, { from, xs, freedom, confidence }) };
  }
  const { clusters } = dependence;
  if (greatestOf(clusters) === 0) {
    return {
      whyNone: "no intervals: the points are of one training and depend on each other; " +
        "only further seeds can tell how far off it is",
    };
  }
  if (freedomOf(clusters) < LEAST_FREEDOM) {
    return {
      whyNone: "no intervals: nearly all points are of one training and depend on each other; " +
        "measure further seeds at the same x",
    };
  }
  const intervals = scoreIntervals(new Profile(points), { clusters, from, xs, confidence });
  return intervals === undefined
    ? {
      whyNone:
        "no intervals: the points depend on each other and lead beyond what the law can be, " +
        "no saturation at all or all of it at once",
    }
    : { intervals };
}

/** Whether a training has points at several x. */
function hasSharedTrajectory(points: readonly SharingPoint[]): boolean {
  const xOf = new Map<string, number>();
  return points.some(({ x, trajectory }) => {
    if (trajectory === undefined) return false;
    const other = xOf.get(trajectory);
    xOf.set(trajectory, x);
    return other !== undefined && other !== x;
  });
}

/** Points that have a seed or a training in common, directly or through others, are one cluster. */
function clustersOf(points: readonly SharingPoint[]): Int32Array {
  const parent = new Map<string, string>();
  const root = (name: string): string => {
    const above = parent.get(name) ?? name;
    return above === name ? name : root(above);
  };
  const names = points.map(({ seed, trajectory }, i) => {
    const some = [
      ...(seed === undefined ? [] : [`seed ${seed}`]),
      ...(trajectory === undefined ? [] : [`training ${trajectory}`]),
    ];
    const [first = `point ${i}`, second = first] = some;
    if (root(first) !== root(second)) parent.set(root(first), root(second));
    return first;
  });
  return numbered(names.map(root)).places;
}

/** Names as numbers from 0, in the order of their first appearance, and how often each occurs. */
export function numbered(names: readonly (string | undefined)[]): {
  readonly places: Int32Array;
  readonly sizes: readonly number[];
} {
  const known = new Map<string, number>();
  const sizes: number[] = [];
  const places = Int32Array.from(names, (name = "") => {
    const place = known.get(name) ?? known.size;
    known.set(name, place);
    sizes[place] = (sizes[place] ?? 0) + 1;
    return place;
  });
  return { places, sizes };
}
