/**
 * Exact match and F1 of answers, as SQuAD's evaluation scripts of v1.1 and v2.0 count them.
 *
 * Texts are compared lower-cased, without ASCII punctuation, articles and superfluous white
 * space; an article is a word by Python's rules, to which letters of all scripts belong.
 */

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

/** What one answer is worth, the best of several right ones counted. */
export function answerScore(
  predicted: string,
  { answers, form }: { readonly answers: readonly string[]; readonly form: SquadForm },
): { readonly exact: number; readonly f1: number } {
  const right = form === "2.0" ? answers.filter((each) => normalizeAnswer(each) !== "") : answers;
  const gold = form === "2.0" && right.length === 0 ? [""] : right;
  return {
    exact: Math.max(
      ...gold.map((each) => normalizeAnswer(each) === normalizeAnswer(predicted) ? 1 : 0),
    ),
    f1: Math.max(...gold.map((each) => wordF1(predicted, { gold: each, form }))),
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
