/** From scores of begins and ends to the best answers of a window, and of all windows together. */
import { greatestOf } from "../../base/extremes.ts";
import type { WindowExample } from "./windows.ts";

/** Words of a context that may answer. */
export interface Span {
  /** The first UTF-16 unit of the context. */
  readonly start: number;
  /** The one after the last. */
  readonly end: number;
  /** Score of its begin. */
  readonly begin: number;
  /** Score of its end. */
  readonly last: number;
}

/** What a span is worth: score of its begin and of its end, added. */
export function scoreOf({ begin, last }: Pick<Span, "begin" | "last">): number {
  return begin + last;
}

/** What a window says. */
export interface WindowAnswer {
  /** The place of the question in its part. */
  readonly question: number;
  /** The best first. */
  readonly spans: readonly Span[];
  /** No answer: the scores of [CLS] as begin and as end. */
  readonly none: Pick<Span, "begin" | "last">;
}

/** How answers are chosen. */
export interface SpanOptions {
  /** How many begins, ends and answers are looked at. */
  readonly nBest: number;
  /** The most pieces of an answer. */
  readonly maxAnswerPieces: number;
}

/** The best answers of a window; `outputs` [pieces * 2]: begin and end of each piece. */
export function decodeSpans(
  row: WindowExample,
  outputs: Float32Array,
  { nBest, maxAnswerPieces }: SpanOptions,
): WindowAnswer {
  const { first, starts, ends, isBest, question } = row;
  const top = (end: 0 | 1) =>
    Array.from({ length: row.ids.length }, (_, place) => place)
      .sort((a, b) => outputs[2 * b + end]! - outputs[2 * a + end]! || a - b)
      .slice(0, nBest)
      .map((place) => place - first)
      .filter((piece) => piece >= 0 && piece < starts.length);
  const lasts = top(1), spans: Span[] = [];
  for (const begin of top(0)) {
    if (isBest[begin] === 0) continue;
    for (const last of lasts) {
      if (last < begin || last - begin >= maxAnswerPieces) continue;
      spans.push({
        start: starts[begin]!,
        end: ends[last]!,
        begin: outputs[2 * (first + begin)]!,
        last: outputs[2 * (first + last) + 1]!,
      });
    }
  }
  spans.sort((a, b) => scoreOf(b) - scoreOf(a));
  return {
    question,
    spans: spans.slice(0, nBest),
    none: { begin: outputs[0]!, last: outputs[1]! },
  };
}

/** An answer in words. */
export interface TextAnswer {
  /** As it stands in the context. */
  readonly text: string;
  /** Score of its best span's begin. */
  readonly begin: number;
  /** Score of its best span's end. */
  readonly last: number;
}

/** What all windows of a question say. */
export interface QuestionAnswer {
  /** Different texts, the best first. */
  readonly answers: readonly TextAnswer[];
  /** No answer, from the window that scores it least; absent where there is no window. */
  readonly none?: Pick<Span, "begin" | "last">;
}

/** Joins windows to questions, in the order of the questions. */
export function joinWindows(
  windows: readonly WindowAnswer[],
  { contexts, nBest }: { readonly contexts: readonly string[]; readonly nBest: number },
): QuestionAnswer[] {
  const byQuestion = Map.groupBy(windows, ({ question }) => question);
  return contexts.map((context, question) => {
    const own = byQuestion.get(question) ?? [];
    const spans = own.flatMap((each) => each.spans).sort((a, b) => scoreOf(b) - scoreOf(a));
    const answers = new Map<string, TextAnswer>();
    for (const { start, end, begin, last } of spans) {
      if (answers.size === nBest) break;
      const text = context.slice(start, end);
      if (!answers.has(text)) answers.set(text, { text, begin, last });
    }
    const [none] = own.map((each) => each.none).sort((a, b) => scoreOf(a) - scoreOf(b));
    return { answers: [...answers.values()], ...none === undefined ? {} : { none } };
  });
}

/** How much likelier no answer is than the best one; infinite where there is none. */
export function nullOdds({ answers, none }: QuestionAnswer): number {
  const [best] = answers;
  return (none === undefined ? Infinity : scoreOf(none)) -
    (best === undefined ? -Infinity : scoreOf(best));
}

/** The probabilities that answers have when they share 1. */
export function shares(answers: readonly Pick<Span, "begin" | "last">[]): number[] {
  const scores = answers.map(scoreOf), best = greatestOf(scores);
  const weights = scores.map((score) => Math.exp(score - best));
  const total = weights.reduce((sum, each) => sum + each, 0);
  return weights.map((weight) => weight / total);
}
