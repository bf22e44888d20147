/** Rows of pairs for next-sentence prediction: [CLS] first [SEP] second [SEP], not padded. */
import { ExperimentError } from "../base/errors.ts";
import type { PieceIds, PlainRow, RowSource, TokenSource } from "./batches.ts";
import { type DocumentSource, type PairCounts, PairMaker, type Segment } from "./pairs.ts";

/** [CLS] and two [SEP]. */
const SPECIAL = 3;
/** From so many rows, at equal distances, the mean length is taken. */
const SAMPLED_ROWS = 256;
/** With fewer pairs that follow each other, what is predicted is mostly known beforehand. */
const FEW_FOLLOW = 0.25;

/** A corpus in pairs. */
export class PairRows implements RowSource {
  /** Corpus pieces of all sentences. */
  readonly tokens: number;
  readonly rowTokens: number;
  readonly isPaired = true;
  /** What there is of pairs in the first generation. */
  readonly counts: PairCounts;
  readonly #maker: PairMaker;

  /**
   * Counts the pairs of the first generation.
   *
   * @param text the pieces, and where sentences lie among them
   * @param options rowPieces: pieces a row with [CLS] and both [SEP], at least 8; shortRows, seed
   *   and name: of `PairMaker`; generations: how many are used in turns
   * @throws ExperimentError "train/pairs" when there are not two documents, or no two sentences
   *   follow each other
   */
  constructor(
    readonly text: { readonly stream: TokenSource; readonly documents: DocumentSource },
    readonly options: {
      readonly rowPieces: number;
      readonly pieces: PieceIds;
      readonly shortRows: number;
      readonly seed: number;
      readonly name: string;
      readonly generations: number;
    },
  ) {
    const { rowPieces, shortRows, seed, name, generations } = options;
    const room = rowPieces - SPECIAL;
    const made = { room, shortRows, seed, name };
    this.#maker = new PairMaker(text.documents, made, { generations });
    this.counts = this.#maker.counts(0);
    const { pairs, random, pieces } = this.counts;
    if (pairs === random) throw nothingFollows(name, text.documents.documents);
    this.tokens = pieces;
    const sampled = Math.min(SAMPLED_ROWS, pairs);
    let length = 0;
    for (let i = 0; i < sampled; i++) {
      const { first, second } = this.#maker.at(0, Math.floor((i * pairs) / sampled));
      length += first.length + second.length;
    }
    this.rowTokens = length / sampled;
  }

  /** What is odd about the pairs, if anything. */
  get warning(): string | undefined {
    const { pairs, random } = this.counts, follow = (pairs - random) / pairs;
    if (follow >= FEW_FOLLOW) return undefined;
    const percent = (100 * follow).toFixed(1);
    return `in only ${percent} percent of the ${this.options.name}'s pairs the second segment ` +
      "follows the first, as most chunks are one sentence: next-sentence prediction learns " +
      "little; see whether the text is split into sentences and documents, and raise rowPieces";
  }

  countOf(generation: number): number {
    return this.#maker.counts(generation).pairs;
  }

  rowAt(generation: number, index: number): PlainRow {
    const { first, second, isRandom } = this.#maker.at(generation, index);
    const { clsId, sepId } = this.options.pieces, at = first.length + 2;
    const ids = new Int32Array(first.length + second.length + SPECIAL);
    ids[0] = clsId;
    ids.set(this.#read(first), 1);
    ids[at - 1] = sepId;
    ids.set(this.#read(second), at);
    ids[ids.length - 1] = sepId;
    return { ids, second: { at, isRandom } };
  }

  #read({ start, length }: Segment): Int32Array {
    return this.text.stream.read(start, length);
  }
}

function nothingFollows(name: string, documents: number): ExperimentError {
  return new ExperimentError(
    "train/pairs",
    `in none of the ${documents} documents of the ${name} a sentence follows another within one ` +
      "row, so that next-sentence prediction has nothing to learn",
    {
      mend: "split the text into sentences, put blank lines between documents and not between " +
        "sentences, raise rowPieces, or take nextSentence away",
    },
  );
}
