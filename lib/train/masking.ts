/**
 * Masking of a row for the masked-language-model loss: of single pieces, or of whole words.
 *
 * A pure function of a row and a stream of draws, which the caller names: by (seed, step, row)
 * where masks are dynamic, by the row's own place where they are static. So a resumed run
 * masks as an uninterrupted one does.
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
  /** Whether a piece goes on with the word of the piece before it; given, words are whole. */
  readonly continues?: ((id: number) => boolean) | undefined;
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
 * Of whole words so many are chosen that their pieces come up to that number; one that would
 * exceed it is passed over for the next. A piece that goes on with no word that stands before
 * it, as where a row was cut, is a word by itself. Each piece of a word has its own draw of
 * what it is replaced by, as in BERT's code.
 *
 * @param ids [length], the row with [CLS] and [SEP] but without padding; left as it is
 * @see BERT §3.1, arXiv:1810.04805, and `create_masked_lm_predictions` of its code
 */
export function maskRow(ids: Int32Array, options: MaskOptions): MaskedRow {
  const { draws } = options;
  const asked = Math.max(1, Math.round(options.maskRate * ids.length));
  const most = Math.min(options.maxPredictions, asked);
  const positions = options.continues === undefined
    ? choosePieces(ids, { ...options, most })
    : chooseWords(ids, { ...options, most, continues: options.continues });
  const input = ids.slice();
  const targets = new Int32Array(positions.length);
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i]!;
    targets[i] = ids[position]!;
    const kind = draws.below(10);
    if (kind < 8) input[position] = options.maskId;
    else if (kind === 8) input[position] = draws.below(options.vocabSize);
  }
  return { input, positions, targets };
}

/** At most `most` places of pieces that are not special, ascending. */
function choosePieces(
  ids: Int32Array,
  { draws, specialIds, most }: Pick<MaskOptions, "draws" | "specialIds"> & {
    readonly most: number;
  },
): Int32Array {
  const candidates = new Int32Array(ids.length);
  let count = 0;
  for (let i = 0; i < ids.length; i++) {
    if (!specialIds.includes(ids[i]!)) candidates[count++] = i;
  }
  const chosen = Math.min(most, count);
  for (let i = 0; i < chosen; i++) {
    const j = i + draws.below(count - i);
    [candidates[i], candidates[j]] = [candidates[j]!, candidates[i]!];
  }
  return candidates.slice(0, chosen).sort();
}

/** The places of whole words, at most `most` pieces in all, ascending. */
function chooseWords(
  ids: Int32Array,
  { draws, specialIds, most, continues }: Pick<MaskOptions, "draws" | "specialIds"> & {
    readonly most: number;
    readonly continues: (id: number) => boolean;
  },
): Int32Array {
  const words: { readonly from: number; to: number }[] = [];
  for (let i = 0; i < ids.length; i++) {
    if (specialIds.includes(ids[i]!)) continue;
    const last = words.at(-1);
    if (last?.to === i && continues(ids[i]!)) last.to++;
    else words.push({ from: i, to: i + 1 });
  }
  const positions: number[] = [];
  for (let i = 0; i < words.length && positions.length < most; i++) {
    const j = i + draws.below(words.length - i);
    [words[i], words[j]] = [words[j]!, words[i]!];
    const { from, to } = words[i]!;
    if (positions.length + to - from > most) continue;
    for (let place = from; place < to; place++) positions.push(place);
  }
  return Int32Array.from(positions).sort();
}
