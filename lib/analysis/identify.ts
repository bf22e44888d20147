/**
 * What the points of a fit cannot tell, and where a fit is asked for more than they hold.
 *
 * A law that describes its points well may do so with parameters that others could replace,
 * and may be wrong where it was not measured: OLMo's ladder fitted a loss to 0.25 percent
 * and was 3.8 percent off at a model ten times larger (Bhagia et al., 2024).
 */
import { greatestOf, leastOf } from "../base/extremes.ts";
import type { LawData, LawFit } from "./fit_law.ts";

/** Another minimum is told if its objective is within this share of the best. */
const ALIKE = 0.05;
/** Estimates that move together so closely cannot be told apart. */
const TOGETHER = 0.995;
/** Exponents nearer to each other than this are one answer. */
const SAME = 0.02;

/** Sentences on what the points do not determine; none if all is well. */
export function unidentified(fit: LawFit, data: LawData): string[] {
  const { law } = fit;
  const constant = law.variables.filter((_, i) => new Set(data.columns[i]!).size === 1);
  const said = constant.map((name) =>
    `all points have the same ${name}: what depends on it cannot be told from the limit`
  );
  if (data.ys.length < law.parameters.length) {
    return [...said, `${data.ys.length} points cannot tell ${law.parameters.length} parameters`];
  }
  if (!fit.hasConverged) said.push("the search did not come to its end");
  said.push(...otherMinima(fit, data));
  if (constant.length === 0) said.push(...movingTogether(fit, data));
  return said;
}

/** The ranges of parameters over the minima that are nearly as good as the best. */
function otherMinima({ law, others, objective, parameters }: LawFit, data: LawData): string[] {
  const at = law.at(data.columns);
  const alike = others.filter((each) => each.objective <= (1 + ALIKE) * objective)
    .map(({ inner }) => at.outward(inner));
  const apart = law.parameters.flatMap((name, i) => {
    const values = [parameters[name]!, ...alike.map((each) => each[i]!)];
    const least = leastOf(values), most = greatestOf(values);
    return most - least <= SAME * Math.abs(most)
      ? []
      : [`${name} ${short(least)} to ${short(most)}`];
  });
  return apart.length === 0
    ? []
    : [`other parameters describe the points as well: ${apart.join(", ")}`];
}

/** Pairs of parameters of which one can make up for the other. */
function movingTogether({ law, inner }: LawFit, data: LawData): string[] {
  const size = law.parameters.length;
  const at = law.at(data.columns);
  const information = new Float64Array(size * size), gradient = new Float64Array(size);
  for (let point = 0; point < data.ys.length; point++) {
    gradient.fill(0);
    at.predict(inner, point, gradient);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) information[i * size + j]! += gradient[i]! * gradient[j]!;
    }
  }
  const scales = Array.from({ length: size }, (_, i) => Math.sqrt(information[i * size + i]!));
  const idle = law.parameters.filter((_, i) => !(scales[i]! > 0));
  if (idle.length > 0) return idle.map((name) => `the points do not depend on ${name}`);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) information[i * size + j]! /= scales[i]! * scales[j]!;
  }
  const covariance = inverseOf(information, size);
  if (covariance === undefined) return ["some parameters can replace each other altogether"];
  return law.parameters.flatMap((one, i) =>
    law.parameters.slice(i + 1).flatMap((other, k) => {
      const j = i + 1 + k;
      const together = covariance[i * size + j]! /
        Math.sqrt(covariance[i * size + i]! * covariance[j * size + j]!);
      return Math.abs(together) < TOGETHER
        ? []
        : [`${one} and ${other} can hardly be told apart (correlation ${together.toFixed(3)})`];
    })
  );
}

/** The inverse of a symmetric positive matrix, by Gauss and Jordan; none if it is singular. */
function inverseOf(matrix: Float64Array, size: number): Float64Array | undefined {
  const left = matrix.slice(), right = new Float64Array(size * size);
  for (let i = 0; i < size; i++) right[i * size + i] = 1;
  for (let i = 0; i < size; i++) {
    const pivot = left[i * size + i]!;
    if (!(pivot > 1e-13)) return undefined;
    for (let j = 0; j < size; j++) {
      left[i * size + j]! /= pivot;
      right[i * size + j]! /= pivot;
    }
    for (let k = 0; k < size; k++) {
      const factor = left[k * size + i]!;
      if (k === i || factor === 0) continue;
      for (let j = 0; j < size; j++) {
        left[k * size + j]! -= factor * left[i * size + j]!;
        right[k * size + j]! -= factor * right[i * size + j]!;
      }
    }
  }
  return right;
}

/** How far beyond the largest of its kind a point lies, or below the smallest: above 1. */
export interface Beyond {
  /** The variable. */
  readonly variable: string;
  /** The ratio. */
  readonly factor: number;
}

/** The variables in which a point lies outside what a law was fitted to. */
export function beyond(fit: LawFit, data: LawData, point: readonly number[]): Beyond[] {
  return fit.law.variables.flatMap((variable, i) => {
    const column = data.columns[i]!;
    const factor = Math.max(point[i]! / greatestOf(column), leastOf(column) / point[i]!);
    return factor > 1 ? [{ variable, factor }] : [];
  });
}

/** A sentence on a point outside what a law was fitted to; none inside. */
export function extrapolation(
  fit: LawFit,
  data: LawData,
  point: readonly number[],
): string | undefined {
  const outside = beyond(fit, data, point);
  if (outside.length === 0) return undefined;
  const list = outside.map(({ variable, factor }) => `${short(factor)} times in ${variable}`);
  return `an extrapolation beyond the points by ${list.join(" and ")}: the error there may be ` +
    `many times the ${short(100 * fit.rmse)} percent by which the points are described`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
