/**
 * Fits a law in several variables: the sum of Huber's loss over residuals, searched from
 * many starts.
 *
 * The sum and not the mean: a search that stops by absolute changes would stop early on a
 * mean (Besiroglu et al., "Chinchilla scaling: a replication attempt"). Here residuals are
 * in units of delta besides.
 */
import { minimiseFrom, type Minimum, type Objective } from "./bfgs.ts";
import type { Law, LawAtPoints } from "./laws/law.ts";

/** What a law is fitted to: columns of its variables, and values. */
export interface LawData {
  /** One for each variable of the law, in its order. */
  readonly columns: readonly Float64Array[];
  /** The values, as many as a column has. */
  readonly ys: Float64Array;
  /** How much each point counts; absent: all the same. */
  readonly weights?: Float64Array | undefined;
}

/** A fitted law. */
export interface LawFit {
  /** The law. */
  readonly law: Law;
  /** By their names. */
  readonly parameters: Readonly<Record<string, number>>;
  /** The sum of Huber's loss. */
  readonly objective: number;
  /** Root mean square of the residuals, as shares of the value where the law is of logarithms. */
  readonly rmse: number;
  /** Whether the best search came to its end. */
  readonly hasConverged: boolean;
  /** Searches that ended at the same objective, of those made. */
  readonly agreeing: { readonly searches: number; readonly of: number };
  /** What the law says of points. */
  predict(columns: readonly Float64Array[]): Float64Array;
  /** The inner parameters of the best minimum. */
  readonly inner: Float64Array;
  /** Other minima that searches ended at, the best first; a few at most. */
  readonly others: readonly { readonly inner: Float64Array; readonly objective: number }[];
}

/** Where searches in like data go on from. */
export function searchesOf({ inner, others }: LawFit): readonly Float64Array[] {
  return [inner, ...others.slice(0, 1).map((other) => other.inner)];
}

/** Beyond so much a residual counts by its size, not by its square. */
const HUBER_DELTA = 1e-3;

/** Starts from which the search is carried out: the best ones of all by their objective. */
const SEARCHES = 12;

/** Other minima that are kept. */
const MOST_OTHERS = 3;
/** Objectives nearer than this share of them are of one minimum. */
const LIKE = 1e-6;

/** How a law is fitted. */
export interface FitLawOptions {
  /** `HUBER_DELTA` unless given. */
  readonly delta?: number;
  /** Starts in place of the law's own. */
  readonly starts?: readonly Float64Array[];
}

/**
 * Fits a law.
 *
 * @param data at least as many points as the law has parameters, finite, and above 0 where
 *   logarithms are taken
 */
export function fitLaw(law: Law, data: LawData, options: FitLawOptions = {}): LawFit {
  const { delta = HUBER_DELTA } = options;
  const at = law.at(data.columns);
  const objective = objectiveOf(law, at, { ...data, delta });
  const scratch = new Float64Array(law.parameters.length);
  const ranked = (options.starts ?? at.starts(data.ys))
    .map((start) => ({ start, value: objective(start, scratch) }))
    .filter(({ value }) => Number.isFinite(value))
    .sort((a, b) => a.value - b.value)
    .slice(0, SEARCHES);
  if (ranked.length === 0) throw new Error(`no start of ${law.name} can be evaluated`);
  const minima = ranked.map(({ start }) => minimiseFrom(start, objective))
    .sort((a, b) => a.value - b.value);
  const distinct = minima.filter((each, i) =>
    i === 0 || each.value - minima[i - 1]!.value > LIKE * each.value
  );
  const best = distinct[0]!;
  const agreeing = minima.filter(({ value }) => value - best.value <= LIKE * best.value).length;
  return finished(law, at, {
    best,
    others: distinct.slice(1, 1 + MOST_OTHERS),
    data,
    delta,
    agreeing: { searches: agreeing, of: minima.length },
  });
}

/** Huber's loss of a law over points, in units of delta squared. */
export function objectiveOf(
  law: Law,
  at: LawAtPoints,
  { ys, weights, delta }: LawData & { readonly delta: number },
): Objective {
  const wanted = law.residual === "log" ? ys.map(Math.log) : ys;
  const size = law.parameters.length;
  const byParameter = new Float64Array(size);
  return (inner, gradient) => {
    gradient.fill(0);
    let sum = 0;
    for (let i = 0; i < wanted.length; i++) {
      const weight = weights === undefined ? 1 : weights[i]!;
      if (weight === 0) continue;
      const residual = (at.predict(inner, i, byParameter) - wanted[i]!) / delta;
      const size = Math.abs(residual);
      sum += weight * (size <= 1 ? residual * residual / 2 : size - 0.5);
      const slope = weight * (size <= 1 ? residual : Math.sign(residual)) / delta;
      for (let j = 0; j < gradient.length; j++) gradient[j]! += slope * byParameter[j]!;
    }
    return sum;
  };
}

function finished(
  law: Law,
  at: LawAtPoints,
  { best, others, data, delta, agreeing }: {
    readonly best: Minimum;
    readonly others: readonly Minimum[];
    readonly data: LawData;
    readonly delta: number;
    readonly agreeing: LawFit["agreeing"];
  },
): LawFit {
  const outer = at.outward(best.at);
  const predicted = at.evaluate(best.at, data.columns);
  let squares = 0;
  for (let i = 0; i < predicted.length; i++) {
    const residual = law.residual === "log"
      ? Math.log(predicted[i]! / data.ys[i]!)
      : predicted[i]! - data.ys[i]!;
    squares += residual ** 2;
  }
  return {
    law,
    parameters: Object.fromEntries(law.parameters.map((name, i) => [name, outer[i]!])),
    objective: best.value * delta ** 2,
    rmse: Math.sqrt(squares / predicted.length),
    hasConverged: best.hasConverged,
    agreeing,
    predict: (columns) => at.evaluate(best.at, columns),
    inner: best.at,
    others: others.map((each) => ({ inner: each.at, objective: each.value * delta ** 2 })),
  };
}
