/** What is best for so much compute: by a law, and by profiles of equal FLOPs. */
import { greatestOf, leastOf } from "../base/extremes.ts";
import type { ChinchillaParameters } from "./laws/loss_laws.ts";

/** FLOPs a parameter and token of training cost. */
export const FLOPS_A_PARAMETER_TOKEN = 6;

/** The best model and corpus for a compute. */
export interface ComputeOptimum {
  /** FLOPs. */
  readonly flops: number;
  /** Of the model. */
  readonly parameters: number;
  /** Of the corpus. */
  readonly tokens: number;
  /** What the law says there, in its unit. */
  readonly loss: number;
}

/**
 * Where Chinchilla's law is least for so many FLOPs.
 *
 * @see Hoffmann et al., equation 4
 */
export function computeOptimum(law: ChinchillaParameters, flops: number): ComputeOptimum {
  const { E, A, alpha, B, beta } = law;
  const product = flops / FLOPS_A_PARAMETER_TOKEN;
  const ratio = (alpha * A / (beta * B)) ** (1 / (alpha + beta));
  const parameters = ratio * product ** (beta / (alpha + beta));
  const tokens = product / parameters;
  return { flops, parameters, tokens, loss: E + A * parameters ** -alpha + B * tokens ** -beta };
}

/** A run as profiles see it. */
export interface SizedRun {
  /** FLOPs. */
  readonly flops: number;
  /** Of the model. */
  readonly parameters: number;
  /** That it was trained on, repetitions counted. */
  readonly tokens: number;
  /** What was measured, in nats. */
  readonly loss: number;
}

/** Runs of about equal FLOPs: the best size among them, by a parabola over ln parameters. */
export interface IsoFlopProfile {
  /** The geometric mean of the runs'. */
  readonly flops: number;
  /** Its runs, from the least FLOPs on. */
  readonly runs: readonly SizedRun[];
  /** Where the parabola is least; absent if it has no valley, or that lies outside the runs. */
  readonly best?: { readonly parameters: number; readonly tokens: number; readonly loss: number };
  /** Why there is no best. */
  readonly whyNot?: string;
}

/** How FLOPs of one profile may differ. */
const PROFILE_RATIO = 1.15;

/** Groups runs by their FLOPs and finds the best size of each group. */
export function isoFlopProfiles(runs: readonly SizedRun[]): IsoFlopProfile[] {
  const sorted = [...runs].sort((a, b) => a.flops - b.flops);
  const groups: SizedRun[][] = [];
  for (const run of sorted) {
    const group = groups.at(-1);
    if (group !== undefined && run.flops <= PROFILE_RATIO * group[0]!.flops) group.push(run);
    else groups.push([run]);
  }
  return groups.map((group) => {
    const flops = geometricMean(group.map((run) => run.flops));
    const base = { flops, runs: group };
    if (new Set(group.map(({ parameters }) => parameters)).size < 3) {
      return { ...base, whyNot: "fewer than 3 sizes" };
    }
    const logs = group.map(({ parameters }) => Math.log(parameters));
    const [constant, linear, square] = parabola(logs, group.map(({ loss }) => loss));
    if (!(square > 0)) return { ...base, whyNot: "the loss has no valley over sizes" };
    const log = -linear / (2 * square);
    if (log < leastOf(logs) || log > greatestOf(logs)) {
      return { ...base, whyNot: "the best size lies outside those measured" };
    }
    const parameters = Math.exp(log);
    // At equal FLOPs tokens go as the inverse of the size, as they do among the runs.
    const product = geometricMean(group.map((run) => run.parameters * run.tokens));
    return {
      ...base,
      best: {
        parameters,
        tokens: product / parameters,
        loss: constant - linear ** 2 / (4 * square),
      },
    };
  });
}

/** A power of compute: coefficient * flops^exponent. */
export interface ComputePower {
  /** At one FLOP. */
  readonly coefficient: number;
  /** How it grows. */
  readonly exponent: number;
}

/** How the best size and corpus grow with compute, from profiles; needs two that have a best. */
export function optimaAlong(
  profiles: readonly IsoFlopProfile[],
): { readonly parameters: ComputePower; readonly tokens: ComputePower } | undefined {
  const found = profiles.flatMap(({ flops, best }) => best === undefined ? [] : [{ flops, best }]);
  if (new Set(found.map(({ flops }) => flops)).size < 2) return undefined;
  const along = (of: (best: NonNullable<IsoFlopProfile["best"]>) => number): ComputePower => {
    const xs = found.map(({ flops }) => Math.log(flops));
    const ys = found.map(({ best }) => Math.log(of(best)));
    const [meanX, meanY] = [mean(xs), mean(ys)];
    let cross = 0, squares = 0;
    xs.forEach((x, i) => {
      cross += (x - meanX) * (ys[i]! - meanY);
      squares += (x - meanX) ** 2;
    });
    const exponent = cross / squares;
    return { coefficient: Math.exp(meanY - exponent * meanX), exponent };
  };
  return { parameters: along((best) => best.parameters), tokens: along((best) => best.tokens) };
}

/** The coefficients of a least-squares parabola: constant, linear, square. */
function parabola(xs: readonly number[], ys: readonly number[]): [number, number, number] {
  // From the mean of x, so that little is lost to cancellation.
  const centre = mean(xs);
  const sums = new Float64Array(5), rights = new Float64Array(3);
  xs.forEach((each, i) => {
    const x = each - centre;
    for (let power = 0, value = 1; power < 5; power++, value *= x) {
      sums[power]! += value;
      if (power < 3) rights[power]! += value * ys[i]!;
    }
  });
  const [s0, s1, s2, s3, s4] = sums as unknown as [number, number, number, number, number];
  const [r0, r1, r2] = rights as unknown as [number, number, number];
  const whole = determinant(s0, s1, s2, s1, s2, s3, s2, s3, s4);
  const constant = determinant(r0, s1, s2, r1, s2, s3, r2, s3, s4) / whole;
  const linear = determinant(s0, r0, s2, s1, r1, s3, s2, r2, s4) / whole;
  const square = determinant(s0, s1, r0, s1, s2, r1, s2, s3, r2) / whole;
  return [
    constant - linear * centre + square * centre ** 2,
    linear - 2 * square * centre,
    square,
  ];
}

function determinant(...m: readonly number[]): number {
  const [a, b, c, d, e, f, g, h, i] = m as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(mean(values.map(Math.log)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}
