/**
 * Laws that are sums of powers: a limit and terms that vanish, each coefficient times
 * powers of the variables. In logarithms, the log of a sum of exponentials, which neither
 * overflows nor loses a small term, and whose parameters a search can move freely.
 *
 * Logarithms of variables are taken from their means, so that a term's coefficient is its
 * size amidst the points and can be told from its exponents.
 */
import { leastOf } from "../../base/extremes.ts";
import type { LawAtPoints } from "./law.ts";

/** A term beside the limit: coefficient * product of factors^-exponent. */
export interface Term {
  /** Which logarithms it takes, by their place in the columns, and whether it rises with them. */
  readonly of: readonly { readonly column: number; readonly rises?: true }[];
}

/** The exponents that searches begin with. */
const EXPONENTS = [0.1, 0.3, 0.6, 1.2];
/** The shares of the smallest value that the limit begins with. */
const LIMIT_SHARES = [0.3, 0.7, 0.95];

/**
 * A law of a limit and terms, at points.
 *
 * The parameters in order: the limit, then of each term its coefficient and exponents.
 *
 * @param logs logarithms of what the terms take, a column each
 */
export function sumOfTerms(
  terms: readonly Term[],
  logsOf: (columns: readonly Float64Array[]) => readonly Float64Array[],
  columns: readonly Float64Array[],
): LawAtPoints {
  const raw = logsOf(columns);
  const centres = raw.map(mean);
  const logs = raw.map((each, i) => each.map((value) => value - centres[i]!));
  const places = placesOf(terms);
  const size = 1 + terms.reduce((sum, { of }) => sum + 1 + of.length, 0);
  const values = new Float64Array(terms.length + 1);

  /** The logarithm of the sum at a point, each term's share of it left in `values`. */
  const logSum = (inner: Float64Array, at: readonly Float64Array[], point: number): number => {
    let most = values[0] = inner[0]!;
    for (let t = 0; t < terms.length; t++) {
      const { of } = terms[t]!;
      let place = places[t]!;
      let value = inner[place]!;
      for (let k = 0; k < of.length; k++) {
        const { column, rises } = of[k]!;
        const log = at[column]![point]!;
        value += (rises ? 1 : -1) * inner[++place]! * log;
      }
      values[t + 1] = value;
      if (value > most) most = value;
    }
    let sum = 0;
    for (let t = 0; t < values.length; t++) sum += values[t] = Math.exp(values[t]! - most);
    for (let t = 0; t < values.length; t++) values[t]! /= sum;
    return most + Math.log(sum);
  };

  return {
    predict(inner, point, gradient) {
      const value = logSum(inner, logs, point);
      gradient[0] = values[0]!;
      for (let t = 0; t < terms.length; t++) {
        const { of } = terms[t]!;
        let place = places[t]!;
        const share = gradient[place] = values[t + 1]!;
        for (let k = 0; k < of.length; k++) {
          const { column, rises } = of[k]!;
          gradient[++place] = (rises ? 1 : -1) * share * logs[column]![point]!;
        }
      }
      return value;
    },
    starts(ys) {
      const least = leastOf(ys), average = mean(ys);
      const exponents = terms.map(() => EXPONENTS);
      return combinations(exponents).flatMap((chosen) =>
        LIMIT_SHARES.map((share) => {
          const start = new Float64Array(size);
          start[0] = Math.log(share * least);
          const rest = Math.log(Math.max(1e-9, average - share * least) / terms.length);
          for (let t = 0; t < terms.length; t++) {
            let place = places[t]!;
            start[place] = rest;
            for (const _ of terms[t]!.of) start[++place] = chosen[t]!;
          }
          return start;
        })
      );
    },
    outward(inner) {
      const outer = Array.from(inner);
      outer[0] = Math.exp(inner[0]!);
      for (const [t, { of }] of terms.entries()) {
        const place = places[t]!;
        let log = inner[place]!;
        of.forEach(({ column, rises }, k) => {
          log += (rises ? -1 : 1) * inner[place + 1 + k]! * centres[column]!;
        });
        outer[place] = Math.exp(log);
      }
      return outer;
    },
    inward(parameters) {
      const inner = Float64Array.from(parameters);
      inner[0] = Math.log(parameters[0]!);
      for (const [t, { of }] of terms.entries()) {
        const place = places[t]!;
        let log = Math.log(parameters[place]!);
        of.forEach(({ column, rises }, k) => {
          log -= (rises ? -1 : 1) * parameters[place + 1 + k]! * centres[column]!;
        });
        inner[place] = log;
      }
      return inner;
    },
    evaluate(inner, others) {
      const at = logsOf(others).map((each, i) => each.map((value) => value - centres[i]!));
      return (others[0] ?? new Float64Array()).map((_, point) =>
        Math.exp(logSum(inner, at, point))
      );
    },
  };
}

/** Where each term's coefficient stands among the parameters; the limit is the first. */
function placesOf(terms: readonly Term[]): number[] {
  let place = 1;
  return terms.map(({ of }) => {
    const at = place;
    place += 1 + of.length;
    return at;
  });
}

/** One of each list, in every combination. */
export function combinations(lists: readonly (readonly number[])[]): number[][] {
  return lists.reduce<number[][]>(
    (all, list) => all.flatMap((some) => list.map((each) => [...some, each])),
    [[]],
  );
}

/** The mean of values. */
export function mean(values: Float64Array): number {
  let sum = 0;
  for (const each of values) sum += each;
  return sum / values.length;
}

/** Logarithms of a column. */
export function logOf(column: Float64Array): Float64Array {
  return column.map(Math.log);
}
