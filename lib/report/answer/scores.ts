/**
 * The scores of a study: which there are, which is the main one, and the means of their cells.
 */
import { type BySeed, meanOverSeeds, type SeedMean } from "../../analysis/cells.ts";
import type { JsonObject } from "../../base/canonical.ts";
import type { Metric } from "../../base/measures.ts";
import { headlineRows, sweptAxes } from "../text/grid.ts";
import { formatCell } from "../text/labels.ts";
import type { AnswerRow } from "./study_record.ts";

/** A cell without its seed. */
export interface ScoreCell {
  /** The values of the axes that tell it from others. */
  readonly axes: JsonObject;
  /** As it is named everywhere: `ner{tokens=64000, steps=600}`. */
  readonly label: string;
  /** What was measured, by seed; finite. */
  readonly values: BySeed;
  /** Over seeds. */
  readonly mean: SeedMean;
  /** Of single values, by the choice of what was measured on. */
  readonly standardErrors: readonly number[];
  /** What its trainings cost, FLOPs; absent where it is not known. */
  readonly flops?: number;
}

/** One score of a stage: what was measured, of which cells. */
export interface StudyScore {
  /** The stage. */
  readonly stage: string;
  /** What it was evaluated on. */
  readonly benchmark: string;
  /** What was measured. */
  readonly metric: string;
  /** The part of the data. */
  readonly split: string;
  /** What its kind says of it. */
  readonly declared: Metric & { readonly better: "lower" | "higher" };
  /** The axes in which its cells differ, but for the seed. */
  readonly axes: readonly string[];
  /** Its cells that have a number, in the order of the spec. */
  readonly cells: readonly ScoreCell[];
}

/** Every headline score of which one way is better, in the order of the spec. */
export function scoresOf(rows: readonly AnswerRow[]): StudyScore[] {
  const finite = headlineRows(rows).filter(({ value, declared }) =>
    Number.isFinite(value) && declared?.better !== undefined
  );
  const groups = Map.groupBy(
    finite,
    ({ stage, benchmark, metric, split }) => JSON.stringify([stage, benchmark, metric, split]),
  );
  return [...groups.values()].map((same) => {
    const { stage, benchmark, metric, split, declared } = same[0]!;
    // Axes of a stage are those in which its cells differ, also where some have no number.
    const axes = sweptAxes(rows.filter((row) => row.stage === stage));
    return {
      stage,
      benchmark,
      metric,
      split,
      declared: declared as StudyScore["declared"],
      axes,
      cells: cellsOf(same, axes),
    };
  });
}

function cellsOf(rows: readonly AnswerRow[], axes: readonly string[]): ScoreCell[] {
  const own = (row: AnswerRow): JsonObject =>
    Object.fromEntries(
      axes.flatMap((axis) => Object.hasOwn(row.axes, axis) ? [[axis, row.axes[axis]!]] : []),
    );
  const cells = Map.groupBy(rows, (row) => formatCell(row.stage, own(row)));
  return [...cells].map(([label, same]) => {
    // Scores without a seed are told apart by their place.
    const values = new Map(same.map(({ seed, value }, i) => [seed ?? -1 - i, value]));
    const costs = same.flatMap(({ x }) => x.flops ?? []);
    return {
      axes: own(same[0]!),
      label,
      values,
      mean: meanOverSeeds(values.values()),
      standardErrors: same.flatMap(({ standardError }) => standardError ?? []),
      ...(costs.length === same.length ? { flops: meanOverSeeds(costs).mean } : {}),
    };
  });
}

/** The score that a study is first of all about, and by what rule. */
export interface MainScore {
  /** The score. */
  readonly score: StudyScore;
  /** A clause: "the first stage that ...". */
  readonly rule: string;
}

/**
 * The main score: of the first stage of the spec that was measured on a test part at several
 * cells; else of the first measured at several; else of the first.
 *
 * Where a mean over some axes is taken of it, as over folds, the mean.
 */
export function mainScore(scores: readonly StudyScore[]): MainScore | undefined {
  const isSwept = ({ cells }: StudyScore) => cells.length > 1;
  const isTest = ({ split }: StudyScore) => split === "test";
  const rules: readonly (readonly [string, (score: StudyScore) => boolean])[] = [
    [
      "the first stage of the spec with a score on a test part at several cells",
      (score) => isSwept(score) && isTest(score),
    ],
    ["the first stage of the spec with a score at several cells", isSwept],
    ["the first stage of the spec with a score on a test part", isTest],
    ["the first stage of the spec with a score", () => true],
  ];
  for (const [rule, isMeant] of rules) {
    const found = scores.find((score) => isMeant(score) && !isAveraged(score, scores));
    if (found !== undefined) return { score: found, rule };
  }
  return undefined;
}

/** Whether another score is the mean over some of its axes. */
function isAveraged(score: StudyScore, scores: readonly StudyScore[]): boolean {
  if (score.declared.isOfCells === true) return false;
  return scores.some((mean) =>
    mean.declared.isOfCells === true && mean.benchmark === score.benchmark &&
    mean.metric === score.metric && mean.split === score.split &&
    mean.axes.length < score.axes.length && mean.axes.every((axis) => score.axes.includes(axis))
  );
}

/** Whether one value is better than another. */
export function isBetter({ declared }: StudyScore, one: number, other: number): boolean {
  return declared.better === "lower" ? one < other : one > other;
}

/** Benchmark, split and metric in words: "ner test f1". */
export function scoreName(
  { benchmark, split, metric }: Pick<StudyScore, "benchmark" | "split" | "metric">,
): string {
  return `${benchmark} ${split} ${metric}`;
}
