/** Intervals, and which of them a fitted power law has. */

/** An interval, usually of 95 percent; an end may be infinite. */
export interface Interval {
  /** The lower end, in the unit of what it is of. */
  readonly low: number;
  /** The upper end, likewise. */
  readonly high: number;
}

/** What a fit tells: the law's parameters, and what follows from them. */
export type FitParameter = "limit" | "amplitude" | "exponent" | "ninetyPercentAt";

/** Intervals of a law. */
export type LawIntervals = Readonly<Record<FitParameter, Interval>> & {
  /** Of the law's value, at each x that was asked for. */
  readonly values: readonly Interval[];
};
