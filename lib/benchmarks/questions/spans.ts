/** From scores of begins and ends to the best answers of a window, and of all windows together. */
import type { WindowExample } from "./windows.ts";

/** Words of a context that may answer. */
export interface Span {
  /** The first UTF-16 unit of the context. */
  readonly start: number;
  /** The one after the last. */
  readonly end: number;
  /** Score of its begin and of its end, added. */
  readonly score: number;
}

/** What a window says. */
export interface WindowAnswer {
  /** The place of the question in its part. */
  readonly question: number;
  /** The best first. */
  readonly spans: readonly Span[];
  /** The score of no answer: of [CLS] as begin and as end. */
  readonly nullScore: number;
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
      const score = outputs[2 * (first + begin)]! + outputs[2 * (first + last) + 1]!;
      spans.push({ start: starts[begin]!, end: ends[last]!, score });
    }
  }
  spans.sort((a, b) => b.score - a.score);
  return { question, spans: spans.slice(0, nBest), nullScore: outputs[0]! + outputs[1]! };
}

/** An answer in words. */
export interface TextAnswer {
  /** As it stands in the context. */
  readonly text: string;
  /** Of its best span. */
  readonly score: number;
}

/** What all windows of a question say. */
export interface QuestionAnswer {
  /** Different texts, the best first. */
  readonly answers: readonly TextAnswer[];
  /** The least score of no answer of any window. */
  readonly nullScore: number;
}

/** Joins windows to questions, in the order of the questions. */
export function joinWindows(
  windows: readonly WindowAnswer[],
  { contexts, nBest }: { readonly contexts: readonly string[]; readonly nBest: number },
): QuestionAnswer[] {
  const byQuestion = Map.groupBy(windows, ({ question }) => question);
  return contexts.map((context, question) => {
    const own = byQuestion.get(question) ?? [];
    const spans = own.flatMap((each) => each.spans).sort((a, b) => b.score - a.score);
    const answers = new Map<string, number>();
    for (const { start, end, score } of spans) {
      if (answers.size === nBest) break;
      const text = context.slice(start, end);
      if (!answers.has(text)) answers.set(text, score);
    }
    return {
      answers: [...answers].map(([text, score]) => ({ text, score })),
      nullScore: own.reduce((least, each) => Math.min(least, each.nullScore), Infinity),
    };
  });
}
