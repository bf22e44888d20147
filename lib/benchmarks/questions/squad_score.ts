/**
 * Exact match and F1 of answers, as SQuAD's evaluation scripts of v1.1 and v2.0 count them.
 *
 * Texts are compared lower-cased, without ASCII punctuation, articles and superfluous white
 * space; an article is a word by Python's rules, to which letters of all scripts belong.
 */
import { greatestOf } from "../../base/extremes.ts";

/** The form of the data and of its script. */
export type SquadForm = "1.1" | "2.0";

const PUNCTUATION = /[!-/:-@[-`{-~]/g;
const ARTICLE = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu;
/** What Python's `str.split` splits at. */
// deno-lint-ignore no-control-regex -- Python counts separators among white space
const SPACES = new RegExp(
  "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+",
  "g",
);

/** A text as it is compared. */
export function normalizeAnswer(text: string): string {
  const words = text.toLowerCase().replace(PUNCTUATION, "").replace(ARTICLE, " ");
  return wordsOf(words).join(" ");
}

function wordsOf(text: string): string[] {
  return text.split(SPACES).filter((word) => word !== "");
}

/** What an answer is worth. */
export interface AnswerScore {
  /** 1 where it is a right one. */
  readonly exact: number;
  /** The F1 of its words. */
  readonly f1: number;
}

/** What one answer is worth, the best of several right ones counted. */
export function answerScore(
  predicted: string,
  { answers, form }: { readonly answers: readonly string[]; readonly form: SquadForm },
): AnswerScore {
  const right = form === "2.0" ? answers.filter((each) => normalizeAnswer(each) !== "") : answers;
  const gold = form === "2.0" && right.length === 0 ? [""] : right;
  return {
    exact: greatestOf(
      gold.map((each) => normalizeAnswer(each) === normalizeAnswer(predicted) ? 1 : 0),
    ),
    f1: greatestOf(gold.map((each) => wordF1(predicted, { gold: each, form }))),
  };
}

function wordF1(
  predicted: string,
  { gold, form }: { readonly gold: string; readonly form: SquadForm },
): number {
  const said = wordsOf(normalizeAnswer(predicted)), right = wordsOf(normalizeAnswer(gold));
  if (form === "2.0" && (said.length === 0 || right.length === 0)) {
    return said.length === right.length ? 1 : 0;
  }
  const left = new Map<string, number>();
  for (const word of right) left.set(word, (left.get(word) ?? 0) + 1);
  let same = 0;
  for (const word of said) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    same++;
  }
  if (same === 0) return 0;
  const precision = same / said.length, recall = same / right.length;
  return 2 * precision * recall / (precision + recall);
}

/** Whether the script of v2.0 counts a question among those that have an answer. */
export function hasAnswer({ answers }: { readonly answers: readonly string[] }): boolean {
  return answers.length > 0;
}

/**
 * What the script of a form prints of all questions, in percent: exact_match and f1, or exact, f1
 * and total, of those with an answer and of those without one too.
 */
export function printedScores(
  scores: readonly AnswerScore[],
  { form, hasAnswer }: { readonly form: SquadForm; readonly hasAnswer: readonly boolean[] },
): Readonly<Record<string, number>> {
  const percent = (of: readonly AnswerScore[], name: keyof AnswerScore) =>
    of.length === 0 ? 0 : 100 * of.reduce((sum, each) => sum + each[name], 0) / of.length;
  if (form === "1.1") {
    return { exact_match: percent(scores, "exact"), f1: percent(scores, "f1") };
  }
  const groups: [string, readonly AnswerScore[]][] = [
    ["", scores],
    ["HasAns_", scores.filter((_, i) => hasAnswer[i])],
    ["NoAns_", scores.filter((_, i) => !hasAnswer[i])],
  ];
  return Object.fromEntries(
    groups.filter(([prefix, of]) => prefix === "" || of.length > 0).flatMap(([prefix, of]) => [
      [`${prefix}exact`, percent(of, "exact")],
      [`${prefix}f1`, percent(of, "f1")],
      [`${prefix}total`, of.length],
    ]),
  );
}
