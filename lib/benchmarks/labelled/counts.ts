/**
 * Counts of labels that were told right and wrong, and the rates made of them, as
 * scikit-learn's `precision_recall_fscore_support` and `accuracy_score` give them.
 */
import { bootstrapErrors } from "../../analysis/clusters.ts";

/** Rates of some classes together, between 0 and 1. */
export interface ClassRates {
  /** correct / predicted, 0 when nothing is predicted. */
  readonly precision: number;
  /** correct / gold, 0 when there is nothing to find. */
  readonly recall: number;
  /** 2 correct / (gold + predicted), the harmonic mean of both; 0 when nothing is correct. */
  readonly f1: number;
  /** Texts that have such a label. */
  readonly gold: number;
  /** Texts of which such a label was said. */
  readonly predicted: number;
  /** Texts that have such a label and of which it was said. */
  readonly correct: number;
}

/** Labels as numbers, and those that were said. */
export interface Labellings {
  /** By text. */
  readonly gold: readonly number[];
  /** By text, as many. */
  readonly predicted: readonly number[];
}

/** Rates of named classes, one or several, pooled: binary for one, micro-averaged for more. */
export function namedClassRates(
  { gold, predicted }: Labellings,
  classes: readonly number[],
): ClassRates & { readonly standardErrors: Readonly<Partial<Record<RateName, number>>> } {
  const counted = new Set(classes), WIDTH = 3;
  const tallies = new Float64Array(WIDTH * gold.length);
  gold.forEach((label, i) => {
    if (counted.has(label)) tallies[WIDTH * i] = 1;
    if (counted.has(predicted[i]!)) tallies[WIDTH * i + 1] = 1;
    if (counted.has(label) && predicted[i] === label) tallies[WIDTH * i + 2] = 1;
  });
  return {
    ...ratesOf(sumsOf(tallies, WIDTH)),
    standardErrors: bootstrapErrors(tallies, {
      width: WIDTH,
      statistics: (sums) => {
        const { precision, recall, f1 } = ratesOf(sums);
        return { precision, recall, f1 };
      },
    }),
  };
}

/** The rates of each class alone, by the name of its label. */
export function ratesByClass(
  { gold, predicted }: Labellings,
  labels: readonly string[],
): Readonly<Record<string, ClassRates>> {
  const sums = labels.map(() => new Float64Array(3));
  gold.forEach((label, i) => {
    const said = predicted[i]!;
    sums[label]![0]! += 1;
    sums[said]![1]! += 1;
    if (label === said) sums[label]![2]! += 1;
  });
  return Object.fromEntries(labels.map((label, number) => [label, ratesOf(sums[number]!)]));
}

/** A rate of `ClassRates`. */
export type RateName = "precision" | "recall" | "f1";

/** How many texts are told right, and the plain mean of the classes' F1. */
export interface OverallScore {
  /** Texts told right, of all. */
  readonly accuracy: number;
  /** The mean of all classes' F1; a class that is neither there nor said counts 0. */
  readonly macroF1: number;
  /** How far they may be off by the choice of texts; empty for fewer than two. */
  readonly standardErrors: Readonly<Partial<Record<"accuracy" | "macroF1", number>>>;
}

/** Scores all of `classes` classes. */
export function overallScore({ gold, predicted }: Labellings, classes: number): OverallScore {
  const width = 3 * classes;
  const tallies = new Float64Array(width * gold.length);
  gold.forEach((label, i) => {
    const said = predicted[i]!;
    tallies[width * i + 3 * label]! += 1;
    tallies[width * i + 3 * said + 1]! += 1;
    if (label === said) tallies[width * i + 3 * label + 2]! += 1;
  });
  const statistics = (sums: Float64Array) => {
    let correct = 0, all = 0, f1 = 0;
    for (let label = 0; label < classes; label++) {
      const rates = ratesOf(sums.subarray(3 * label, 3 * label + 3));
      correct += rates.correct;
      all += rates.gold;
      f1 += rates.f1;
    }
    return { accuracy: all === 0 ? 0 : correct / all, macroF1: f1 / classes };
  };
  return {
    ...statistics(sumsOf(tallies, width)),
    standardErrors: bootstrapErrors(tallies, { width, statistics }),
  };
}

function sumsOf(tallies: Float64Array, width: number): Float64Array {
  const sums = new Float64Array(width);
  tallies.forEach((each, i) => sums[i % width]! += each);
  return sums;
}

function ratesOf(sums: Float64Array): ClassRates {
  const [gold, predicted, correct] = sums as unknown as readonly [number, number, number];
  const precision = predicted === 0 ? 0 : correct / predicted;
  const recall = gold === 0 ? 0 : correct / gold;
  // By counts and not by the rates, as scikit-learn has it: the last digit is another.
  const f1 = gold + predicted === 0 ? 0 : 2 * correct / (gold + predicted);
  return { precision, recall, f1, gold, predicted, correct };
}
