/**
 * WordPiece: text into the ids of a vocabulary, as BERT does it, cased or uncased.
 *
 * Each word of the basic tokenisation is cut greedily into the longest pieces
 * that the vocabulary has; pieces inside a word are written with "##". Training
 * a vocabulary is another file's work.
 */
import { ExperimentError } from "../../base/errors.ts";
import { readLines } from "../sources/lines.ts";
import { PieceTrie } from "./piece_trie.ts";
import { alignText } from "./aligned_text.ts";
import { forEachWord } from "./basic_tokens.ts";
import { fold } from "./fold.ts";

/** The piece that fills rows up. */
export const PAD_PIECE = "[PAD]";

/** The special pieces, in the order in which a trained vocabulary begins. */
export const SPECIAL_PIECES: readonly string[] = [
  PAD_PIECE,
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
];

/** A word of more characters, code points that is, is [UNK]. */
export const MAX_WORD_CHARACTERS = 100;

/** Whether a word is [UNK] for its length, whatever the vocabulary. */
export function isTooLong(word: string): boolean {
  return word.length > MAX_WORD_CHARACTERS && [...word].length > MAX_WORD_CHARACTERS;
}

/** What marks a piece inside a word. */
export const CONTINUATION = "##";

function isContinuation(piece: string): boolean {
  return piece.startsWith(CONTINUATION) && piece.length > CONTINUATION.length;
}

/** Pieces, and where they stand in the text that they were cut from. */
export interface PlacedPieces {
  /** As `WordPiece.encode` gives them. */
  readonly ids: Int32Array;
  /** [pieces], where the piece's first character begins, in UTF-16 code units of the text. */
  readonly starts: Int32Array;
  /** [pieces], where its last character ends. */
  readonly ends: Int32Array;
  /** [pieces], which word of the basic tokenisation it is of, from 0. */
  readonly words: Int32Array;
}

/** What the special pieces' names mean where they stand in a text: text, or the pieces. */
export interface SpecialsInText {
  /** Whether "[MASK]" in a text is the piece of that name; absent: it is text as any other. */
  readonly specialPieces?: boolean | undefined;
}

/** What parts a text at the names of special pieces, these kept at odd places. */
const SPECIAL_IN_TEXT = new RegExp(
  `(${SPECIAL_PIECES.map((each) => each.replace(/[[\]]/g, "\\$&")).join("|")})`,
);

/** A vocabulary that encodes text. */
export class WordPiece {
  /** By id. */
  readonly pieces: readonly string[];
  /** Whether text is lower-cased and loses its accents before it is cut. */
  readonly lowercase: boolean;
  /** The id of [PAD]. */
  readonly padId: number;
  /** The id of [UNK]. */
  readonly unkId: number;
  /** The id of [CLS]. */
  readonly clsId: number;
  /** The id of [SEP]. */
  readonly sepId: number;
  /** The id of [MASK]. */
  readonly maskId: number;
  readonly #ids = new Map<string, number>();
  readonly #initial = new PieceTrie();
  readonly #inside = new PieceTrie();
  #buffer = new Int32Array(1024);
  /** Where each piece in the buffer ends, in its word. */
  #stops = new Int32Array(1024);

  /**
   * Takes the pieces by id; [PAD], [UNK], [CLS], [SEP] and [MASK] must be among them.
   *
   * @param options file: where the pieces stand, for messages; lowercase: whether they are of
   *   lower-cased text, absent: no
   * @throws ExperimentError "text/bad-vocab" when one of those is missing or a piece occurs twice
   */
  constructor(
    pieces: readonly string[],
    { file, lowercase = false }: { readonly file?: string; readonly lowercase?: boolean } = {},
  ) {
    this.pieces = pieces;
    this.lowercase = lowercase;
    pieces.forEach((piece, id) => {
      const before = this.#ids.get(piece);
      if (before !== undefined) throw duplicate(piece, [before, id], file);
      this.#ids.set(piece, id);
      if (isContinuation(piece)) this.#inside.add(piece.slice(CONTINUATION.length), id);
      else this.#initial.add(piece, id);
    });
    const special = (piece: string) => this.idOf(piece) ?? fail(missingSpecial(piece, file));
    this.padId = special(PAD_PIECE);
    this.unkId = special("[UNK]");
    this.clsId = special("[CLS]");
    this.sepId = special("[SEP]");
    this.maskId = special("[MASK]");
  }

  /**
   * Reads a vocabulary: one piece a line, the line number from 0 is the id.
   *
   * @throws ExperimentError "text/bad-vocab" naming the line, and those of `readLines`
   */
  static async load(
    path: string,
    options: { readonly lowercase?: boolean } = {},
  ): Promise<WordPiece> {
    const pieces: string[] = [];
    for await (const { text } of readLines(path)) pieces.push(text);
    return new WordPiece(pieces, { file: path, ...options });
  }

  /** Whether a piece goes on with a word, being written with "##". */
  continues(id: number): boolean {
    const piece = this.pieces[id];
    return piece !== undefined && isContinuation(piece);
  }

  /** How many pieces there are; ids are below it. */
  get size(): number {
    return this.pieces.length;
  }

  /** The id of a piece, `undefined` if the vocabulary has it not. */
  idOf(piece: string): number | undefined {
    return this.#ids.get(piece);
  }

  /**
   * The ids of a text's pieces, without [CLS] and [SEP].
   *
   * @param options specialPieces: whether the names of special pieces in it mean these
   */
  encode(text: string, { specialPieces = false }: SpecialsInText = {}): Int32Array {
    if (specialPieces) {
      const parts = text.split(SPECIAL_IN_TEXT);
      if (parts.length > 1) {
        return Int32Array.from(
          parts.flatMap((part, i) => i % 2 === 0 ? [...this.encode(part)] : [this.idOf(part)!]),
        );
      }
    }
    const seen = this.lowercase ? fold(text) : text;
    this.#reserve(seen.length);
    let count = 0;
    forEachWord(seen, (word) => void (count = this.#encodeWord(word, count)));
    return this.#buffer.slice(0, count);
  }

  /**
   * As `encode`, with the place of every piece. A word that is [UNK] has the place of the word.
   *
   * Places count what was given: a piece of "étude" without its accent covers the "é".
   */
  encodePlaced(text: string): PlacedPieces {
    const aligned = alignText(text, this);
    this.#reserve(aligned.text.length);
    const starts: number[] = [], ends: number[] = [], words: number[] = [];
    let count = 0, wordCount = 0;
    forEachWord(aligned.text, (word, start) => {
      const next = this.#encodeWord(word, count);
      for (let from = 0; count < next; count++) {
        const to = this.#stops[count]!;
        starts.push(aligned.starts[start + from]!);
        ends.push(aligned.ends[start + to - 1]!);
        words.push(wordCount);
        from = to;
      }
      wordCount++;
    });
    return {
      ids: this.#buffer.slice(0, count),
      starts: Int32Array.from(starts),
      ends: Int32Array.from(ends),
      words: Int32Array.from(words),
    };
  }

  /** Makes room for a text: a word has at most as many pieces as characters. */
  #reserve(characters: number): void {
    if (characters <= this.#buffer.length) return;
    this.#buffer = new Int32Array(2 * characters);
    this.#stops = new Int32Array(2 * characters);
  }

  /**
   * Puts a word's ids into the buffer and returns where they end: greedy longest match; a word with
   * a part that no piece fits is [UNK] as a whole.
   */
  #encodeWord(word: string, at: number): number {
    const buffer = this.#buffer;
    let count = at;
    const isLong = isTooLong(word);
    for (let start = 0; start < word.length;) {
      const pieces = start === 0 ? this.#initial : this.#inside;
      const id = isLong ? -1 : pieces.longest(word, start);
      if (id < 0) {
        buffer[at] = this.unkId;
        this.#stops[at] = word.length;
        return at + 1;
      }
      start = pieces.end;
      this.#stops[count] = start;
      buffer[count++] = id;
    }
    return count;
  }
}

/**
 * Refuses a vocabulary that was made for lower-cased text and is to be used for text that keeps
 * its capitals: every word that has one would be [UNK].
 *
 * @param file where the vocabulary stands
 * @throws ExperimentError "text/bad-vocab" when it has lower-case letters and not one capital
 */
export function refuseUncased({ pieces, lowercase }: WordPiece, file: string): void {
  if (lowercase) return;
  const plain = pieces.filter((piece) =>
    !SPECIAL_PIECES.includes(piece) && !/^\[.*\]$/.test(piece)
  );
  const has = (letters: RegExp) => plain.some((piece) => letters.test(piece));
  if (!has(/[a-z]/) || has(/[A-Z]/)) return;
  throw new ExperimentError(
    "text/bad-vocab",
    "the vocabulary has no capital letter, but text is to keep its capitals",
    { at: { file }, mend: "say lowercase: true, or give a cased vocabulary" },
  );
}

function fail(error: Error): never {
  throw error;
}

function duplicate(
  piece: string,
  [before, id]: readonly [number, number],
  file?: string,
): ExperimentError {
  return new ExperimentError(
    "text/bad-vocab",
    `the piece ${JSON.stringify(piece)} occurs twice, as ids ${before} and ${id}`,
    {
      at: file === undefined ? undefined : { file, line: id + 1 },
      mend: "keep one piece a line, each once",
    },
  );
}

function missingSpecial(piece: string, file?: string): ExperimentError {
  return new ExperimentError("text/bad-vocab", `the vocabulary has no ${piece}`, {
    at: file === undefined ? undefined : { file },
    mend: `give a WordPiece vocab.txt with ${SPECIAL_PIECES.join(", ")}`,
  });
}
