/** The best cell of a score: by how much, over what, and what is not shown to be worse. */
import { cheapestWithin, pairedDifference, type SeedMean } from "../../analysis/cells.ts";
import { bestWithinNoise } from "../../analysis/noise.ts";
import { counted } from "../../base/count.ts";
import { changeText, intervalText, spreadText, valueText } from "./quantity.ts";
import { isBetter, type ScoreCell, scoreName, type StudyScore } from "./scores.ts";

/** A stage of one cell that the best is compared with: a start, a control. */
export interface Beside {
  /** The stage. */
  readonly stage: string;
  /** The best less it, over the seeds that both have; in the metric's unit. */
  readonly difference: SeedMean;
}

/** The best cell. */
export interface BestCell {
  /** The cell. */
  readonly cell: ScoreCell;
  /** Cells that are not shown to be worse, the best not among them. */
  readonly alike: readonly ScoreCell[];
  /** The cheapest of the best and its like, where it is not the best and costs are known. */
  readonly cheapest?: ScoreCell;
  /** Whether all cells have the very same value, so that none is best. */
  readonly isConstant: boolean;
  /** Stages of one cell with the same score. */
  readonly beside: readonly Beside[];
}

/** Finds it. */
export function bestCellOf(score: StudyScore, scores: readonly StudyScore[]): BestCell {
  const { cells, declared } = score;
  const cell = cells.reduce((one, other) =>
    isBetter(score, other.mean.mean, one.mean.mean) ? other : one
  );
  const isConstant = cells.length > 1 &&
    cells.every(({ values }) => [...values.values()].every((value) => value === cell.mean.mean));
  const marks = bestWithinNoise(
    cells.map(({ values, standardErrors }) => ({ values: [...values.values()], standardErrors })),
    declared.better,
  );
  const alike = cells.filter((each, i) => marks[i] === true && each !== cell);
  const all = [cell, ...alike];
  const place = cheapestWithin(
    all.map(({ flops = NaN, mean }) => ({ cost: flops, value: mean.mean })),
    Infinity,
    declared.better,
  );
  const cheapest = all.every(({ flops }) => flops !== undefined) ? all[place ?? 0] : undefined;
  return {
    cell,
    alike: isConstant ? [] : alike,
    ...(cheapest === undefined || cheapest === cell || isConstant ? {} : { cheapest }),
    isConstant,
    beside: scores.flatMap((other) => besideOf(score, { cell, other })),
  };
}

function besideOf(
  score: StudyScore,
  { cell, other }: { readonly cell: ScoreCell; readonly other: StudyScore },
): Beside[] {
  const isSame = other.stage !== score.stage && other.benchmark === score.benchmark &&
    other.metric === score.metric && other.split === score.split;
  if (!isSame || other.cells.length !== 1) return [];
  const difference = pairedDifference(cell.values, other.cells[0]!.values);
  return difference === undefined ? [] : [{ stage: other.stage, difference }];
}

/** Stages of one cell that the sentence names. */
const NAMED_BESIDE = 2;

/** What it is, in one sentence. */
export function bestSentence(score: StudyScore, best: BestCell): string {
  const { cells } = score, { cell, alike, cheapest, isConstant, beside } = best;
  if (isConstant) {
    const value = valueText(cell.mean.mean, score);
    return `All ${cells.length} cells of ${score.stage} have the same ${
      scoreName(score)
    } of ${value}, so that none is best.`;
  }
  const which = cells.length === 1
    ? `${cell.label} is the one cell that was measured, with`
    : `Of ${cells.length} cells ${cell.label} is best, with`;
  const above = beside.slice(0, NAMED_BESIDE).map(({ stage, difference }) =>
    `${differenceText(difference, score)} against ${stage}`
  );
  const like = alike.length === 0 ? [] : [
    `${counted(alike.length, "other cell")} ${
      alike.length === 1 ? "is" : "are"
    } not shown to be worse` +
    (cheapest === undefined ? "" : `, the cheapest being ${cheapest.label}`),
  ];
  const clauses = [above.join(" and "), ...like].filter((text) => text !== "");
  return `${which} ${scoreName(score)} ${meanText(cell.mean, score)}` +
    `${clauses.length === 0 ? "" : `: ${clauses.join("; ")}`}.`;
}

/** A mean with its deviation and how many seeds it is of. */
export function meanText(
  { mean, deviation, seeds }: SeedMean,
  { declared }: Pick<StudyScore, "declared">,
): string {
  const value = valueText(mean, { declared, uncertainty: deviation });
  return deviation === undefined
    ? `${value} (n = 1, so that its deviation is not known)`
    : `${value} ± ${spreadText(deviation, declared)} (standard deviation, n = ${seeds} seeds)`;
}

/** A difference with its interval, or that one seed gives none. */
export function differenceText(
  { mean, interval }: SeedMean,
  { declared }: Pick<StudyScore, "declared">,
): string {
  if (interval === undefined) return `${changeText(mean, { declared })} (one seed, no interval)`;
  return `${changeText(mean, { declared, interval })} ${
    intervalText(interval, { declared, isChange: true })
  }`;
}
