/**
 * Counts that scores are made of, in all and by class or type, as they are recorded: so that a
 * score can be looked into, or pooled over folds, by a question to the database.
 */
import type { Metric } from "../base/measures.ts";

/** A count of a part. */
export interface Count {
  /** The count by name, as the benchmark declares it. */
  readonly name: string;
  /** The class or type that is counted; absent: all that the headline score counts. */
  readonly of?: string;
  /** How many. */
  readonly value: number;
}

/** What a count is, as a metric. */
export function countMetric(about: string): Metric {
  return { unit: "count", range: [0, Number.MAX_SAFE_INTEGER], isHeadline: false, about };
}

/** Counts of what was told right and wrong, of entities or of labels. */
export const RIGHT_AND_WRONG: Readonly<Record<string, Metric>> = {
  support: countMetric("What there is to find, by class after a slash."),
  truePositives: countMetric("What was said and is right, by class after a slash."),
  falsePositives: countMetric("What was said and is wrong, by class after a slash."),
  falseNegatives: countMetric("What there is and was not said, by class after a slash."),
};

/** What is there, what was said, and what is in both. */
export interface Tally {
  /** What there is to find. */
  readonly gold: number;
  /** What was said. */
  readonly predicted: number;
  /** What is there and was said. */
  readonly correct: number;
}

/** The counts of `RIGHT_AND_WRONG`, in all and by class. */
export function rightAndWrong(
  all: Tally,
  byClass: Readonly<Record<string, Tally>>,
): Count[] {
  const counts = ({ gold, predicted, correct }: Tally, of?: string): Count[] =>
    Object.entries({
      support: gold,
      truePositives: correct,
      falsePositives: predicted - correct,
      falseNegatives: gold - correct,
    }).map(([name, value]) => of === undefined ? { name, value } : { name, of, value });
  return [...counts(all), ...Object.entries(byClass).flatMap(([of, tally]) => counts(tally, of))];
}

/** A count in all and by reason, the reasons after a slash; nothing by reason where nothing is. */
export function byReason(name: string, reasons: Readonly<Record<string, number>>): Count[] {
  const value = Object.values(reasons).reduce((sum, each) => sum + each, 0);
  return [{ name, value }, ...Object.entries(reasons).map(([of, value]) => ({ name, of, value }))];
}

/** The name under which a count is measured: "support", "support/Disease". */
export function nameOfCount({ name, of }: Pick<Count, "name" | "of">): string {
  return of === undefined ? name : `${name}/${of}`;
}
