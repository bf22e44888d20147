/**
 * Rows of examples: the shape of a batch, what it holds, and what is to be learned of it.
 *
 * Rows of a batch are padded to the length of a ladder that fits its longest example, so
 * that few compiled graphs serve a whole training. Without padding the rows' pieces alone are
 * computed, but in attention: as many as some whole rows of that length have.
 */
import type { Example, Head } from "../benchmarks/benchmark.ts";
import { PADDING_BIAS } from "../model/bert.ts";

/** How examples are padded to rows. */
export interface Padding {
  /** Rows a batch. */
  readonly rows: number;
  /** The pieces a row may have, ascending; the last fits every example. */
  readonly lengths: readonly number[];
  /** The id of [PAD]. */
  readonly padId: number;
  /** Whether rows hold several segments. */
  readonly hasSegments: boolean;
  /** Whether pieces alone are computed, but in attention; absent: padding too. */
  readonly isUnpadded?: boolean | undefined;
}

/** The data inputs of a classifier's forward graph; without padding as many ids as pieces. */
export interface RowBatch {
  /** [rows * length] */
  readonly ids: Int32Array;
  /** [rows, 1, 1, length] */
  readonly attentionBias: Float32Array;
  /** [rows * length]; absent where rows have one segment. */
  readonly tokenTypes?: Int32Array;
}

/** Where the pieces of a batch without padding lie; those of no row lie at place 0. */
export interface PieceBatch {
  /** [pieces], each piece's place in its row. */
  readonly positions: Int32Array;
  /** [pieces], its place among those of all rows. */
  readonly placeOf: Int32Array;
  /** [rows * length], the piece at a place; 0 where there is none. */
  readonly pieceAt: Int32Array;
  /** [rows], each row's first piece. */
  readonly firstPieces: Int32Array;
}

/**
 * What is to be learned of a batch: tokens [rows * length], without padding [pieces]; sequence
 * [rows]; span [2 * rows].
 */
export interface TargetBatch {
  /** Labels or places, 0 where nothing is learned. */
  readonly targets: Int32Array;
  /** As long, 1, or 0 where nothing is learned. */
  readonly weights: Float32Array;
}

/** The shape of one batch. */
export interface RowShape extends Omit<Padding, "lengths" | "isUnpadded"> {
  /** Pieces a row. */
  readonly length: number;
  /** Without padding: pieces of all rows and a few of none, a multiple of `length`. */
  readonly pieces?: number | undefined;
}

/** Each a half or a third more than the one before; multiples of 16. */
const LADDER: readonly number[] = [16, 32, 48, 64, 96, 128, 192, 256, 384, 512];

/** The lengths that rows are padded to: those of the ladder up to what the longest needs. */
export function paddedLengths(examples: readonly Pick<Example, "ids">[], limit: number): number[] {
  const longest = longestOf(examples), last = Math.min(limit, Math.ceil(longest / 16) * 16);
  return [...LADDER.filter((length) => length < last), last];
}

/** The shape for a batch: the shortest rows that hold its longest example. */
export function shapeFor(
  examples: readonly Pick<Example, "ids">[],
  { lengths, isUnpadded = false, ...shape }: Padding,
): RowShape {
  const longest = longestOf(examples);
  const length = lengths.find((each) => each >= longest);
  if (length === undefined) {
    throw new Error(`an example of ${longest} pieces in rows of ${lengths.at(-1)}`);
  }
  return isUnpadded ? unpaddedShape(examples, { ...shape, length }) : { ...shape, length };
}

function unpaddedShape(
  examples: readonly Pick<Example, "ids">[],
  shape: Omit<RowShape, "pieces">,
): RowShape {
  const { length } = shape, rows = Math.ceil(Math.max(1, piecesOf(examples)) / length);
  return { ...shape, pieces: rows * length };
}

/** The pieces of examples, all together. */
export function piecesOf(examples: readonly Pick<Example, "ids">[]): number {
  return examples.reduce((sum, each) => sum + each.ids.length, 0);
}

function longestOf(examples: readonly Pick<Example, "ids">[]): number {
  return examples.reduce((most, each) => Math.max(most, each.ids.length), 1);
}

/** The batch of a shape; rows that are missing hold nothing. */
export function batchRows(
  examples: readonly Example[],
  shape: RowShape,
): RowBatch & Partial<PieceBatch> {
  const { pieces } = shape;
  const padded = padRows(examples, shape);
  return pieces === undefined ? padded : withoutPadding(padded, examples, { ...shape, pieces });
}

/** Takes what stands at the places of examples out of padded rows. */
function withoutPadding(
  padded: RowBatch,
  examples: readonly Pick<Example, "ids">[],
  { rows, length, pieces, padId }: RowShape & { readonly pieces: number },
): RowBatch & PieceBatch {
  const positions = new Int32Array(pieces), placeOf = new Int32Array(pieces);
  const pieceAt = new Int32Array(rows * length), firstPieces = new Int32Array(rows);
  const ids = new Int32Array(pieces).fill(padId);
  const tokenTypes = padded.tokenTypes && new Int32Array(pieces);
  let piece = 0;
  for (const [row, each] of examples.entries()) {
    firstPieces[row] = piece;
    for (let position = 0; position < each.ids.length; position++, piece++) {
      const place = row * length + position;
      positions[piece] = position;
      placeOf[piece] = place;
      pieceAt[place] = piece;
      ids[piece] = padded.ids[place]!;
      if (tokenTypes !== undefined) tokenTypes[piece] = padded.tokenTypes![place]!;
    }
  }
  return {
    ids,
    attentionBias: padded.attentionBias,
    ...(tokenTypes === undefined ? {} : { tokenTypes }),
    positions,
    placeOf,
    pieceAt,
    firstPieces,
  };
}

/** Pads examples to a batch; rows that are missing hold nothing but padding. */
export function padRows(examples: readonly Example[], shape: RowShape): RowBatch {
  const { rows, length, padId, hasSegments } = shape;
  const ids = new Int32Array(rows * length).fill(padId);
  const attentionBias = new Float32Array(rows * length).fill(PADDING_BIAS);
  const tokenTypes = hasSegments ? new Int32Array(rows * length) : undefined;
  for (let row = 0; row < rows; row++) {
    // A row that attends to nothing would be the one odd case of softmax.
    attentionBias[row * length] = 0;
    const example = examples[row];
    if (example === undefined) continue;
    ids.set(example.ids, row * length);
    attentionBias.fill(0, row * length, row * length + example.ids.length);
    if (example.tokenTypes !== undefined) tokenTypes!.set(example.tokenTypes, row * length);
  }
  return { ids, attentionBias, ...(tokenTypes === undefined ? {} : { tokenTypes }) };
}

/** What is learned of a batch's rows; rows that are missing weigh nothing. */
export function targetsOf(
  examples: readonly Example[],
  { rows, length, pieces, head }: Pick<RowShape, "rows" | "length" | "pieces"> & {
    readonly head: Head;
  },
): TargetBatch {
  const width = head.kind === "tokens" ? length : head.kind === "span" ? 2 : 1;
  const isOfPieces = head.kind === "tokens" && pieces !== undefined;
  const count = isOfPieces ? pieces : rows * width;
  const targets = new Int32Array(count), weights = new Float32Array(count);
  let before = 0;
  for (const [row, example] of examples.entries()) {
    const start = isOfPieces ? before : row * width;
    example.targets.forEach((target, place) => {
      if (target < 0) return;
      targets[start + place] = target;
      weights[start + place] = 1;
    });
    before += example.ids.length;
  }
  return { targets, weights };
}

/** Tells shapes of one padding apart: "96", without padding "576 in rows of 96". */
export function shapeName({ length, pieces }: Pick<RowShape, "length" | "pieces">): string {
  return pieces === undefined ? `${length}` : `${pieces} in rows of ${length}`;
}
