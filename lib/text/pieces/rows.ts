/**
 * Rows as BERT takes them: [CLS] first [SEP], or [CLS] first [SEP] second [SEP], where
 * the longer of two segments is cut until both fit.
 */
import { ExperimentError } from "../../base/errors.ts";
import type { WordPiece } from "./wordpiece.ts";

/** A row of pieces. */
export interface Row {
  /** With [CLS] and [SEP], without padding. */
  readonly ids: Int32Array;
  /** 0 for the first segment with its [CLS] and [SEP], 1 for the second with its [SEP]. */
  readonly tokenTypes: Int32Array;
  /** Pieces of each segment that were cut off. */
  readonly cut: readonly [first: number, second: number];
}

/** The special pieces of a vocabulary that rows are made with. */
export type RowPieces = Pick<WordPiece, "clsId" | "sepId">;

/**
 * A row of one segment or two.
 *
 * @param segments ids without [CLS] and [SEP]
 * @param options length: pieces of the row at most, [CLS] and [SEP] counted
 * @throws ExperimentError "text/short-row" when that holds not even [CLS] and [SEP]
 */
export function makeRow(
  segments: readonly [first: Int32Array, second?: Int32Array],
  { pieces, length }: { readonly pieces: RowPieces; readonly length: number },
): Row {
  const [first, second] = segments;
  const room = length - (second === undefined ? 2 : 3);
  if (!(room >= 0)) {
    throw new ExperimentError(
      "text/short-row",
      `a row of ${length} pieces has no room for [CLS] and [SEP]`,
      { mend: "raise the length" },
    );
  }
  const [a, b] = second === undefined
    ? [Math.min(first.length, room), 0]
    : fittingLengths([first.length, second.length], room);
  const { clsId, sepId } = pieces;
  const tail = second === undefined ? [] : [...second.subarray(0, b), sepId];
  const ids = Int32Array.from([clsId, ...first.subarray(0, a), sepId, ...tail]);
  const tokenTypes = new Int32Array(ids.length).fill(1, a + 2);
  return { ids, tokenTypes, cut: [first.length - a, (second?.length ?? 0) - b] };
}

/**
 * How much of two segments fits when always the longer is cut by one piece.
 *
 * Of two that are both too long the second keeps the odd piece, unless the first was the
 * longer, as in Hugging Face's tokenizers ("longest_first").
 */
export function fittingLengths(
  [first, second]: readonly [number, number],
  room: number,
): readonly [number, number] {
  if (first + second <= room) return [first, second];
  const half = Math.floor(room / 2), rest = room - half;
  const [less, more] = first > second ? [second, first] : [first, second];
  const fit = less <= half ? [less, Math.min(more, room - less)] as const : [half, rest] as const;
  return first > second ? [fit[1], fit[0]] : fit;
}
