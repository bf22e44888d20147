/**
 * How values of a metric are shown: by the unit that its kind declares.
 *
 * Fractions are fractions everywhere but in texts for people, where they are
 * percent and the head of the table says so.
 */
import type { Metric } from "../../base/measures.ts";
import { formatFixed } from "./format.ts";

/** How to show the values of a metric. */
export interface ShownUnit {
  /** What stands after the metric's name: ", %" for fractions. */
  readonly suffix: string;
  /** What values are multiplied with. */
  readonly factor: number;
  /** Digits after the point. */
  readonly digits: number;
  /** A value as text, without the unit. */
  show(value: number): string;
}

/** How to show values of a metric; without a declaration, with three digits. */
export function unitOf(declared: Metric | undefined): ShownUnit {
  const isFraction = declared?.unit === "fraction";
  const [suffix, factor, digits] = isFraction ? [", %", 100, 1] : ["", 1, 3];
  return { suffix, factor, digits, show: (value) => formatFixed(factor * value, digits) };
}

/** A metric's name as it heads a column: "f1, %"; units other than fractions stand in names. */
export function nameOfMetric(metric: string, declared: Metric | undefined): string {
  return `${metric}${unitOf(declared).suffix}`;
}
