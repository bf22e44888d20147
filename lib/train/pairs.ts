/**
 * Pairs of segments for next-sentence prediction, as BERT's create_pretraining_data builds them.
 *
 * A document is taken in chunks of whole sentences of about the length that a row holds. A
 * chunk of several is cut in two at random; in half the cases, and always where a chunk is one
 * sentence, the second part is put back and text of another document stands in its place. What
 * is too long loses pieces at the front or the end of its longer segment.
 *
 * Where chunks end and are cut follows from the lengths of sentences and the draws of
 * (seed, generation, document), so that any pair is made anew when it is wanted: what is kept
 * is how many pairs there are before each of at most a million blocks of documents. Knows no pieces.
 *
 * @see BERT §3.1 and `create_instances_from_document` of its code
 */
import { ExperimentError } from "../base/errors.ts";
import { Stream } from "../base/rng.ts";
import type { DocumentPlace } from "../text/pieces/sentence_index.ts";

/** The documents that pairs are made of; `SentenceIndex` is one. */
export interface DocumentSource {
  /** How many there are. */
  readonly documents: number;
  /** The documents [from, to). */
  read(from: number, to: number): readonly DocumentPlace[];
}

/** A stretch of a document's pieces in the stream. */
export interface Segment {
  /** The document that it is of. */
  readonly document: number;
  /** The place of its first piece. */
  readonly start: number;
  /** How many pieces. */
  readonly length: number;
}

/** Two segments of a row. */
export interface Pair {
  /** The first one. */
  readonly first: Segment;
  /** What comes after it, or not. */
  readonly second: Segment;
  /** Whether the second is of another document, and does not follow the first. */
  readonly isRandom: boolean;
}

/** How pairs are made. */
export interface PairOptions {
  /** Pieces of both segments together at most. */
  readonly room: number;
  /** The probability that a document's pairs are shorter: of a length drawn from 2 to `room`. */
  readonly shortRows: number;
  /** The seed of all draws. */
  readonly seed: number;
  /** What the corpus is called in messages. */
  readonly name: string;
}

/** At most so many blocks have their count of pairs kept, in 4 bytes each. */
const BLOCKS = 2 ** 20;
/** Documents that are read at once when pairs are counted. */
const READ_DOCUMENTS = 1024;

/** What there is of pairs in one generation. */
export interface PairCounts {
  /** Pairs in all. */
  readonly pairs: number;
  /** Those whose second segment does not follow the first. */
  readonly random: number;
  /** Pieces of all first segments and of following second ones, before anything is cut off. */
  readonly pieces: number;
}

/** A generation that was counted: how many pairs there are before each block, and in all. */
interface Counted extends PairCounts {
  readonly before: Uint32Array;
}

/** The pairs of a corpus in every generation: a pass with draws of its own. */
export class PairMaker {
  readonly #generations = new Map<number, Counted>();
  readonly #keep: number;
  readonly #blockDocuments: number;

  /**
   * Counts nothing yet.
   *
   * @param limits generations: of how many the counts are kept at once; blocks: at most so many
   *   documents' beginnings are counted to
   * @throws ExperimentError "train/pairs" when there are not two documents
   */
  constructor(
    readonly source: DocumentSource,
    readonly options: PairOptions,
    { generations = 2, blocks = BLOCKS }: {
      readonly generations?: number;
      readonly blocks?: number;
    } = {},
  ) {
    const { documents } = source;
    if (documents < 2) throw tooFew(options.name, documents);
    this.#keep = generations;
    this.#blockDocuments = Math.ceil(documents / blocks);
  }

  /** How many pairs a generation has. */
  counts(generation: number): PairCounts {
    const { pairs, random, pieces } = this.#counted(generation);
    return { pairs, random, pieces };
  }

  /** A pair of a generation, counted from 0 in the order of documents. */
  at(generation: number, index: number): Pair {
    const { before, pairs } = this.#counted(generation);
    if (!(index >= 0 && index < pairs)) throw new RangeError(`pair ${index} of ${pairs}`);
    let [low, high] = [0, before.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (before[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    let left = index - before[low]!;
    const from = low * this.#blockDocuments;
    const to = Math.min(from + this.#blockDocuments, this.source.documents);
    for (const [i, document] of this.source.read(from, to).entries()) {
      for (const chunk of this.#chunks(document, { generation, document: from + i })) {
        if (left-- === 0) return this.#pairOf(chunk, { at: document, document: from + i });
      }
    }
    throw new Error(`pair ${index} is in no block`);
  }

  #counted(generation: number): Counted {
    const known = this.#generations.get(generation);
    if (known !== undefined) return known;
    const counted = this.#count(generation);
    for (const old of [...this.#generations.keys()]) {
      if (this.#generations.size >= this.#keep) this.#generations.delete(old);
    }
    this.#generations.set(generation, counted);
    return counted;
  }

  #count(generation: number): Counted {
    const { documents } = this.source, size = this.#blockDocuments;
    const before = new Uint32Array(Math.ceil(documents / size));
    let pairs = 0, random = 0, pieces = 0;
    for (let from = 0; from < documents; from += READ_DOCUMENTS) {
      const read = this.source.read(from, Math.min(from + READ_DOCUMENTS, documents));
      for (const [i, place] of read.entries()) {
        const document = from + i;
        if (document % size === 0) before[document / size] = pairs;
        for (const chunk of this.#chunks(place, { generation, document })) {
          pairs++;
          if (chunk.isRandom) random++;
          const end = chunk.isRandom ? chunk.cut : chunk.end;
          for (let k = chunk.from; k < end; k++) pieces += place.sentences[k]!;
        }
      }
    }
    return { before, pairs, random, pieces };
  }

  /** The chunks of a document, in order. */
  *#chunks(
    { sentences }: DocumentPlace,
    { generation, document }: { readonly generation: number; readonly document: number },
  ): Generator<Chunk, void> {
    const { room, shortRows, seed } = this.options;
    const draws = new Stream(seed, "train/pairs", generation, document);
    const target = draws.float() < shortRows ? 2 + draws.below(room - 1) : room;
    let from = 0, length = 0;
    for (let next = 0; next < sentences.length; next++) {
      length += sentences[next]!;
      if (next < sentences.length - 1 && length < target) continue;
      const end = next + 1, count = end - from;
      const cut = count === 1 ? end : from + 1 + draws.below(count - 1);
      const isRandom = count === 1 || draws.below(2) === 0;
      yield { from, cut, end, isRandom, target, seed: draws.uint32() };
      // What a random second segment takes the place of is put back.
      from = isRandom ? cut : end;
      next = from - 1;
      length = 0;
    }
  }

  #pairOf(
    chunk: Chunk,
    { at, document }: { readonly at: DocumentPlace; readonly document: number },
  ): Pair {
    const draws = new Stream(chunk.seed, "train/pair");
    const first = stretch(at, { document, from: chunk.from, to: chunk.cut });
    const second = chunk.isRandom
      ? this.#elsewhere(document, { least: chunk.target - first.length, draws })
      : stretch(at, { document, from: chunk.cut, to: chunk.end });
    return {
      ...fitted([first, second], { room: this.options.room, draws }),
      isRandom: chunk.isRandom,
    };
  }

  /** Sentences of another document from a random one on, until there are `least` pieces. */
  #elsewhere(
    document: number,
    { least, draws }: { readonly least: number; readonly draws: Stream },
  ): Segment {
    const other = draws.below(this.source.documents - 1);
    const chosen = other < document ? other : other + 1;
    const [place] = this.source.read(chosen, chosen + 1), { sentences } = place!;
    const from = draws.below(sentences.length);
    let to = from, length = 0;
    do length += sentences[to++]!; while (to < sentences.length && length < least);
    return stretch(place!, { document: chosen, from, to });
  }
}

/** Whole sentences [from, end) of a document, of which those from `cut` on are the second part. */
interface Chunk {
  readonly from: number;
  readonly cut: number;
  readonly end: number;
  readonly isRandom: boolean;
  /** The length that the document's pairs aim at. */
  readonly target: number;
  /** Of the draws of this pair alone. */
  readonly seed: number;
}

/** The pieces of the sentences [from, to) of a document. */
function stretch(
  { start, sentences }: DocumentPlace,
  { document, from, to }: { readonly document: number; readonly from: number; readonly to: number },
): Segment {
  let before = 0, length = 0;
  for (let i = 0; i < from; i++) before += sentences[i]!;
  for (let i = from; i < to; i++) length += sentences[i]!;
  return { document, start: start + before, length };
}

/** Takes pieces from the longer segment, each from its front or its end, until both fit. */
function fitted(
  [first, second]: readonly [Segment, Segment],
  { room, draws }: { readonly room: number; readonly draws: Stream },
): { readonly first: Segment; readonly second: Segment } {
  const a = { ...first }, b = { ...second };
  while (a.length + b.length > room) {
    const longer = a.length > b.length ? a : b;
    if (draws.below(2) === 0) longer.start++;
    longer.length--;
  }
  return { first: a, second: b };
}

function tooFew(name: string, documents: number): ExperimentError {
  const found = documents === 0 ? "no sentence" : "one document";
  return new ExperimentError(
    "train/pairs",
    `the ${name} has ${found}, and next-sentence prediction takes sentences of several documents`,
    {
      mend:
        "give more documents: blank lines end them in format lines, and splitWords cuts books; " +
        "or take nextSentence away",
    },
  );
}
