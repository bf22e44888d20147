/**
 * What a reader of a study's numbers has to be wary of, each kind of doubt once with all
 * places where it holds.
 */
import { pairedDifference, type SeedMean } from "../../analysis/cells.ts";
import type { StudyFit } from "../../analysis/scaling.ts";
import type { Doubt } from "../../base/measures.ts";
import { agreeing, counted, grouped } from "../../base/count.ts";
import { greatestOf, leastOf } from "../../base/extremes.ts";
import { formatCell } from "../text/labels.ts";
import { isMeaningless } from "../text/fits.ts";
import { type BestCell, differenceText } from "./best_cell.ts";
import { doublingsOf } from "./doublings.ts";
import { valueText } from "./quantity.ts";
import { isBetter, type ScoreCell, scoreName, type StudyScore } from "./scores.ts";
import type { AnswerCell, AnswerRow, StudyRecord } from "./study_record.ts";

/** A warning. */
export interface AnswerWarning {
  /**
   * Names the kind of doubt: "failed-cells", "missing-cells", "former-cells", "not-finite",
   * "constant", "few-seeds", "no-gain", "below-noise", "unannealed", "repeated-data",
   * "extrapolation", "fit", or what a metric declares, such as "leakage" and "bag-of-words".
   */
  readonly code: string;
  /** One sentence. */
  readonly text: string;
  /** The cells, stages or fits that it holds for, as they are named everywhere. */
  readonly where: readonly string[];
}

/** All warnings of a study, those first that leave the least standing. */
export function warningsOf(
  { rows, cells, fits }: StudyRecord,
  { scores, main, best }: {
    readonly scores: readonly StudyScore[];
    readonly main?: StudyScore | undefined;
    readonly best?: BestCell | undefined;
  },
): AnswerWarning[] {
  return [
    ...cellWarnings(cells),
    ...notFinite(rows),
    ...constant(scores),
    ...fewSeeds(scores),
    ...(main === undefined || best === undefined ? [] : noGain(main, best)),
    ...(main === undefined || best === undefined ? [] : belowNoise(main, best)),
    ...doubts(rows),
    ...unannealed(rows),
    ...repeated(rows),
    ...fits.flatMap(fitWarnings),
  ];
}

function cellWarnings(cells: readonly AnswerCell[]): AnswerWarning[] {
  const of = (...states: AnswerCell["state"][]) =>
    cells.filter(({ state }) => states.includes(state))
      .map(({ stage, axes }) => formatCell(stage, axes));
  const [failed, skipped] = [of("failed"), of("skipped")];
  const [missing, former] = [of("missing"), of("former")];
  return [
    ...warning(failed, "failed-cells", () =>
      `${counted(failed.length, "cell")} failed` +
      (skipped.length === 0 ? "" : `, and ${skipped.length} could not run for it`) +
      ": the view failures says why"),
    ...warning(
      missing,
      "missing-cells",
      () =>
        `${counted(missing.length, "cell")} of ${cells.length} ${
          agreeing(missing.length, "has", "have")
        } not been computed: run the spec again to fill the grid`,
    ),
    ...warning(
      former,
      "former-cells",
      () =>
        `${counted(former.length, "cell")} ${agreeing(former.length, "shows", "show")} what an ` +
        "earlier state of the spec gave: run it again",
    ),
  ];
}

function notFinite(rows: readonly AnswerRow[]): AnswerWarning[] {
  const where = labelsOf(rows.filter(({ value }) => !Number.isFinite(value)));
  return warning(
    where,
    "not-finite",
    () => "a score is no number, as of a training that diverged: it is left out of all means",
  );
}

function constant(scores: readonly StudyScore[]): AnswerWarning[] {
  return scores.flatMap((score) => {
    const { cells, stage } = score;
    const first = cells[0]!.mean.mean;
    const isSame = cells.length > 1 &&
      cells.every(({ values }) => [...values.values()].every((value) => value === first));
    if (!isSame) return [];
    const text = `${scoreName(score)} is ${valueText(first, score)} at every cell: it cannot ` +
      "tell them apart";
    return [{ code: "constant", text, where: [stage] }];
  });
}

/** Seeds from which on intervals over them are worth telling. */
const ENOUGH_SEEDS = 3;

function fewSeeds(scores: readonly StudyScore[]): AnswerWarning[] {
  const fewest = new Map<string, number>();
  for (const { stage, cells, declared } of scores) {
    // A mean over cells is no draw of a seed.
    if (declared.isOfCells === true) continue;
    const least = leastOf(cells.map(({ mean }) => mean.seeds));
    fewest.set(stage, Math.min(fewest.get(stage) ?? Infinity, least));
  }
  const of = (count: number) =>
    [...fewest].filter(([, least]) => least === count)
      .map(([stage]) => stage);
  return [
    ...warning(
      of(1),
      "few-seeds",
      () => "cells of one seed: how far another seed would be off is not known",
    ),
    ...[...new Set(fewest.values())].filter((count) => count > 1 && count < ENOUGH_SEEDS)
      .flatMap((count) =>
        warning(
          of(count),
          "few-seeds",
          () =>
            `cells of ${count} seeds: intervals of 95 percent over so few are very wide, and ` +
            "narrow soon with more",
        )
      ),
  ];
}

/** Where no cell that was trained is as good as the start, or as a stage beside: a control. */
function noGain(score: StudyScore, { cell, beside }: BestCell): AnswerWarning[] {
  const isStart = ({ axes }: ScoreCell) => score.axes.some((axis) => axes[axis] === 0);
  const trained = score.cells.filter((each) => !isStart(each));
  const best = trained.length === 0
    ? undefined
    : trained.reduce((one, other) => isBetter(score, other.mean.mean, one.mean.mean) ? other : one);
  const ahead: { name: string; difference?: SeedMean }[] = beside.filter(({ difference }) =>
    isBetter(score, 0, difference.mean)
  )
    .map(({ stage, difference }) => ({ name: stage, difference }));
  if (best !== undefined && isStart(cell) && isBetter(score, cell.mean.mean, best.mean.mean)) {
    const difference = pairedDifference(best.values, cell.values);
    ahead.unshift({ name: cell.label, ...(difference === undefined ? {} : { difference }) });
  }
  return warning(ahead.map(({ name }) => name), "no-gain", () => {
    const [{ name, difference }] = ahead as [typeof ahead[number]];
    const off = difference === undefined
      ? ""
      : `: the best of them has ${differenceText(difference, score)} against it`;
    return `no trained cell of ${score.stage} has as good a ${
      scoreName(score)
    } as ${name}${off}; ` +
      "by this score training has brought nothing";
  });
}

function belowNoise(score: StudyScore, best: BestCell): AnswerWarning[] {
  const { alike, cell } = best;
  const flat = doublingsOf(score, cell).flatMap(({ axis, whole: { interval } }) =>
    interval !== undefined && interval.low <= 0 && interval.high >= 0 ? [axis] : []
  );
  return [
    ...warning(
      alike.map(({ label }) => label),
      "below-noise",
      () =>
        `${scoreName(score)} of ${counted(alike.length, "cell")} differs from that of the best, ` +
        `${cell.label}, by less than 2 standard errors`,
    ),
    ...warning(
      flat.map((axis) => `${score.stage} over ${axis}`),
      "below-noise",
      () =>
        `the interval of what a doubling brings to ${scoreName(score)} holds 0: that it brings ` +
        "anything is not shown",
    ),
  ];
}

/** Standard errors by which a value has to reach a bound. */
const SHOWN_ERRORS = 2;

/** What metrics declare to be doubtful. */
function doubts(rows: readonly AnswerRow[]): AnswerWarning[] {
  const found = rows.filter(({ value, standardError = 0, declared }) => {
    const { above, below } = declared?.doubt ?? {};
    const reach = SHOWN_ERRORS * standardError;
    return above !== undefined && value - reach > above ||
      below !== undefined && value - reach < below;
  });
  const groups = Map.groupBy(found, (row) => {
    const { code, says } = row.declared!.doubt!;
    return JSON.stringify([code, says, ...(row.declared!.better === undefined ? [] : [row.split])]);
  });
  return [...groups.values()].map((same) => {
    const { code, says }: Doubt = same[0]!.declared!.doubt!;
    const worst = same.reduce((one, other) =>
      (one.declared!.doubt!.above === undefined) === (other.value < one.value) ? other : one
    );
    const value = valueText(worst.value, { declared: worst.declared });
    const text = `${worst.metric} is ${value} on ${worst.split}` +
      (same.length > 1 ? ` at ${formatCell(worst.stage, worst.axes)}` : "") + `: ${says}`;
    return { code, text, where: labelsOf(same) };
  });
}

/** A learning rate below this share of its full one has come to its end. */
const ANNEALED = 0.1;

function unannealed(rows: readonly AnswerRow[]): AnswerWarning[] {
  const some = rows.filter(({ x }) => (x.learningRateShare ?? 0) > ANNEALED);
  const most = greatestOf(some.map(({ x }) => x.learningRateShare!));
  return warning(
    stagesOf(some),
    "unannealed",
    () =>
      `the learning rate had not fallen when these were measured (${
        Math.round(100 * most)
      }% of the full one): trainings that are brought to their end score better, and by how much ` +
      "may differ from point to point; a trapezoid schedule measures such points",
  );
}

/** Passes over a text beyond which it is worth less than new text. */
const FRESH_EPOCHS = 4;

function repeated(rows: readonly AnswerRow[]): AnswerWarning[] {
  const passes = ({ x: { seenTokens, uniqueTokens } }: AnswerRow) =>
    seenTokens === undefined || uniqueTokens === undefined || uniqueTokens === 0
      ? 0
      : seenTokens / uniqueTokens;
  const some = rows.filter((row) => passes(row) > FRESH_EPOCHS);
  const most = greatestOf(some.map(passes));
  return warning(
    labelsOf(some),
    "repeated-data",
    () =>
      `the same text went through training up to ${grouped(Math.round(most))} times ` +
      "(tokens seen over tokens there are): beyond about 4 times it is worth less than new text, " +
      "so that corpus size and repetition change together",
  );
}

/** An error at the largest runs so many times that of the fit is told. */
const FAR_OFF = 4;

function fitWarnings(fit: StudyFit): AnswerWarning[] {
  const { fit: name, cell, shape, goodness, parameters, warnings } = fit;
  const where = [formatCell(name, cell)];
  if (parameters === undefined || isMeaningless(shape)) {
    const [why = "not fitted"] = warnings.slice(-1);
    return [{ code: "fit", text: `a curve says nothing: ${why}`, where }];
  }
  const { heldOutRmse, rmse = 0 } = goodness ?? {};
  const isFar = heldOutRmse !== undefined && heldOutRmse > FAR_OFF * rmse;
  const reasons = [
    ...(shape === "unsaturated" ? ["its limit lies beyond what was measured"] : []),
    ...(shape === "unbounded" ? ["it has no limit that the metric could reach"] : []),
    ...(isFar
      ? [
        `fitted without its largest runs it is off there by ${
          Number((heldOutRmse / rmse).toPrecision(2))
        } times its error`,
      ]
      : []),
  ];
  return reasons.length === 0 ? [] : [{
    code: "extrapolation",
    text: `what the curve says of more is an extrapolation: ${reasons.join(", and ")}`,
    where,
  }];
}

function warning(where: readonly string[], code: string, text: () => string): AnswerWarning[] {
  return where.length === 0 ? [] : [{ code, text: text(), where }];
}

function labelsOf(rows: readonly AnswerRow[]): string[] {
  return [...new Set(rows.map(({ stage, axes }) => formatCell(stage, axes)))];
}

function stagesOf(rows: readonly AnswerRow[]): string[] {
  return [...new Set(rows.map(({ stage }) => stage))];
}
