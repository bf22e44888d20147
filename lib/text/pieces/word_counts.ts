/**
 * How often each word of a text occurs: what a vocabulary is trained on.
 *
 * Bounded: when too many distinct words have been met, the rarest are forgotten
 * (their later occurrences count from zero again), in the same way on every run.
 */
import { forEachWord } from "./basic_tokens.ts";
import { fold } from "./fold.ts";
import { isTooLong } from "./wordpiece.ts";

/** Distinct words held at most: about 400 MB. */
const MAX_WORDS = 1 << 22;

/** Counts words of the basic tokenisation, text by text. */
export class WordCounts {
  readonly #counts = new Map<string, number>();
  readonly #maxWords: number;
  readonly #lowercase: boolean;
  #leastKept = 1;

  /** Words that are [UNK] for their length, and so not counted. */
  tooLong = 0;
  /** Occurrences of words that were forgotten, the rarest. */
  forgotten = 0;

  /** Begins with no words; `maxWords` bounds the distinct ones, `lowercase` folds all text. */
  constructor(options: { readonly maxWords?: number; readonly lowercase?: boolean } = {}) {
    this.#lowercase = options.lowercase ?? false;
    this.#maxWords = options.maxWords ?? MAX_WORDS;
  }

  /** The counts so far; words that can only be [UNK] for their length are left out. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Counts the words of a text. */
  add(text: string): void {
    forEachWord(this.#lowercase ? fold(text) : text, (word) => {
      if (isTooLong(word)) {
        this.tooLong++;
        return;
      }
      this.#counts.set(word, (this.#counts.get(word) ?? 0) + 1);
    });
    while (this.#counts.size > this.#maxWords) this.#forgetRarest();
  }

  #forgetRarest(): void {
    for (const [word, count] of this.#counts) {
      if (count > this.#leastKept) continue;
      this.#counts.delete(word);
      this.forgotten += count;
    }
    if (this.#counts.size > this.#maxWords / 2) this.#leastKept++;
  }
}
