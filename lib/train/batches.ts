/**
 * Batches for pre-training: a pure function of (seed, step).
 *
 * Where rows come from is another file's matter (`corpus_rows.ts`, `pair_rows.ts`): they are
 * numbered within a generation, which for pairs is a pass with draws of its own. Masks are
 * dynamic, another one at every visit and a generation an epoch; or static, as BERT's: so many
 * generations, each row masked once in each, all visited once an epoch. Every epoch has an
 * order of its own, given by a permutation without a table, so memory does not grow with
 * the corpus. Epochs are all as long as the first, so that none before it need be counted to
 * find a step's rows: of a generation with more pairs the last in its order are left out, one
 * with fewer begins once more.
 */
import { Permutation, Stream } from "../base/rng.ts";
import { PADDING_BIAS } from "../model/bert.ts";
import { type MaskedRow, maskRow } from "./masking.ts";

/** A stream of pieces, read by position; `TokenShard` is one. */
export interface TokenSource {
  /** How many pieces can be read. */
  readonly tokens: number;
  /** The pieces [start, start + count). */
  read(start: number, count: number): Int32Array;
}

/** The special pieces, and how many pieces there are; `WordPiece` is one. */
export interface PieceIds {
  /** The number of pieces in the vocabulary. */
  readonly size: number;
  /** The id of [PAD]. */
  readonly padId: number;
  /** The id of [CLS]. */
  readonly clsId: number;
  /** The id of [SEP]. */
  readonly sepId: number;
  /** The id of [MASK]. */
  readonly maskId: number;
  /** Whether a piece goes on with the word of the piece before it. */
  continues(id: number): boolean;
}

/** How rows are masked. */
export interface Masking {
  /** The share of a row's positions to predict. */
  readonly maskRate: number;
  /** At most so many a row; absent: no limit but the rate, 20 at length 128 and 77 at 512. */
  readonly maxPredictions?: number | undefined;
  /** Whether all pieces of a word are masked together; absent: each by itself. */
  readonly wholeWords?: boolean | undefined;
}

/** A row before it is masked. */
export interface PlainRow {
  /** With [CLS] and [SEP], without padding. */
  readonly ids: Int32Array;
  /** The second segment, where there is one. */
  readonly second?: {
    /** The place of its first piece. */
    readonly at: number;
    /** Whether it is of another document, and does not follow the first. */
    readonly isRandom: boolean;
  };
}

/** Where rows come from. */
export interface RowSource {
  /** Pieces a row at most, and what they mean. */
  readonly options: { readonly rowPieces: number; readonly pieces: PieceIds };
  /** Whether rows are pairs, and padded. */
  readonly isPaired: boolean;
  /** Corpus pieces in the rows of a pass. */
  readonly tokens: number;
  /** Corpus pieces of a row, on average; [CLS] and closing [SEP] not counted. */
  readonly rowTokens: number;
  /** How many rows a generation has. */
  countOf(generation: number): number;
  /** A row of a generation. */
  rowAt(generation: number, index: number): PlainRow;
}

/** The data inputs of `maskedLanguageModel` for full rows, less the dropout seed. */
export interface MaskedBatch {
  /** [rows * rowPieces], masked. */
  readonly ids: Int32Array;
  /** [predictions], row * rowPieces + place. */
  readonly maskedPositions: Int32Array;
  /** [predictions] */
  readonly targets: Int32Array;
  /** [predictions], 0 for an unused slot. */
  readonly weights: Float32Array;
  /** [rows, 1, 1, rowPieces]; where rows are pairs. */
  readonly attentionBias?: Float32Array;
  /** [rows * rowPieces]; where rows are pairs. */
  readonly tokenTypes?: Int32Array;
  /** [rows], 1 where the second segment does not follow the first; where rows are pairs. */
  readonly nextSentence?: Int32Array;
  /** [], the sum of the weights of the whole batch; where this is a micro-batch of it. */
  readonly weightTotal?: Float32Array;
}

/** A row that was masked, and what of it is not changed by that. */
export type MaskedPlainRow = MaskedRow & Pick<PlainRow, "second">;

/** Masks a row of a source. */
export function maskPlainRow(
  { ids, second }: PlainRow,
  { pieces, masking, draws }: {
    readonly pieces: PieceIds;
    readonly masking: Masking;
    readonly draws: Stream;
  },
): MaskedPlainRow {
  const masked = maskRow(ids, {
    maskRate: masking.maskRate,
    maxPredictions: masking.maxPredictions ?? ids.length,
    vocabSize: pieces.size,
    maskId: pieces.maskId,
    specialIds: [pieces.padId, pieces.clsId, pieces.sepId, pieces.maskId],
    continues: masking.wholeWords === true ? (id) => pieces.continues(id) : undefined,
    draws,
  });
  return { ...masked, ...(second === undefined ? {} : { second }) };
}

/** The most predictions that a row of `rowPieces` can have: the slots kept for it. */
export function predictionsPerRow(
  rowPieces: number,
  masking: Pick<Masking, "maskRate" | "maxPredictions">,
): number {
  const asked = Math.max(1, Math.round(masking.maskRate * rowPieces));
  return Math.min(asked, masking.maxPredictions ?? rowPieces, rowPieces - 2);
}

/** How a corpus's rows become batches. */
export interface BatchOptions extends Masking {
  /** Rows a batch. */
  readonly rows: number;
  /** Rows that are computed at once, a divisor of `rows`; absent: all. */
  readonly microBatch?: number | undefined;
  /** In how many generations rows are masked, once in each; absent: anew at every visit. */
  readonly dupeFactor?: number | undefined;
  /** Of order and masks. */
  readonly seed: number;
}

/** A row by its generation and its number there. */
export interface RowEntry {
  /** The pass that it was made in. */
  readonly generation: number;
  /** Its number in that. */
  readonly index: number;
}

/** The training batches of a corpus. */
export class MaskedBatches {
  /** Rows that are computed at once. */
  readonly microRows: number;
  /** Prediction slots of those. */
  readonly predictions: number;
  /** Rows of an epoch; counted when it is first asked for. */
  #epochRows: number | undefined;
  #order: Permutation | undefined;

  /** Makes nothing yet. */
  constructor(readonly source: RowSource, readonly options: BatchOptions) {
    const { rowPieces } = source.options;
    this.microRows = options.microBatch ?? options.rows;
    this.predictions = this.microRows * predictionsPerRow(rowPieces, options);
  }

  /** Corpus pieces of so many steps, [CLS] and closing [SEP] not counted: for pairs, about. */
  tokensOf(steps: number): number {
    return Math.round(steps * this.options.rows * this.source.rowTokens);
  }

  /** The row of the corpus that stands in a row of the batch of a step (from 1). */
  entryAt(step: number, row: number): RowEntry {
    const place = (step - 1) * this.options.rows + row;
    const epochRows = this.#epochRows ??= this.#count(0);
    const epoch = Math.floor(place / epochRows);
    if (this.#order?.epoch !== epoch) {
      this.#order = new Permutation(this.#count(epoch), this.options.seed, "train/order", epoch);
    }
    return this.#entryOf(epoch, this.#order.at((place % epochRows) % this.#order.size));
  }

  /** The batch of a step (from 1), all of it at once. */
  at(step: number): MaskedBatch {
    const { rows } = this.options;
    return joinRows(this.#rows(step), {
      rows,
      predictions: rows * this.predictions / this.microRows,
      rowPieces: this.source.options.rowPieces,
      padId: this.#padId,
    });
  }

  /** The same in micro-batches, each of which knows the weight of all. */
  partsAt(step: number): readonly MaskedBatch[] {
    const { microRows, predictions } = this, { rowPieces } = this.source.options;
    if (microRows === this.options.rows) return [this.at(step)];
    const masked = this.#rows(step);
    const total = masked.reduce((sum, each) => sum + each.positions.length, 0);
    const weightTotal = Float32Array.of(Math.max(1, total));
    return Array.from({ length: masked.length / microRows }, (_, part) => {
      const own = masked.slice(part * microRows, (part + 1) * microRows);
      const shape = { rows: microRows, predictions, rowPieces, padId: this.#padId };
      return { ...joinRows(own, shape), weightTotal };
    });
  }

  get #padId(): number | undefined {
    return this.source.isPaired ? this.source.options.pieces.padId : undefined;
  }

  #rows(step: number): MaskedPlainRow[] {
    const { rows, seed, dupeFactor } = this.options, { pieces } = this.source.options;
    return Array.from({ length: rows }, (_, row) => {
      const { generation, index } = this.entryAt(step, row);
      const draws = dupeFactor === undefined
        ? new Stream(seed, "train/masking", step, row)
        : new Stream(seed, "train/static-masking", generation, index);
      const plain = this.source.rowAt(generation, index);
      return maskPlainRow(plain, { pieces, masking: this.options, draws });
    });
  }

  /** The rows of an epoch. */
  #count(epoch: number): number {
    const { dupeFactor } = this.options;
    if (dupeFactor === undefined) return this.source.countOf(epoch);
    let count = 0;
    for (let each = 0; each < dupeFactor; each++) count += this.source.countOf(each);
    return count;
  }

  #entryOf(epoch: number, number: number): RowEntry {
    if (this.options.dupeFactor === undefined) return { generation: epoch, index: number };
    let generation = 0, index = number;
    while (index >= this.source.countOf(generation)) index -= this.source.countOf(generation++);
    return { generation, index };
  }
}

/**
 * Joins masked rows to a batch; rows and slots that are missing are filled up and weigh 0.
 *
 * @param options rows: rows of the batch; predictions: its slots, at least those of all rows;
 *   padId: what rows are padded with, where they are pairs
 */
export function joinRows(
  rows: readonly MaskedPlainRow[],
  options: {
    readonly rows: number;
    readonly predictions: number;
    readonly rowPieces: number;
    readonly padId?: number | undefined;
  },
): MaskedBatch {
  const { rowPieces: length, padId } = options;
  const batch = {
    ids: new Int32Array(options.rows * length).fill(padId ?? 0),
    maskedPositions: new Int32Array(options.predictions),
    targets: new Int32Array(options.predictions),
    weights: new Float32Array(options.predictions),
  };
  let slot = 0;
  rows.forEach(({ input, positions, targets }, row) => {
    batch.ids.set(input, row * length);
    positions.forEach((position, i) => {
      batch.maskedPositions[slot] = row * length + position;
      batch.targets[slot] = targets[i]!;
      batch.weights[slot] = 1;
      slot++;
    });
  });
  return padId === undefined ? batch : { ...batch, ...pairInputs(rows, options) };
}

/** What pairs take besides. */
function pairInputs(
  rows: readonly MaskedPlainRow[],
  { rows: count, rowPieces: length }: { readonly rows: number; readonly rowPieces: number },
) {
  const attentionBias = new Float32Array(count * length).fill(PADDING_BIAS);
  const tokenTypes = new Int32Array(count * length), nextSentence = new Int32Array(count);
  for (let row = 0; row < count; row++) {
    // A row that attends to nothing would be the one odd case of softmax.
    attentionBias[row * length] = 0;
    const { input, second } = rows[row] ?? {};
    if (input === undefined || second === undefined) continue;
    attentionBias.fill(0, row * length, row * length + input.length);
    tokenTypes.fill(1, row * length + second.at, row * length + input.length);
    nextSentence[row] = second.isRandom ? 1 : 0;
  }
  return { attentionBias, tokenTypes, nextSentence };
}
