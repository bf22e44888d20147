/**
 * What a saturating law cannot say of its points: that nothing changes with x, or
 * that the metric turns.
 */
import { summarise } from "./noise.ts";
import type { Point } from "./power_law.ts";

/**
 * How often points without any dependence on x would be described as well as this,
 * from 0 to 1.
 *
 * That of an F test of the law against a constant: for two parameters more, as here,
 * its tail is a plain power.
 *
 * @param rSquared share of the variance that the law explains
 * @param count of the points, above 3
 */
export function chanceOfConstant(rSquared: number, count: number): number {
  return Math.max(0, 1 - rSquared) ** ((count - 3) / 2);
}

/** A chance of a constant above this is said to show no dependence on x. */
export const LEAST_SURPRISE = 0.05;

/** Where a metric turns. */
export interface Turn {
  /** The x of its least or greatest value, of those measured. */
  readonly at: number;
  /** Whether it falls before and rises after. */
  readonly isValley: boolean;
}

/** How many times its residual a metric must change on both sides of a turn. */
const CLEAR = 3;

/** How much less of the variance than the law a curve with a turn must leave unexplained. */
const CLEARLY_LESS = 0.5;

/**
 * Where the metric turns, if it falls and then rises or the other way round by more than
 * noise, and a parabola over log x says so better than the law with as many parameters.
 *
 * @param lawError squared residuals of the law, summed
 */
export function findTurn(points: readonly Point[], lawError: number): Turn | undefined {
  const means = meansByX(points);
  if (means.length < 4) return undefined;
  const { unexplained: parabolaError, variation } = fitParabola(points);
  if (parabolaError > CLEARLY_LESS * lawError) return undefined;
  const chance = chanceOfConstant(1 - parabolaError / variation, points.length);
  if (chance > LEAST_SURPRISE) return undefined;
  const noise = Math.sqrt(parabolaError / Math.max(1, points.length - 3));
  const first = means[0]!.y, last = means.at(-1)!.y;
  const inner = means.slice(1, -1);
  const least = inner.reduce((a, b) => b.y < a.y ? b : a);
  const most = inner.reduce((a, b) => b.y > a.y ? b : a);
  if (Math.min(first, last) - least.y > CLEAR * noise) return { at: least.x, isValley: true };
  if (most.y - Math.max(first, last) > CLEAR * noise) return { at: most.x, isValley: false };
  return undefined;
}

function meansByX(points: readonly Point[]): Point[] {
  return [...Map.groupBy(points, ({ x }) => x)]
    .map(([x, same]) => ({ x, y: summarise(same.map(({ y }) => y)).mean }))
    .sort((a, b) => a.x - b.x);
}

/** The squares that a parabola over log x, fitted by least squares, leaves of all there are. */
function fitParabola(points: readonly Point[]): { unexplained: number; variation: number } {
  const logs = points.map(({ x }) => Math.log(x));
  const centre = summarise(logs).mean;
  const linear = logs.map((each) => each - centre);
  const average = summarise(points.map(({ y }) => y)).mean;
  let rest = points.map(({ y }) => y - average);
  const variation = dot(rest, rest);
  // Gram and Schmidt: what each column explains beyond those before it.
  const basis: number[][] = [points.map(() => 1)];
  for (const column of [linear, linear.map((each) => each * each)]) {
    const fresh = basis.reduce((left, each) => subtract(left, each), column);
    basis.push(fresh);
    rest = subtract(rest, fresh);
  }
  return { unexplained: dot(rest, rest), variation };
}

/** The part of a vector that stands at right angles to a direction. */
function subtract(vector: number[], direction: readonly number[]): number[] {
  const share = dot(vector, direction) / dot(direction, direction);
  return vector.map((each, i) => each - share * direction[i]!);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, each, i) => sum + each * b[i]!, 0);
}
