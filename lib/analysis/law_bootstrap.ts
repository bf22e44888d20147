/**
 * Intervals of a law in several variables: whole repetitions are drawn anew, and the law
 * is fitted to each draw.
 *
 * What is drawn are clusters: points by themselves, or all of one training, or all of a
 * seed. Draws are weights of the same points, so that nothing is copied, and each search
 * goes on from the fit to all of them and from the next best place that was found.
 */
import { greatestOf } from "../base/extremes.ts";
import { Stream } from "../base/rng.ts";
import { type LawData, type LawFit, objectiveOf, searchesOf } from "./fit_law.ts";
import { minimiseFrom } from "./bfgs.ts";
import type { Interval } from "./interval.ts";

/** What draws tell. */
export interface LawBootstrap {
  /** 95 percent, or another share, of the draws, by the names of the parameters. */
  readonly intervals: Readonly<Record<string, Interval>>;
  /** The same of what the law says of points that were asked for. */
  readonly values: readonly Interval[];
  /** Draws that were fitted. */
  readonly draws: number;
}

/** Clusters below which draws say too little. */
export const LEAST_CLUSTERS = 20;

/** How draws are made. */
export interface LawBootstrapOptions {
  /** 4,000 unless given, as Besiroglu et al. made. */
  readonly draws?: number;
  /** One for each point, from 0: points of one are drawn together. Each by itself if absent. */
  readonly clusters?: Int32Array;
  /** Points that the law is asked about. */
  readonly at?: readonly Float64Array[];
  /** 0 unless given: the same data give the same intervals. */
  readonly seed?: number;
  /** 0.95 unless given. */
  readonly confidence?: number;
  /** As the fit's. */
  readonly delta?: number;
}

/**
 * Draws clusters anew and fits the law to each draw.
 *
 * @returns undefined below `LEAST_CLUSTERS` clusters, or twice as many as parameters
 */
export function bootstrapLaw(
  fit: LawFit,
  data: LawData,
  options: LawBootstrapOptions = {},
): LawBootstrap | undefined {
  const { law } = fit;
  const { draws = 4000, at: asked, seed = 0, confidence = 0.95, delta = 1e-3 } = options;
  const count = data.ys.length;
  const clusters = options.clusters ?? Int32Array.from({ length: count }, (_, i) => i);
  const clusterCount = greatestOf(clusters) + 1;
  if (clusterCount < Math.max(LEAST_CLUSTERS, 2 * law.parameters.length)) return undefined;
  const at = law.at(data.columns);
  const weights = new Float64Array(count);
  const objective = objectiveOf(law, at, { ...data, weights, delta });
  const starts = searchesOf(fit);
  const parameters = law.parameters.map(() => new Float64Array(draws));
  const values = Array.from({ length: asked?.[0]?.length ?? 0 }, () => new Float64Array(draws));
  const drawn = new Float64Array(clusterCount);
  for (let draw = 0; draw < draws; draw++) {
    const stream = new Stream(seed, "analysis/law-bootstrap", draw);
    drawn.fill(0);
    for (let i = 0; i < clusterCount; i++) drawn[stream.below(clusterCount)]!++;
    for (let i = 0; i < count; i++) weights[i] = drawn[clusters[i]!]! * (data.weights?.[i] ?? 1);
    const best = starts.map((start) => minimiseFrom(start, objective))
      .reduce((a, b) => b.value < a.value ? b : a);
    const outer = at.outward(best.at);
    for (let i = 0; i < parameters.length; i++) parameters[i]![draw] = outer[i]!;
    if (asked !== undefined) {
      const said = at.evaluate(best.at, asked);
      for (let i = 0; i < values.length; i++) values[i]![draw] = said[i]!;
    }
  }
  const interval = (of: Float64Array): Interval => {
    const sorted = of.sort();
    return {
      low: quantile(sorted, (1 - confidence) / 2),
      high: quantile(sorted, (1 + confidence) / 2),
    };
  };
  return {
    intervals: Object.fromEntries(
      law.parameters.map((name, i) => [name, interval(parameters[i]!)]),
    ),
    values: values.map(interval),
    draws,
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
