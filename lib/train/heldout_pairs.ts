/**
 * Held-out next-sentence prediction: loss and accuracy over fixed pairs of held-out text.
 *
 * As for held-out masked-language modelling, no seed of the training enters: every model with
 * the same vocabulary and row length sees the same pairs with the same masks, at 15 percent as
 * in BERT's own evaluation. Standard errors are over pairs.
 */
import { meanOfClusters } from "../analysis/clusters.ts";
import { Stream } from "../base/rng.ts";
import type { Executable, Tensors } from "../engine/engine.ts";
import { AbortWatch } from "./abort_watch.ts";
import { joinRows, maskPlainRow } from "./batches.ts";
import { heldOutPredictions, MASKING } from "./heldout.ts";
import type { PairRows } from "./pair_rows.ts";
import type { Estimated } from "./steps.ts";

/** What is measured on held-out pairs, each with its standard error over pairs. */
export interface HeldOutPairScores {
  /** Mean cross-entropy of whether the second segment follows. */
  readonly nextSentenceLossNats: Estimated;
  /** The share of pairs where the right answer is the likelier one, 0 to 1. */
  readonly nextSentenceAccuracy: Estimated;
}

/** The fixed held-out pairs, masked once. */
export class HeldOutPairs {
  /** Pairs that go through a model that is measured. */
  readonly count: number;
  readonly #batches: readonly Tensors[];
  readonly #batchRows: number;

  /**
   * Chooses pairs at equal distances over the first generation and masks them.
   *
   * @param options rows: at most so many are used; batchRows: rows a batch of the graph
   */
  constructor(
    pairs: PairRows,
    options: { readonly rows: number; readonly batchRows: number },
  ) {
    const all = pairs.countOf(0), { pieces, rowPieces } = pairs.options;
    this.count = Math.min(options.rows, all);
    this.#batchRows = options.batchRows;
    const rows = Array.from({ length: this.count }, (_, i) => {
      const row = pairs.rowAt(0, Math.floor((i * all) / this.count));
      const draws = new Stream(0, "train/heldout-pair-masking", i);
      return maskPlainRow(row, { pieces, masking: MASKING, draws });
    });
    const predictions = heldOutPredictions(options.batchRows, rowPieces);
    const shape = { rows: options.batchRows, predictions, rowPieces, padId: pieces.padId };
    this.#batches = Array.from({ length: Math.ceil(this.count / options.batchRows) }, (_, i) => {
      const own = rows.slice(i * options.batchRows, (i + 1) * options.batchRows);
      const { ids, attentionBias, tokenTypes, nextSentence } = joinRows(own, shape);
      return {
        ids,
        attentionBias: attentionBias!,
        tokenTypes: tokenTypes!,
        nextSentence: nextSentence!,
      };
    });
  }

  /**
   * Measures a model.
   *
   * @param model the forward graph of `nextSentenceModel`, its parameters resident
   * @param options signal: stops between two batches; onRows: told how many of `count` are done
   * @throws the signal's reason when it is aborted
   */
  async measure(
    model: Executable,
    options: {
      readonly signal?: AbortSignal;
      readonly onRows?: (done: number) => void;
    } = {},
  ): Promise<HeldOutPairScores> {
    const watch = new AbortWatch(options.signal);
    const losses = new Float64Array(this.count), hits = new Float64Array(this.count);
    for (const [i, batch] of this.#batches.entries()) {
      await watch.check();
      const outputs = await model.run(batch), from = i * this.#batchRows;
      const rows = Math.min(this.#batchRows, this.count - from);
      losses.set(outputs.losses!.subarray(0, rows), from);
      hits.set(outputs.hits!.subarray(0, rows), from);
      options.onRows?.(from + rows);
    }
    const ones = new Float64Array(this.count).fill(1);
    return {
      nextSentenceLossNats: meanOfClusters(losses, ones),
      nextSentenceAccuracy: meanOfClusters(hits, ones),
    };
  }
}
