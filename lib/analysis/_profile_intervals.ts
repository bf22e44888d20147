/**
 * Intervals of a power law whose points err independently, by profile likelihood.
 *
 * All laws are taken whose squared error is not shown to be more than chance above the
 * least, by an F test with the freedom that is left; an interval is what a quantity
 * can be among them. So it need not be symmetric, does not depend on how the law is
 * written, and says infinity where the points do not hold a quantity.
 *
 * @see Bates and Watts, "Nonlinear Regression Analysis", 6.1
 */
import type { Interval, LawIntervals } from "./interval.ts";
import { exponentAt, minimise, PLACES, type Profile, type ProfilePoint } from "./_profile.ts";
import { studentQuantile } from "./student_t.ts";

/** limitShare * limit + amplitude * x^-exponent: the law's value at an x, or only what is missing. */
interface LinearQuantity {
  readonly limitShare: 0 | 1;
  /** ln x in the unit of the points; infinity for the limit itself. */
  readonly log: number;
}

/**
 * Intervals by profile likelihood.
 *
 * @param freedom how many more points there are than parameters, at least 1
 * @param xs where the law's value is asked for
 */
export function profileIntervals(
  profile: Profile,
  { from, xs, freedom, confidence }: {
    readonly from: number;
    readonly xs: readonly number[];
    readonly freedom: number;
    readonly confidence: number;
  },
): LawIntervals {
  const best = profile.bestPlace();
  const least = profile.at(best).squaredError;
  const t = studentQuantile((1 + confidence) / 2, freedom);
  const allowed = least * (1 + t * t / freedom);
  const isAllowed = (place: number) => profile.at(place).squaredError <= allowed;
  const low = endOf(isAllowed, best, -1), high = endOf(isAllowed, best, 1);
  const exponent = {
    low: low.isOpen ? 0 : exponentAt(low.place),
    high: high.isOpen ? Infinity : exponentAt(high.place),
  };
  const range = (quantity: LinearQuantity): Interval => {
    const ends = (place: number) => endsAt(profile, { place, quantity, allowed });
    return {
      low: extreme((place) => ends(place).low, { low: low.place, high: high.place, best }),
      high: -extreme((place) => -ends(place).high, { low: low.place, high: high.place, best }),
    };
  };
  const { amplitude } = profile.at(best);
  const limit = range({ limitShare: 1, log: Infinity });
  const atOne = range({ limitShare: 0, log: profile.logOf(1) });
  return {
    exponent,
    limit: low.isOpen ? openedLimit(limit, amplitude) : limit,
    amplitude: low.isOpen || high.isOpen ? openedAmplitude(atOne, amplitude) : atOne,
    ninetyPercentAt: reachOf(exponent, from),
    values: xs.map((x) => range({ limitShare: 1, log: profile.logOf(x) })),
  };
}

/** A limit's interval where no saturation is seen: it may lie as far as one likes in its direction. */
export function openedLimit({ low, high }: Interval, amplitude: number): Interval {
  return amplitude < 0 ? { low, high: Infinity } : { low: -Infinity, high };
}

/** An amplitude's interval where the exponent's has an end that is not known. */
function openedAmplitude({ low, high }: Interval, amplitude: number): Interval {
  return amplitude < 0 ? { low: -Infinity, high } : { low, high: Infinity };
}

/** Where 90 percent of the way to the limit is gone, by the exponent's interval. */
export function reachOf({ low, high }: Interval, from: number): Interval {
  return { low: from * 10 ** (1 / high), high: low === 0 ? Infinity : from * 10 ** (1 / low) };
}

/** The last place in a direction that is allowed; open where the range ends before. */
function endOf(
  isAllowed: (place: number) => boolean,
  best: number,
  direction: 1 | -1,
): { place: number; isOpen: boolean } {
  const last = direction === 1 ? PLACES - 1 : 0;
  let inside = best;
  while (inside !== last) {
    const next = direction === 1 ? Math.floor(inside) + 1 : Math.ceil(inside) - 1;
    if (!isAllowed(next)) return { place: between(isAllowed, inside, next), isOpen: false };
    inside = next;
  }
  return { place: last, isOpen: true };
}

/** Where what is allowed ends, between a place that is and one that is not. */
function between(isAllowed: (place: number) => boolean, inside: number, outside: number): number {
  for (let i = 0; i < 30; i++) {
    const middle = (inside + outside) / 2;
    if (isAllowed(middle)) inside = middle;
    else outside = middle;
  }
  return inside;
}

/** What a quantity can be at one exponent. */
function endsAt(
  profile: Profile,
  { place, quantity, allowed }: {
    readonly place: number;
    readonly quantity: LinearQuantity;
    readonly allowed: number;
  },
): Interval {
  const point = profile.at(place);
  const room = Math.max(0, allowed - point.squaredError);
  const power = quantity.log === Infinity ? 0 : Math.exp(-point.exponent * quantity.log);
  const value = quantity.limitShare * point.limit + power * point.amplitude;
  const spread = Math.sqrt(room * leverage(point, profile.ys.length, quantity.limitShare, power));
  return { low: value - spread, high: value + spread };
}

/** By how much a quantity moves with the error, squared, for a given exponent. */
function leverage(
  { meanPower, powerSquares }: ProfilePoint,
  count: number,
  limitShare: number,
  power: number,
): number {
  return limitShare / count + (power - limitShare * meanPower) ** 2 / powerSquares;
}

const SAMPLES = 48;

/** The least value of a function with one valley, from samples between two places. */
function extreme(
  f: (place: number) => number,
  { low, high, best }: { readonly low: number; readonly high: number; readonly best: number },
): number {
  let at = best, least = f(best);
  const step = (high - low) / SAMPLES;
  for (let i = 0; i <= SAMPLES; i++) {
    const value = f(low + i * step);
    if (value < least) [at, least] = [low + i * step, value];
  }
  if (step === 0) return least;
  return Math.min(least, f(minimise(f, Math.max(low, at - step), Math.min(high, at + step))));
}
