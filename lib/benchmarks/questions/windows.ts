/**
 * Questions and contexts into rows: [CLS] question [SEP] window [SEP]. A context that does not
 * fit is several windows that overlap, as in BERT's script; a place counts in the window that
 * gives it the most context on both sides.
 */
import type { Example } from "../benchmark.ts";
import type { Question } from "./questions.ts";
import type { WordPiece } from "../../text/pieces/wordpiece.ts";

/** A window as the model takes it. */
export interface WindowExample extends Example {
  /** The place of the question in its part. */
  readonly question: number;
  /** The row's first piece of the context. */
  readonly first: number;
  /** By piece of the window, where it begins in the context, in UTF-16 units. */
  readonly starts: Int32Array;
  /** By piece of the window, where it ends, that not counted in. */
  readonly ends: Int32Array;
  /** By piece, 1 where no other window gives more context. */
  readonly isBest: Uint8Array;
}

/** How questions become windows. */
export interface WindowOptions {
  /** The model's vocabulary. */
  readonly encoder: WordPiece;
  /** The most pieces of a row. */
  readonly length: number;
  /** Pieces from one window's beginning to the next one's. */
  readonly stride: number;
  /** The most pieces of a question, at most half of the row. */
  readonly maxQuestionPieces: number;
}

/** The windows of a question; one that answers nothing learns [CLS]. */
export function windowsOf(
  { question, context, span }: Question,
  { encoder, length, stride, maxQuestionPieces, index }: WindowOptions & { readonly index: number },
): WindowExample[] {
  const asked = encoder.encode(question)
    .subarray(0, Math.min(maxQuestionPieces, Math.floor((length - 3) / 2)));
  const { ids: pieces, starts, ends } = encoder.encodePlaced(context);
  const room = length - asked.length - 3;
  const windows: { readonly start: number; readonly end: number }[] = [];
  for (let start = 0;; start += Math.min(stride, room)) {
    const end = Math.min(start + room, pieces.length);
    windows.push({ start, end });
    if (end === pieces.length) break;
  }
  const answer = span === undefined ? undefined : {
    start: ends.findIndex((end) => end > span.start),
    end: starts.findLastIndex((start) => start < span.end),
  };
  const first = asked.length + 2;
  return windows.map(({ start, end }, window) => {
    const ids = [
      encoder.clsId,
      ...asked,
      encoder.sepId,
      ...pieces.slice(start, end),
      encoder.sepId,
    ];
    const isInside = answer !== undefined && answer.start >= start && answer.end < end &&
      answer.end >= answer.start;
    return {
      ids: Int32Array.from(ids),
      tokenTypes: Int32Array.from(ids, (_, place) => place < first ? 0 : 1),
      targets: isInside
        ? Int32Array.of(first + answer.start - start, first + answer.end - start)
        : Int32Array.of(0, 0),
      question: index,
      first,
      starts: starts.slice(start, end),
      ends: ends.slice(start, end),
      isBest: Uint8Array.from(
        { length: end - start },
        (_, i) => bestWindow(windows, start + i) === window ? 1 : 0,
      ),
    };
  });
}

/** The window in which a piece has the most context on its poorer side; length breaks ties. */
function bestWindow(
  windows: readonly { readonly start: number; readonly end: number }[],
  piece: number,
): number {
  let best = -1, most = -Infinity;
  windows.forEach(({ start, end }, window) => {
    if (piece < start || piece >= end) return;
    const score = Math.min(piece - start, end - 1 - piece) + 0.01 * (end - start);
    if (score > most) [best, most] = [window, score];
  });
  return best;
}
