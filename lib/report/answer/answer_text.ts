/** An answer as text of a width: question, three sentences, warnings, a table of all scores. */
import { listOf } from "../../base/list.ts";
import { nameOfMetric } from "../text/units.ts";
import { sparkline } from "../text/sparkline.ts";
import { foldTable } from "../text/table.ts";
import { wrapText } from "../text/wrap.ts";
import type { Answer, ScoreAnswer } from "./answer.ts";
import type { Doubling } from "./doublings.ts";
import { changeNumber, intervalText, spreadText, valueNumber } from "./quantity.ts";
import type { AnswerWarning } from "./warnings.ts";

/** How an answer is printed. */
export interface AnswerTextOptions {
  /** Columns of a terminal; as wide as it needs unless given. */
  readonly width?: number;
  /** Whether the reader can show blocks of eight heights, so that small curves stand in the table. */
  readonly hasCurves?: boolean;
}

/** Question and three sentences, each a paragraph. */
export function formatAnswer(
  { question, sentences }: Answer,
  options: AnswerTextOptions = {},
): string {
  const { width = Infinity } = options;
  const answer = sentences.map((text) => wrapText(text, { width, other: "  " })).join("\n");
  return `${wrapText(question, { width })}\n\n${answer}`;
}

/** Places that are named for one warning; of more there is a count. */
const NAMED_PLACES = 3;

/** Warnings, a paragraph each; "" without any. */
export function formatWarnings(
  warnings: readonly AnswerWarning[],
  { width = Infinity }: AnswerTextOptions = {},
): string {
  if (warnings.length === 0) return "";
  const lines = warnings.map(({ text, where }) =>
    wrapText(`${listOf(where, NAMED_PLACES)}: ${text}`, { width, first: "  ", other: "    " })
  );
  return ["be wary:", ...lines].join("\n");
}

/**
 * A table of all scores with several cells, the main one first: the best cell, and what a
 * doubling of each axis brings. "" where there is but one.
 */
export function formatScores({ main, others }: Answer, options: AnswerTextOptions = {}): string {
  const { width = Infinity, hasCurves = false } = options;
  const shown = [...main === undefined ? [] : [main], ...others]
    .filter(({ score }) => score.cells.length > 1);
  if (shown.length < 2 && !hasCurves || shown.length === 0) return "";
  const axes = [...new Set(shown.flatMap(({ doublings }) => doublings.map(({ axis }) => axis)))];
  const lines = shown.map((each) => [
    nameOf(each),
    each.best.isConstant ? "" : each.best.cell.label,
    meanOf(each),
    String(each.best.cell.mean.seeds),
    ...axes.map((axis) => {
      const found = each.doublings.find((doubling) => doubling.axis === axis);
      return found === undefined ? "" : doublingText(each, found, hasCurves);
    }),
  ]);
  const head = ["score", "best cell", "mean", "n", ...axes.map((axis) => `2x ${axis}`)];
  const table = foldTable(head, lines, { width, right: (column) => column === 2 || column === 3 });
  const notes = axes.length === 0 ? [] : [
    "2x: the change of a doubling from the least to the largest value, the other axes at the " +
    "best cell's; % in points" + (hasCurves ? "; curves: means over the values" : ""),
  ];
  return [table, ...notes.map((note) => wrapText(note, { width, other: "  " }))].join("\n");
}

function nameOf({ score }: ScoreAnswer): string {
  const { stage, benchmark, split, metric, declared } = score;
  const name = `${benchmark} ${split} ${nameOfMetric(metric, declared)}`;
  return stage === benchmark ? name : `${stage}: ${name}`;
}

function meanOf(
  { score: { declared }, best: { cell: { mean: { mean, deviation } } } }: ScoreAnswer,
) {
  const number = valueNumber(mean, { declared, uncertainty: deviation });
  return deviation === undefined ? number : `${number} ±${spreadText(deviation, declared)}`;
}

function doublingText(
  { score: { declared } }: ScoreAnswer,
  { whole, curve }: Doubling,
  hasCurves: boolean,
): string {
  const change = changeNumber(whole.mean, { declared, interval: whole.interval });
  const interval = whole.interval === undefined
    ? ""
    : ` ${intervalText(whole.interval, { declared, isChange: true })}`;
  const line = hasCurves ? `${sparkline(curve.map(({ mean }) => mean))} ` : "";
  return `${line}${change}${interval}`;
}
