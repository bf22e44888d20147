/**
 * The names of the synthetic world: a stem that any class may have, and a suffix
 * that belongs to one class.
 *
 * Stems and suffixes are made of the same random syllables, so that no spelling
 * gives a class away: only text in which a suffix stands beside the cues of its
 * class tells what names with that suffix are.
 */
import { Stream } from "../../base/rng.ts";
import { NAME_CLASSES, type NameClass } from "./lexicon.ts";
import { Weighted } from "./weighted.ts";

/** A name of the world. */
export interface Name {
  /** One word, or two of which the first is a bare stem. */
  readonly words: readonly string[];
  /** What bears the name. */
  readonly nameClass: NameClass;
  /** How the last word ends; its class has it, no other has. */
  readonly suffix: string;
}

/** How many names there are. */
export interface NameOptions {
  /** Stems, shared by all classes; at most 1,000. */
  readonly stems: number;
  /** Suffixes of each class; at most 60. */
  readonly suffixes: number;
  /** Names that end in a suffix; at most as many as there are stems. */
  readonly namesPerSuffix: number;
}

/** Stems, suffixes and names. */
export interface NameBook {
  /** Each of two syllables. */
  readonly stems: readonly string[];
  /** By class, the most frequent first, each of three letters. */
  readonly suffixes: Readonly<Record<NameClass, readonly string[]>>;
  /** By suffix, the most frequent first. */
  readonly names: ReadonlyMap<string, Weighted<Name>>;
  /** By class, draws suffixes as running text has them. */
  readonly suffixDraws: Readonly<Record<NameClass, Weighted<string>>>;
}

const CONSONANTS = "bdfgklmnprstvz";
const VOWELS = "aeiou";
const SUFFIX_SKEW = 0.7;
const NAME_SKEW = 1;
const TWO_WORDS_SHARE = 0.1;

/**
 * Draws the names of a world.
 *
 * @param options beginsWord: whether a word of the lexicon begins with these letters, as no
 *   stem may, or a name would be cut into other pieces
 * @throws Error when there are too few syllables, which is a bug of the caller
 */
export function drawNames(
  seed: number,
  options: NameOptions & { readonly beginsWord: (letters: string) => boolean },
): NameBook {
  const stream = new Stream(seed, "synthetic/names");
  const letter = (letters: string) => letters[stream.below(letters.length)]!;
  const syllable = () => letter(CONSONANTS) + letter(VOWELS);
  const stems = distinct(options.stems, () => syllable() + syllable(), options.beginsWord);
  const all = distinct(
    options.suffixes * NAME_CLASSES.length,
    () => syllable() + letter(CONSONANTS),
  );
  const suffixes: Partial<Record<NameClass, string[]>> = {};
  const suffixDraws: Partial<Record<NameClass, Weighted<string>>> = {};
  const names = new Map<string, Weighted<Name>>();
  NAME_CLASSES.forEach((nameClass, index) => {
    const own = all.slice(index * options.suffixes, (index + 1) * options.suffixes);
    suffixes[nameClass] = own;
    suffixDraws[nameClass] = new Weighted(own, SUFFIX_SKEW);
    for (const suffix of own) {
      const chosen = stream.shuffle([...stems]).slice(0, options.namesPerSuffix);
      const made = chosen.map((stem): Name => {
        const isLong = stream.float() < TWO_WORDS_SHARE;
        const before = stems[stream.below(stems.length)]!;
        return { words: isLong ? [before, stem + suffix] : [stem + suffix], nameClass, suffix };
      });
      names.set(suffix, new Weighted(made, NAME_SKEW));
    }
  });
  return {
    stems,
    suffixes: suffixes as NameBook["suffixes"],
    names,
    suffixDraws: suffixDraws as NameBook["suffixDraws"],
  };
}

/** A name of a class, as often as running text has it. */
export function drawName(book: NameBook, nameClass: NameClass, stream: Stream): Name {
  return book.names.get(book.suffixDraws[nameClass].draw(stream))!.draw(stream);
}

function distinct(
  count: number,
  make: () => string,
  isRefused: (text: string) => boolean = () => false,
): string[] {
  const made = new Set<string>();
  for (let tries = 0; made.size < count; tries++) {
    if (tries > 1000 * count) throw new Error(`there are fewer than ${count} distinct syllables`);
    const text = make();
    if (!isRefused(text)) made.add(text);
  }
  return [...made];
}
