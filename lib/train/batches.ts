/**
 * Batches for masked-language modelling: a pure function of (seed, step).
 *
 * A row is [CLS], consecutive pieces of the corpus, [SEP]; the corpus is cut into
 * such rows once, and the rest that fills no row is left out. Every epoch visits
 * all rows in an order of its own, given by a permutation without a table, so
 * memory does not grow with the corpus.
 */
import { ExperimentError } from "../base/errors.ts";
import { Permutation, Stream } from "../base/rng.ts";
import { type MaskedRow, maskRow } from "./masking.ts";

/** A stream of pieces, read by position; `TokenShard` is one. */
export interface TokenSource {
  /** How many pieces can be read. */
  readonly tokens: number;
  /** The pieces [start, start + count). */
  read(start: number, count: number): Int32Array;
}

/** The special pieces, and how many pieces there are. */
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
}

/** How rows are masked. */
export interface Masking {
  /** The share of a row's positions to predict. */
  readonly maskRate: number;
  /** At most so many a row; absent: no limit but the rate. */
  readonly maxPredictions?: number | undefined;
}

/** The data inputs of `maskedLanguageModel`, less the dropout seed. */
export interface MaskedBatch {
  /** [rows * rowPieces], masked. */
  readonly ids: Int32Array;
  /** [predictions], row * rowPieces + place. */
  readonly maskedPositions: Int32Array;
  /** [predictions] */
  readonly targets: Int32Array;
  /** [predictions], 0 for an unused slot. */
  readonly weights: Float32Array;
}

/** A corpus cut into rows. */
export class CorpusRows {
  /** How many rows the corpus fills. */
  readonly count: number;
  /** Corpus pieces in those rows, [CLS] and the closing [SEP] not counted. */
  readonly tokens: number;

  /**
   * Cuts a corpus into rows.
   *
   * @param options rowPieces: pieces a row with [CLS] and [SEP], at least 3; name: what the
   *   corpus is called in messages
   * @throws ExperimentError "train/corpus" when the pieces fill no row
   */
  constructor(
    readonly source: TokenSource,
    readonly options: {
      readonly rowPieces: number;
      readonly pieces: PieceIds;
      readonly name: string;
    },
  ) {
    const { rowPieces, name } = options;
    this.count = Math.floor(source.tokens / (rowPieces - 2));
    this.tokens = this.count * (rowPieces - 2);
    if (this.count === 0) {
      throw new ExperimentError(
        "train/corpus",
        `the ${name} has ${source.tokens} tokens, and one row takes ${rowPieces - 2}`,
        { mend: "give more text, or make rowPieces smaller" },
      );
    }
  }

  /** A row: [rowPieces] with [CLS] and [SEP]. */
  row(index: number): Int32Array {
    const { rowPieces, pieces } = this.options;
    const row = new Int32Array(rowPieces);
    row[0] = pieces.clsId;
    row.set(this.source.read(index * (rowPieces - 2), rowPieces - 2), 1);
    row[rowPieces - 1] = pieces.sepId;
    return row;
  }

  /** Masks a row of this corpus. */
  mask(row: Int32Array, masking: Masking & { readonly draws: Stream }): MaskedRow {
    const { pieces } = this.options;
    return maskRow(row, {
      maskRate: masking.maskRate,
      maxPredictions: masking.maxPredictions ?? row.length,
      vocabSize: pieces.size,
      maskId: pieces.maskId,
      specialIds: [pieces.padId, pieces.clsId, pieces.sepId, pieces.maskId],
      draws: masking.draws,
    });
  }
}

/** The most predictions that a row of `rowPieces` can have: the slots kept for it. */
export function predictionsPerRow(rowPieces: number, masking: Masking): number {
  const asked = Math.max(1, Math.round(masking.maskRate * rowPieces));
  return Math.min(asked, masking.maxPredictions ?? rowPieces, rowPieces - 2);
}

/** The training batches of a corpus. */
export class MaskedBatches {
  /** Prediction slots of a batch. */
  readonly predictions: number;
  #order: Permutation;

  /**
   * Batches of a corpus.
   *
   * @param options rows: rows a batch; seed: of order and masks
   */
  constructor(
    readonly corpus: CorpusRows,
    readonly options: Masking & { readonly rows: number; readonly seed: number },
  ) {
    const { rowPieces } = corpus.options;
    this.predictions = options.rows * predictionsPerRow(rowPieces, options);
    this.#order = this.#orderOf(0);
  }

  /** Corpus pieces of a batch, [CLS] and the closing [SEP] not counted. */
  get tokens(): number {
    return this.options.rows * (this.corpus.options.rowPieces - 2);
  }

  /** The corpus row that stands in a row of the batch of a step (from 1). */
  rowIndexAt(step: number, row: number): number {
    const place = (step - 1) * this.options.rows + row;
    const epoch = Math.floor(place / this.corpus.count);
    if (this.#order.epoch !== epoch) this.#order = this.#orderOf(epoch);
    return this.#order.at(place % this.corpus.count);
  }

  /** The batch of a step (from 1). */
  at(step: number): MaskedBatch {
    const { rows, seed } = this.options;
    const masked = Array.from({ length: rows }, (_, row) => {
      const draws = new Stream(seed, "train/masking", step, row);
      return this.corpus.mask(this.corpus.row(this.rowIndexAt(step, row)), {
        ...this.options,
        draws,
      });
    });
    return joinRows(masked, { rows, predictions: this.predictions });
  }

  #orderOf(epoch: number): Permutation {
    return new Permutation(this.corpus.count, this.options.seed, "train/order", epoch);
  }
}

/**
 * Joins masked rows to a batch; rows and slots that are missing are filled up and weigh 0.
 *
 * @param rows at least one, all of one length
 * @param options rows: rows of the batch; predictions: its slots, at least those of all rows
 */
export function joinRows(
  rows: readonly MaskedRow[],
  options: { readonly rows: number; readonly predictions: number },
): MaskedBatch {
  const length = rows[0]!.input.length;
  const batch: MaskedBatch = {
    ids: new Int32Array(options.rows * length),
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
  return batch;
}
