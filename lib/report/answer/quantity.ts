/**
 * Values and differences of a metric in sentences, with their units and no more digits than
 * their uncertainty allows: two of it.
 */
import type { Interval } from "../../analysis/interval.ts";
import type { Metric } from "../../base/measures.ts";
import { formatFixed } from "../text/format.ts";
import { unitOf } from "../text/units.ts";

/** How a quantity is written. */
export interface QuantityOptions {
  /** What its kind says of the metric. */
  readonly declared: Metric | undefined;
  /** By how much it may be off, in the metric's unit; absent where that is not known. */
  readonly uncertainty?: number | undefined;
}

/** A value with its unit: "90.5%", "1.23 nats". */
export function valueText(value: number, options: QuantityOptions): string {
  const number = valueNumber(value, options), { declared } = options;
  return declared?.unit === "fraction" ? `${number}%` : `${number}${unitAfter(declared)}`;
}

/** A value without its unit, fractions in percent. */
export function valueNumber(value: number, { declared, uncertainty }: QuantityOptions): string {
  return formatFixed(unitOf(declared).factor * value, digitsOf(declared, uncertainty));
}

/** A spread, without its unit: "0.5". */
export function spreadText(spread: number, declared: Metric | undefined): string {
  return formatFixed(unitOf(declared).factor * spread, digitsOf(declared, spread));
}

/** How a difference is written. */
export interface ChangeOptions {
  /** What its kind says of the metric. */
  readonly declared: Metric | undefined;
  /** Its interval, which says how many digits there are to tell. */
  readonly interval?: Interval | undefined;
}

/** A difference with its sign and unit: "+16.9 points", "-0.31 nats"; points are of percent. */
export function changeText(value: number, options: ChangeOptions): string {
  const number = changeNumber(value, options), { declared } = options;
  return declared?.unit === "fraction" ? `${number} points` : `${number}${unitAfter(declared)}`;
}

/** A difference with its sign, without its unit. */
export function changeNumber(value: number, { declared, interval }: ChangeOptions): string {
  const uncertainty = interval === undefined ? undefined : halfOf(interval);
  return signed(unitOf(declared).factor * value, digitsOf(declared, uncertainty));
}

/** An interval, without its unit: "[9.8, 24.1]"; of a difference with signs. */
export function intervalText(
  { low, high }: Interval,
  { declared, isChange = false }: {
    readonly declared: Metric | undefined;
    readonly isChange?: boolean;
  },
): string {
  const { factor } = unitOf(declared);
  const digits = digitsOf(declared, halfOf({ low, high }));
  const show = (end: number) =>
    isChange ? signed(factor * end, digits) : formatFixed(factor * end, digits);
  return `[${show(low)}, ${show(high)}]`;
}

/** Half the width of an interval; undefined of one without an end. */
export function halfOf({ low, high }: Interval): number | undefined {
  const half = (high - low) / 2;
  return Number.isFinite(half) ? half : undefined;
}

/** Digits of an uncertainty that are told. */
const TOLD_DIGITS = 2;

/** Digits after the point: never more than in tables. */
function digitsOf(declared: Metric | undefined, uncertainty: number | undefined): number {
  const { factor, digits } = unitOf(declared);
  if (uncertainty === undefined || !(uncertainty > 0)) return digits;
  const magnitude = Math.floor(Math.log10(factor * uncertainty));
  return Math.min(digits, Math.max(0, TOLD_DIGITS - 1 - magnitude));
}

function signed(value: number, digits: number): string {
  const text = formatFixed(value, digits);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

function unitAfter(declared: Metric | undefined): string {
  return declared === undefined ? "" : ` ${declared.unit}`;
}
