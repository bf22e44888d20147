/**
 * Dynamic masking for the masked-language-model loss.
 *
 * A pure function of a row and a stream of draws: the caller names the stream by
 * (seed, step, row), so a resumed run masks as an uninterrupted one does.
 */
import type { Stream } from "../base/rng.ts";

/** What `maskRow` needs besides the row. */
export interface MaskOptions {
  /** The share of positions to predict, in (0, 1]; BERT's is 0.15. */
  readonly maskRate: number;
  /** At most so many positions a row; BERT's is 20 at length 128. */
  readonly maxPredictions: number;
  /** Random pieces are drawn from [0, vocabSize). */
  readonly vocabSize: number;
  /** The id of [MASK]. */
  readonly maskId: number;
  /** Ids that are never chosen, such as those of [CLS], [SEP] and [PAD]. */
  readonly specialIds: readonly number[];
  /** The draws, used up by no other row. */
  readonly draws: Stream;
}

/** A masked row. */
export interface MaskedRow {
  /** [length], the ids that the model sees. */
  readonly input: Int32Array;
  /** [predictions], ascending. */
  readonly positions: Int32Array;
  /** [predictions], the ids that stood there. */
  readonly targets: Int32Array;
}

/**
 * Chooses min(maxPredictions, max(1, round(maskRate * length))) positions of a row, less if the
 * row has not so many that may be chosen, and replaces 80 percent of them by [MASK], 10 percent by
 * a random piece of the whole vocabulary, and keeps the rest.
 *
 * @param ids [length], the row with [CLS] and [SEP] but without padding; left as it is
 * @see BERT §3.1, arXiv:1810.04805, and `create_masked_lm_predictions` of its code
 */
export function maskRow(ids: Int32Array, options: MaskOptions): MaskedRow {
  const { draws, specialIds } = options;
  const candidates = new Int32Array(ids.length);
  let count = 0;
  for (let i = 0; i < ids.length; i++) {
    if (!specialIds.includes(ids[i]!)) candidates[count++] = i;
  }
  const asked = Math.max(1, Math.round(options.maskRate * ids.length));
  const predictions = Math.min(options.maxPredictions, asked, count);
  for (let i = 0; i < predictions; i++) {
    const j = i + draws.below(count - i);
    [candidates[i], candidates[j]] = [candidates[j]!, candidates[i]!];
  }
  const positions = candidates.slice(0, predictions).sort();
  const input = ids.slice();
  const targets = new Int32Array(predictions);
  for (let i = 0; i < predictions; i++) {
    const position = positions[i]!;
    targets[i] = ids[position]!;
    const kind = draws.below(10);
    if (kind < 8) input[position] = options.maskId;
    else if (kind === 8) input[position] = draws.below(options.vocabSize);
  }
  return { input, positions, targets };
}
