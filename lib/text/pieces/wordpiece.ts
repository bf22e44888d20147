/**
 * WordPiece: text into the ids of a vocabulary, as cased BERT does it.
 *
 * Each word of the basic tokenisation is cut greedily into the longest pieces
 * that the vocabulary has; pieces inside a word are written with "##". Training
 * a vocabulary is another file's work.
 */
import { ExperimentError } from "../../base/errors.ts";
import { readLines } from "../sources/lines.ts";
import { PieceTrie } from "./piece_trie.ts";
import { forEachWord } from "./basic_tokens.ts";

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
const MAX_WORD_CHARACTERS = 100;

/** Whether a word is [UNK] for its length, whatever the vocabulary. */
export function isTooLong(word: string): boolean {
  return word.length > MAX_WORD_CHARACTERS && [...word].length > MAX_WORD_CHARACTERS;
}

/** What marks a piece inside a word. */
export const CONTINUATION = "##";

/** A vocabulary that encodes text. */
export class WordPiece {
  /** By id. */
  readonly pieces: readonly string[];
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

  /**
   * Takes the pieces by id; [PAD], [UNK], [CLS], [SEP] and [MASK] must be among them.
   *
   * @param file where the pieces stand, for messages
   * @throws ExperimentError "text/bad-vocab" when one of those is missing or a piece occurs twice
   */
  constructor(pieces: readonly string[], file?: string) {
    this.pieces = pieces;
    pieces.forEach((piece, id) => {
      const before = this.#ids.get(piece);
      if (before !== undefined) throw duplicate(piece, [before, id], file);
      this.#ids.set(piece, id);
      const isInside = piece.startsWith(CONTINUATION) && piece.length > CONTINUATION.length;
      if (isInside) this.#inside.add(piece.slice(CONTINUATION.length), id);
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
  static async load(path: string): Promise<WordPiece> {
    const pieces: string[] = [];
    for await (const { text } of readLines(path)) pieces.push(text);
    return new WordPiece(pieces, path);
  }

  /** How many pieces there are; ids are below it. */
  get size(): number {
    return this.pieces.length;
  }

  /** The id of a piece, `undefined` if the vocabulary has it not. */
  idOf(piece: string): number | undefined {
    return this.#ids.get(piece);
  }

  /** The ids of a text's pieces, without [CLS] and [SEP]; special pieces in it are plain text. */
  encode(text: string): Int32Array {
    // A word has at most as many pieces as characters.
    if (text.length > this.#buffer.length) this.#buffer = new Int32Array(2 * text.length);
    let count = 0;
    forEachWord(text, (word) => void (count = this.#encodeWord(word, count)));
    return this.#buffer.slice(0, count);
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
        return at + 1;
      }
      buffer[count++] = id;
      start = pieces.end;
    }
    return count;
  }
}

/**
 * Refuses a vocabulary that was made for lower-cased text: text keeps its capitals here, and every
 * word that has one would be [UNK].
 *
 * @param file where the vocabulary stands
 * @throws ExperimentError "text/bad-vocab" when it has lower-case letters and not one capital
 */
export function refuseUncased({ pieces }: WordPiece, file: string): void {
  const plain = pieces.filter((piece) =>
    !SPECIAL_PIECES.includes(piece) && !/^\[.*\]$/.test(piece)
  );
  const has = (letters: RegExp) => plain.some((piece) => letters.test(piece));
  if (!has(/[a-z]/) || has(/[A-Z]/)) return;
  throw new ExperimentError(
    "text/bad-vocab",
    "the vocabulary has no capital letter: it is uncased, and only cased ones are supported",
    { at: { file }, mend: "give a cased vocabulary, as bert-base-cased has, or train one" },
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
