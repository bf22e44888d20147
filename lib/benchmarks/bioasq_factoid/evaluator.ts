/**
 * Strict and lenient accuracy and reciprocal rank of factoid answers, by the published rules
 * of BioASQ's evaluator: an answer is right when it is a golden synonym, ignoring case; a
 * question without answers counts 0.
 */
import type { Golden } from "../questions/questions.ts";

/** What the answers to a question are worth. */
export interface FactoidScore {
  /** 1 where the first is right. */
  readonly strict: number;
  /** 1 where any is right. */
  readonly lenient: number;
  /** 1 / the rank of the first right one, 0 where none is. */
  readonly mrr: number;
}

/** Scores every golden question; answers by question id, the best first. */
export function factoidScores(
  golden: readonly Golden[],
  answers: ReadonlyMap<string, readonly string[]>,
): FactoidScore[] {
  return golden.map(({ id, synonyms }) => {
    const right = new Set(synonyms.map((each) => each.toLowerCase()));
    const rank = (answers.get(id) ?? []).findIndex((each) => right.has(each.toLowerCase()));
    return {
      strict: rank === 0 ? 1 : 0,
      lenient: rank >= 0 ? 1 : 0,
      mrr: rank < 0 ? 0 : 1 / (rank + 1),
    };
  });
}

const PART_OF_WORD = /[\p{L}\p{N}]/u;

/** Whether an answer stands in a context as words of their own, in whatever case. */
export function standsIn(context: string, answer: string): boolean {
  const where = context.toLowerCase(), what = answer.toLowerCase().trim();
  if (what === "") return false;
  for (let at = where.indexOf(what); at >= 0; at = where.indexOf(what, at + 1)) {
    const before = where.charAt(at - 1), after = where.charAt(at + what.length);
    if (!PART_OF_WORD.test(before) && !PART_OF_WORD.test(after)) return true;
  }
  return false;
}
