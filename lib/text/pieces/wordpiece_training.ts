/**
 * Trains a WordPiece vocabulary from word counts.
 *
 * BERT's trainer was never published. As Hugging Face's does, this one merges the
 * most frequent pair of neighbouring pieces, over and over: near-linear, where the
 * likelihood score of the WordPiece paper, count(ab) / (count(a) count(b)), changes
 * for every pair of a piece at each merge, and favours rare characters that only
 * occur together. Encoding is BERT's own either way (`wordpiece.ts`).
 *
 * @see Schuster and Nakajima 2012; Sennrich et al., arXiv:1508.07909
 */
import { ExperimentError } from "../../base/errors.ts";
import { greatestOf } from "../../base/extremes.ts";
import { NumberHeap } from "../../base/heap.ts";
import { CONTINUATION, SPECIAL_PIECES } from "./wordpiece.ts";

/** What shapes a vocabulary besides the text. */
export interface WordPieceTrainingOptions {
  /** Pieces in all; fewer come out when no pair is left that occurs `minPairCount` times. */
  readonly size: number;
  /** A pair is merged only if it occurs so often. */
  readonly minPairCount: number;
  /** Characters known from the start: all printable ASCII, or just those of the text. */
  readonly alphabet: "ascii" | "corpus";
  /** A character of the text enters the alphabet if it occurs so often. */
  readonly minCharacterCount: number;
  /** Characters of the text in the alphabet at most, the most frequent ones. */
  readonly maxCharacters: number;
  /**
   * Pieces put in before training, those inside words with "##". Two of them are never merged, so
   * words made of them alone stay split as they are.
   */
  readonly seedPieces: readonly string[];
  /** Whether the text is lower-cased, so that no capital is needed; absent: no. */
  readonly lowercase?: boolean | undefined;
}

/** What is told and heard while a vocabulary is trained. */
export interface TrainingWatch {
  /** Told how much of a phase is done. */
  readonly onProgress?: (progress: TrainingProgress) => void;
  /** Ends the work with its reason. */
  readonly signal?: AbortSignal;
}

/** How far training has come. */
export interface TrainingProgress {
  /** Cutting words into known pieces, or merging pairs of them. */
  readonly phase: "cutting" | "merging";
  /** Units done. */
  readonly done: number;
  /** Units of the whole phase; merging may end before. */
  readonly total: number;
  /** What is counted. */
  readonly unit: "words" | "pieces";
}

/** Between two calls of `onProgress`. */
const TELL_EVERY_MS = 50;

/** Between two moments at which others have their turn; ten times as many cost a tenth more time. */
const YIELD_EVERY_MS = 500;

/**
 * The pieces of a vocabulary by id: special pieces, characters in order of code points, the same
 * inside words, seeded pieces, then merges, the most frequent first. The order of `counts` does
 * not matter.
 *
 * Gives way to other work at times, so that it can be ended.
 *
 * @throws ExperimentError "text/bad-vocab" when `size` does not hold special pieces, characters and
 *   seeded pieces, "text/empty-corpus" when there are no words
 */
export async function trainWordPiece(
  counts: ReadonlyMap<string, number>,
  options: WordPieceTrainingOptions & TrainingWatch,
): Promise<string[]> {
  if (counts.size === 0) {
    throw new ExperimentError("text/empty-corpus", "there is no text to train a vocabulary on", {
      mend: "give a corpus with text in its train split",
    });
  }
  const pieces = initialPieces(counts, options);
  if (pieces.length > options.size) {
    throw new ExperimentError(
      "text/bad-vocab",
      `a vocabulary of ${options.size} pieces cannot hold the ${pieces.length} special pieces, ` +
        "characters and seeded pieces it begins with",
      { mend: `raise size above ${pieces.length}, or lower maxCharacters` },
    );
  }
  const merger = new Merger(pieces, options.seedPieces);
  // Sorted, so that equal counts are told apart by the text and not by who came first.
  const words = [...counts.keys()].sort();
  const pace = new Pace(options);
  for (const [done, word] of words.entries()) {
    merger.addWord(word, counts.get(word)!);
    if (done % 1000 !== 999 || !pace.isDue()) continue;
    await pace.tell({ phase: "cutting", done, total: words.length, unit: "words" });
  }
  while (pieces.length < options.size && merger.mergeNext(options.minPairCount)) {
    if (!pace.isDue()) continue;
    await pace.tell({
      phase: "merging",
      done: pieces.length,
      total: options.size,
      unit: "pieces",
    });
  }
  return pieces;
}

/** When to tell how far training is, and when to let others have their turn. */
class Pace {
  #tellMs = performance.now() + TELL_EVERY_MS;
  #yieldMs = performance.now() + YIELD_EVERY_MS;

  constructor(readonly watch: TrainingWatch) {}

  isDue(): boolean {
    return performance.now() >= this.#tellMs;
  }

  async tell(progress: TrainingProgress): Promise<void> {
    this.watch.onProgress?.(progress);
    if (performance.now() >= this.#yieldMs) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.#yieldMs = performance.now() + YIELD_EVERY_MS;
    }
    this.watch.signal?.throwIfAborted();
    this.#tellMs = performance.now() + TELL_EVERY_MS;
  }
}

function initialPieces(
  counts: ReadonlyMap<string, number>,
  options: WordPieceTrainingOptions,
): string[] {
  const everywhere = new Map<string, number>();
  const inside = new Set<string>();
  for (const [word, count] of counts) {
    let isFirst = true;
    for (const character of word) {
      everywhere.set(character, (everywhere.get(character) ?? 0) + count);
      if (!isFirst) inside.add(character);
      isFirst = false;
    }
  }
  const byCount = [...everywhere]
    .filter(([, count]) => count >= options.minCharacterCount)
    .sort(([a, m], [b, n]) => n - m || byCodePoint(a, b))
    .slice(0, options.maxCharacters);
  const alphabet = new Set(byCount.map(([character]) => character));
  if (options.alphabet === "ascii") {
    for (let code = 33; code < 127; code++) {
      const character = String.fromCharCode(code);
      if (options.lowercase === true && /[A-Z]/.test(character)) continue;
      alphabet.add(character);
      if (/[0-9A-Za-z]/.test(character)) inside.add(character);
    }
  }
  const characters = [...alphabet].sort(byCodePoint);
  const pieces = new Set([
    ...SPECIAL_PIECES,
    ...characters,
    ...characters.filter((each) => inside.has(each)).map((each) => CONTINUATION + each),
    ...options.seedPieces,
  ]);
  return [...pieces];
}

function byCodePoint(a: string, b: string): number {
  return a.codePointAt(0)! - b.codePointAt(0)!;
}

/** Ids are below it, so that a pair is one exact number. */
const PAIR_BASE = 2 ** 26;

/** Words as sequences of piece ids, with the count of every pair of neighbours kept up to date. */
class Merger {
  readonly #pieces: string[];
  readonly #ids = new Map<string, number>();
  readonly #isSeeded: boolean[] = [];
  readonly #longest: number;
  readonly #words: number[][] = [];
  readonly #wordCounts: number[] = [];
  /** Numbers of pairs in the order they were met, and what is known of each. */
  readonly #pairNumbers = new Map<number, number>();
  readonly #pairs: number[] = [];
  readonly #pairCounts: number[] = [];
  /** The words a pair occurs in or once did, some more than once. */
  readonly #pairWords: number[][] = [];
  readonly #heap = new NumberHeap();
  readonly #raised = new Set<number>();
  #isQueued = false;

  /** @param pieces the vocabulary so far, which `mergeNext` adds to */
  constructor(pieces: string[], seedPieces: readonly string[]) {
    this.#pieces = pieces;
    pieces.forEach((piece, id) => this.#ids.set(piece, id));
    for (const piece of seedPieces) this.#isSeeded[this.#ids.get(piece)!] = true;
    this.#longest = Math.max(2, greatestOf(seedPieces.map((piece) => piece.length)));
  }

  /** Cuts a word into the longest pieces there are; one with an unknown character is left out. */
  addWord(word: string, count: number): void {
    const ids: number[] = [];
    for (let start = 0; start < word.length;) {
      const mark = start === 0 ? "" : CONTINUATION;
      let end = Math.min(word.length, start + this.#longest);
      let id = this.#ids.get(mark + word.slice(start, end));
      while (id === undefined && --end > start) id = this.#ids.get(mark + word.slice(start, end));
      if (id === undefined) return;
      ids.push(id);
      start = end;
    }
    const number = this.#words.push(ids) - 1;
    this.#wordCounts.push(count);
    for (let i = 1; i < ids.length; i++) this.#raise(ids[i - 1]!, ids[i]!, number);
  }

  /** Merges the most frequent pair; false if none occurs `minPairCount` times. */
  mergeNext(minPairCount: number): boolean {
    this.#queueRaised();
    for (let top = this.#heap.pop(); top !== undefined; top = this.#heap.pop()) {
      const count = this.#pairCounts[top.item]!;
      if (top.priority !== count) {
        // Counted down since it was queued; a raised pair was queued again already.
        if (top.priority > count && count >= minPairCount) this.#heap.push(top.item, count);
        continue;
      }
      if (count < minPairCount) return false;
      this.#merge(top.item);
      return true;
    }
    return false;
  }

  #queueRaised(): void {
    if (!this.#isQueued) {
      this.#pairs.forEach((_, pair) => this.#raised.add(pair));
      this.#isQueued = true;
    }
    for (const pair of this.#raised) {
      if (this.#pairCounts[pair]! > 0) this.#heap.push(pair, this.#pairCounts[pair]!);
    }
    this.#raised.clear();
  }

  #merge(pair: number): void {
    const left = Math.floor(this.#pairs[pair]! / PAIR_BASE);
    const right = this.#pairs[pair]! % PAIR_BASE;
    const piece = this.#pieces[left]! + this.#pieces[right]!.slice(CONTINUATION.length);
    // Two ways of merging may lead to the same piece.
    let merged = this.#ids.get(piece);
    if (merged === undefined) {
      merged = this.#pieces.push(piece) - 1;
      this.#ids.set(piece, merged);
    }
    const words = this.#pairWords[pair]!;
    this.#pairWords[pair] = [];
    for (const word of words) this.#mergeInWord(word, [left, right, merged]);
    this.#pairCounts[pair] = 0;
  }

  /** Rewrites a word in place; a second visit finds nothing to do. */
  #mergeInWord(number: number, [left, right, merged]: readonly [number, number, number]): void {
    const word = this.#words[number]!;
    let length = 0;
    for (let i = 0; i < word.length; i++) {
      if (word[i] !== left || word[i + 1] !== right) {
        word[length++] = word[i]!;
        continue;
      }
      if (length > 0) {
        const before = word[length - 1]!;
        this.#lower(before, left, number);
        this.#raise(before, merged, number);
      }
      if (i + 2 < word.length) {
        const after = word[i + 2]!;
        this.#lower(right, after, number);
        this.#raise(merged, after, number);
      }
      word[length++] = merged;
      i++;
    }
    word.length = length;
  }

  #raise(left: number, right: number, word: number): void {
    if (this.#isSeeded[left] && this.#isSeeded[right]) return;
    const code = left * PAIR_BASE + right;
    let pair = this.#pairNumbers.get(code);
    if (pair === undefined) {
      pair = this.#pairs.push(code) - 1;
      this.#pairNumbers.set(code, pair);
      this.#pairCounts.push(0);
      this.#pairWords.push([]);
    }
    this.#pairCounts[pair]! += this.#wordCounts[word]!;
    const words = this.#pairWords[pair]!;
    if (words.at(-1) !== word) words.push(word);
    if (this.#isQueued) this.#raised.add(pair);
  }

  #lower(left: number, right: number, word: number): void {
    const pair = this.#pairNumbers.get(left * PAIR_BASE + right);
    if (pair !== undefined) this.#pairCounts[pair]! -= this.#wordCounts[word]!;
  }
}
