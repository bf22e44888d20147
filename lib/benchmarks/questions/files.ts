/**
 * Answers as BERT's script for SQuAD writes them: the best ones of each question with their
 * probabilities, and how much likelier no answer is.
 */
import { nullOdds, type QuestionAnswer, scoreOf, shares } from "./spans.ts";

/** Whose answers, in the order of the questions. */
export interface AnswerFile {
  /** By question. */
  readonly ids: readonly string[];
  /** By question. */
  readonly answers: readonly QuestionAnswer[];
}

/**
 * The text of nbest_predictions.json: by id a list of text, probability, start_logit and
 * end_logit, the best first.
 *
 * @param options hasNone: whether no answer, "", is one of them
 */
export function nBestFile(
  { ids, answers }: AnswerFile,
  { hasNone }: { readonly hasNone: boolean },
): string {
  return jsonOf(ids, (i) => {
    const { answers: own, none } = answers[i]!;
    const all = hasNone && none !== undefined ? [...own, { text: "", ...none }] : own;
    const ranked = all.toSorted((a, b) => scoreOf(b) - scoreOf(a)), probabilities = shares(ranked);
    return ranked.map(({ text, begin, last }, place) => ({
      text,
      probability: probabilities[place],
      start_logit: begin,
      end_logit: last,
    }));
  });
}

/** The text of null_odds.json: by id how much more no answer scores than the best one. */
export function nullOddsFile({ ids, answers }: AnswerFile): string {
  // Where nothing else can be said no answer is certain, which JSON has no number for.
  return jsonOf(ids, (i) => Math.min(Number.MAX_VALUE, nullOdds(answers[i]!)));
}

/** The text of predictions.json: by id what is said. */
export function predictionsFile(ids: readonly string[], texts: readonly string[]): string {
  return jsonOf(ids, (i) => texts[i]);
}

function jsonOf(ids: readonly string[], valueOf: (place: number) => unknown): string {
  return `${JSON.stringify(Object.fromEntries(ids.map((id, i) => [id, valueOf(i)])), null, 1)}\n`;
}
