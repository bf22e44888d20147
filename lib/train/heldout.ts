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
 */
import { Permutation, Stream } from "../base/rng.ts";
import type { Executable } from "../engine/engine.ts";
import type { MaskedRow } from "./masking.ts";
import { AbortWatch } from "./abort_watch.ts";
import { type CorpusRows, joinRows, type MaskedBatch, predictionsPerRow } from "./batches.ts";

/** What is measured on held-out text. */
export interface HeldOutScores {
  /** Mean cross-entropy over masked positions. */
  readonly lossNats: number;
  /** The same with shuffled context, minus `lossNats`. */
  readonly contextGapNats: number;
  /** The share of masked positions where no piece is likelier than the right one, 0 to 1. */
  readonly maskedAccuracy: number;
}

/** The share of positions masked in every evaluation, whatever it is in training. */
export const EVALUATION_MASK_RATE = 0.15;

const MASKING = { maskRate: EVALUATION_MASK_RATE } as const;

/** The prediction slots of an evaluation batch. */
export function heldOutPredictions(rows: number, rowPieces: number): number {
  return rows * predictionsPerRow(rowPieces, MASKING);
}

/** The fixed held-out rows, masked once. */
export class HeldOutSet {
  readonly #plain: readonly MaskedBatch[];
  readonly #shuffled: readonly MaskedBatch[];

  /**
   * Chooses rows at equal distances over the corpus and masks them.
   *
   * @param options rows: at most so many are used; batchRows: rows a batch of the graph
   */
  constructor(
    corpus: CorpusRows,
    options: { readonly rows: number; readonly batchRows: number },
  ) {
    const count = Math.min(options.rows, corpus.count);
    const rows = Array.from({ length: count }, (_, i) => {
      const row = corpus.row(Math.floor((i * corpus.count) / count));
      return corpus.mask(row, { ...MASKING, draws: new Stream(0, "train/heldout-masking", i) });
    });
    const { pieces, rowPieces } = corpus.options;
    const shuffled = shuffleContext(rows, [pieces.clsId, pieces.sepId, pieces.padId]);
    const shape = {
      rows: options.batchRows,
      predictions: heldOutPredictions(options.batchRows, rowPieces),
    };
    this.#plain = inBatches(rows, shape);
    this.#shuffled = inBatches(shuffled, shape);
  }

  /**
   * Measures a model.
   *
   * @param model the forward graph of `maskedLanguageModel`, its parameters resident
   * @param options signal: stops between two batches
   * @throws the signal's reason when it is aborted
   */
  async measure(
    model: Executable,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<HeldOutScores> {
    const watch = new AbortWatch(options.signal);
    const plain = await meanLoss(model, { batches: this.#plain, watch });
    const shuffled = await meanLoss(model, { batches: this.#shuffled, watch });
    return {
      lossNats: plain.lossNats,
      contextGapNats: shuffled.lossNats - plain.lossNats,
      maskedAccuracy: plain.accuracy,
    };
  }
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
  shape: { readonly rows: number; readonly predictions: number },
): MaskedBatch[] {
  const batches = [];
  for (let start = 0; start < rows.length; start += shape.rows) {
    batches.push(joinRows(rows.slice(start, start + shape.rows), shape));
  }
  return batches;
}

async function meanLoss(
  model: Executable,
  options: {
    readonly batches: readonly MaskedBatch[];
    readonly watch: AbortWatch;
  },
): Promise<{ readonly lossNats: number; readonly accuracy: number }> {
  let losses = 0, hits = 0, count = 0;
  for (const { weights, ...data } of options.batches) {
    await options.watch.check();
    const outputs = await model.run(data);
    weights.forEach((weight, slot) => {
      losses += weight * outputs.losses![slot]!;
      hits += weight * outputs.hits![slot]!;
      count += weight;
    });
  }
  return { lossNats: losses / count, accuracy: hits / count };
}
