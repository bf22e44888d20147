/**
 * Held-out loss, context gap and accuracy of a masked-language model.
 *
 * The same rows with the same masks, at 15 percent, at every measurement and for
 * every model with the same vocabulary and row length: no seed of the training
 * enters. The context gap is the loss after a shuffle minus the loss, where the
 * shuffle permutes the pieces at all unmasked positions of all rows at once ([CLS],
 * [SEP] and the masked positions' inputs stay). It is near 0 while a model uses
 * piece frequencies only, whether it is a bag of words or not trained at all, and
 * nothing transfers to a benchmark before it grows.
 *
 * Contexts learnt by heart widen that gap too: the model is sure of itself and wrong, most of
 * all after a shuffle. Useful context is therefore the part of the gap that takes the loss
 * below that of piece frequencies; memorising cannot raise it. On training text the gap holds
 * both, and the difference tells them apart.
 *
 * Standard errors are over rows: predictions of one row depend on each other.
 */
import { Permutation, Stream } from "../base/rng.ts";
import type { Executable } from "../engine/engine.ts";
import { meanOfClusters } from "../analysis/clusters.ts";
import type { Estimated } from "./steps.ts";
import type { MaskedRow } from "./masking.ts";
import type { ContextScores } from "./seen_text.ts";
import { AbortWatch } from "./abort_watch.ts";
import { joinRows, type MaskedBatch, maskPlainRow, predictionsPerRow } from "./batches.ts";
import type { CorpusRows } from "./corpus_rows.ts";

/** What is measured on held-out text, each with its standard error over rows. */
export interface HeldOutScores {
  /** Mean cross-entropy over masked positions. */
  readonly lossNats: Estimated;
  /** The same with shuffled context, minus `lossNats`; its error is that of the difference. */
  readonly contextGapNats: Estimated;
  /** The share of masked positions where no piece is likelier than the right one, 0 to 1. */
  readonly maskedAccuracy: Estimated;
}

/** The share of positions masked in every evaluation, whatever it is in training. */
const EVALUATION_MASK_RATE = 0.15;

/** How held-out rows are masked: piece by piece, whatever words are in training. */
export const MASKING = { maskRate: EVALUATION_MASK_RATE } as const;

/** The prediction slots of an evaluation batch. */
export function heldOutPredictions(rows: number, rowPieces: number): number {
  return rows * predictionsPerRow(rowPieces, MASKING);
}

/** The fixed held-out rows, masked once. */
export class HeldOutSet {
  readonly #plain: readonly MaskedBatch[];
  readonly #shuffled: readonly MaskedBatch[];
  readonly #shape: RowShape;
  /** By row, the summed loss of piece frequencies at its masked positions. */
  readonly #frequencyLosses: Float64Array;

  /**
   * Chooses rows at equal distances over the corpus and masks them.
   *
   * @param options rows: at most so many are used; batchRows: rows a batch of the graph
   */
  constructor(
    corpus: CorpusRows,
    options: { readonly rows: number; readonly batchRows: number },
  ) {
    const count = Math.min(options.rows, corpus.count), { pieces, rowPieces } = corpus.options;
    const rows = Array.from({ length: count }, (_, i) => {
      const row = corpus.rowAt(0, Math.floor((i * corpus.count) / count));
      const draws = new Stream(0, "train/heldout-masking", i);
      return maskPlainRow(row, { pieces, masking: MASKING, draws });
    });
    this.#frequencyLosses = frequencyLosses(rows, pieces.size);
    const shuffled = shuffleContext(rows, [pieces.clsId, pieces.sepId, pieces.padId]);
    const shape = {
      rows: options.batchRows,
      predictions: heldOutPredictions(options.batchRows, rowPieces),
      rowPieces,
    };
    this.#shape = { rows: count, rowPieces, batchRows: options.batchRows };
    this.#plain = inBatches(rows, shape);
    this.#shuffled = inBatches(shuffled, shape);
  }

  /** Rows that go through a model that is measured: each as it is and with shuffled context. */
  get passes(): number {
    return 2 * this.#shape.rows;
  }

  /**
   * Measures a model.
   *
   * @param model the forward graph of `maskedLanguageModel`, its parameters resident
   * @param options signal: stops between two batches; onRows: told how many of `passes` are done
   * @throws the signal's reason when it is aborted
   */
  async measure(
    model: Executable,
    options: {
      readonly signal?: AbortSignal;
      readonly onRows?: (done: number) => void;
    } = {},
  ): Promise<HeldOutScores & Pick<ContextScores, "usefulContextNats">> {
    const watch = new AbortWatch(options.signal), shape = this.#shape;
    const onRows = (before: number) => (done: number) => options.onRows?.(before + done);
    const plain = await sumsByRow(model, { batches: this.#plain, shape, watch, onRows: onRows(0) });
    const shuffled = await sumsByRow(model, {
      batches: this.#shuffled,
      shape,
      watch,
      onRows: onRows(shape.rows),
    });
    const gaps = shuffled.losses.map((loss, row) => loss - plain.losses[row]!);
    return {
      lossNats: meanOfClusters(plain.losses, plain.counts),
      contextGapNats: meanOfClusters(gaps, plain.counts),
      maskedAccuracy: meanOfClusters(plain.hits, plain.counts),
      usefulContextNats: this.#usefulContext(plain, shuffled),
    };
  }

  /** From the shuffled loss or that of frequencies, whichever is less, down to the loss. */
  #usefulContext(plain: RowSums, shuffled: RowSums): Estimated {
    const isSureAndWrong = sum(shuffled.losses) > sum(this.#frequencyLosses);
    const without = isSureAndWrong ? this.#frequencyLosses : shuffled.losses;
    const gains = without.map((loss, row) => loss - plain.losses[row]!);
    const { value, ...error } = meanOfClusters(gains, plain.counts);
    return { value: Math.max(0, value), ...error };
  }
}

/**
 * What the frequencies of pieces alone would lose at the masked positions of each row: those of
 * the rows' own pieces, one added to each, so that it is the same for every model.
 */
function frequencyLosses(rows: readonly MaskedRow[], vocabulary: number): Float64Array {
  const counts = new Float64Array(vocabulary).fill(1);
  let total = vocabulary;
  const count = (id: number) => {
    counts[id]!++;
    total++;
  };
  for (const { input, positions, targets } of rows) {
    const masked = new Set(positions);
    input.forEach((id, at) => {
      if (!masked.has(at)) count(id);
    });
    targets.forEach(count);
  }
  return Float64Array.from(
    rows,
    ({ targets }) => targets.reduce((lost, id) => lost - Math.log(counts[id]! / total), 0),
  );
}

function sum(values: Float64Array): number {
  return values.reduce((total, each) => total + each, 0);
}

/** How many rows there are, of how many pieces, and how many a batch. */
interface RowShape {
  readonly rows: number;
  readonly rowPieces: number;
  readonly batchRows: number;
}

/**
 * Permutes the pieces at the unmasked positions of all rows together.
 *
 * @param specialIds pieces that stay where they are
 */
export function shuffleContext(
  rows: readonly MaskedRow[],
  specialIds: readonly number[],
): readonly MaskedRow[] {
  const places: { readonly row: number; readonly at: number }[] = [];
  rows.forEach(({ input, positions }, row) => {
    const masked = new Set(positions);
    input.forEach((id, at) => {
      if (!masked.has(at) && !specialIds.includes(id)) places.push({ row, at });
    });
  });
  const shuffled = rows.map((each) => ({ ...each, input: each.input.slice() }));
  if (places.length === 0) return shuffled;
  const order = new Permutation(places.length, 0, "train/heldout-shuffle");
  places.forEach(({ row, at }, i) => {
    const from = places[order.at(i)]!;
    shuffled[row]!.input[at] = rows[from.row]!.input[from.at]!;
  });
  return shuffled;
}

function inBatches(
  rows: readonly MaskedRow[],
  shape: { readonly rows: number; readonly predictions: number; readonly rowPieces: number },
): MaskedBatch[] {
  const batches = [];
  for (let start = 0; start < rows.length; start += shape.rows) {
    batches.push(joinRows(rows.slice(start, start + shape.rows), shape));
  }
  return batches;
}

/** Sums over the predictions of each row. */
interface RowSums {
  readonly losses: Float64Array;
  readonly hits: Float64Array;
  readonly counts: Float64Array;
}

async function sumsByRow(
  model: Executable,
  { batches, shape, watch, onRows }: {
    readonly batches: readonly MaskedBatch[];
    readonly shape: RowShape;
    readonly watch: AbortWatch;
    readonly onRows: (done: number) => void;
  },
): Promise<RowSums> {
  const sums = () => new Float64Array(shape.rows);
  const losses = sums(), hits = sums(), counts = sums();
  for (const [batch, { weights, ...data }] of batches.entries()) {
    await watch.check();
    const outputs = await model.run(data);
    weights.forEach((weight, slot) => {
      if (weight === 0) return;
      const place = Math.floor(data.maskedPositions[slot]! / shape.rowPieces);
      const row = batch * shape.batchRows + place;
      losses[row]! += outputs.losses![slot]!;
      hits[row]! += outputs.hits![slot]!;
      counts[row]!++;
    });
    onRows(Math.min(shape.rows, (batch + 1) * shape.batchRows));
  }
  return { losses, hits, counts };
}
