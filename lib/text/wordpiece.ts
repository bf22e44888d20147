/**
 * WordPiece: text into the ids of a vocabulary, as cased BERT does it.
 *
 * Each word of the basic tokenisation is cut greedily into the longest pieces
 * that the vocabulary has; pieces inside a word are written with "##". Training
 * a vocabulary is another file's work.
 */
import { ExperimentError } from "../base/errors.ts";
import { forEachWord } from "./basic_tokens.ts";

/** The special pieces, in the order in which a trained vocabulary begins. */
export const SPECIAL_PIECES: readonly string[] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/** A word of more characters is [UNK]. */
export const MAX_WORD_CHARACTERS = 100;

/** Words remembered with their pieces; then the memory is emptied. */
const CACHE_WORDS = 1 << 17;

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
  readonly #initial = new Map<string, number>();
  readonly #inside = new Map<string, number>();
  readonly #longest: number;
  readonly #cache = new Map<string, number | readonly number[]>();
  #buffer = new Int32Array(1024);

  /**
   * Takes the pieces by id; [PAD], [UNK], [CLS], [SEP] and [MASK] must be among them.
   *
   * @param file where the pieces stand, for messages
   * @throws ExperimentError "text/bad-vocab" when one of those is missing or a piece occurs twice
   */
  constructor(pieces: readonly string[], file?: string) {
    this.pieces = pieces;
    let longest = 1;
    pieces.forEach((piece, id) => {
      const before = this.#ids.get(piece);
      if (before !== undefined) throw duplicate(piece, [before, id], file);
      this.#ids.set(piece, id);
      const isInside = piece.startsWith(CONTINUATION) && piece.length > CONTINUATION.length;
      const content = isInside ? piece.slice(CONTINUATION.length) : piece;
      (isInside ? this.#inside : this.#initial).set(content, id);
      longest = Math.max(longest, content.length);
    });
    this.#longest = longest;
    const special = (piece: string) => this.idOf(piece) ?? fail(missingSpecial(piece, file));
    this.padId = special("[PAD]");
    this.unkId = special("[UNK]");
    this.clsId = special("[CLS]");
    this.sepId = special("[SEP]");
    this.maskId = special("[MASK]");
  }

  /**
   * Reads a vocabulary: UTF-8, one piece a line, the line number from 0 is the id.
   *
   * @throws ExperimentError "text/missing-file", or "text/bad-vocab" naming the line
   */
  static async load(path: string): Promise<WordPiece> {
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(path));
    } catch (cause) {
      if (cause instanceof TypeError) {
        throw new ExperimentError("text/bad-utf8", "the vocabulary is not valid UTF-8", {
          at: { file: path },
          mend: "give a vocab.txt in UTF-8",
          cause,
        });
      }
      throw new ExperimentError("text/missing-file", "cannot read the vocabulary", {
        at: { file: path },
        mend: "check the path, and that the file may be read",
        cause,
      });
    }
    const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
    if (lines.at(-1) === "") lines.pop();
    return new WordPiece(lines, path);
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
    let count = 0;
    forEachWord(text, (word) => {
      const ids = this.#cache.get(word) ?? this.#remember(word);
      const needed = count + (typeof ids === "number" ? 1 : ids.length);
      if (needed > this.#buffer.length) this.#grow(needed);
      if (typeof ids === "number") this.#buffer[count] = ids;
      else this.#buffer.set(ids, count);
      count = needed;
    });
    return this.#buffer.slice(0, count);
  }

  /** The ids of one word of the basic tokenisation. */
  encodeWord(word: string): readonly number[] {
    const ids = this.#cache.get(word) ?? this.#remember(word);
    return typeof ids === "number" ? [ids] : ids;
  }

  #grow(needed: number): void {
    const larger = new Int32Array(2 ** Math.ceil(Math.log2(needed)));
    larger.set(this.#buffer);
    this.#buffer = larger;
  }

  #remember(word: string): number | readonly number[] {
    const pieces = this.#match(word);
    const ids = pieces.length === 1 ? pieces[0]! : pieces;
    if (this.#cache.size >= CACHE_WORDS) this.#cache.clear();
    this.#cache.set(word, ids);
    return ids;
  }

  /** Greedy longest match; a word with a part that no piece fits is [UNK] as a whole. */
  #match(word: string): readonly number[] {
    if (word.length > MAX_WORD_CHARACTERS && [...word].length > MAX_WORD_CHARACTERS) {
      return [this.unkId];
    }
    const ids: number[] = [];
    for (let start = 0; start < word.length;) {
      const pieces = start === 0 ? this.#initial : this.#inside;
      let end = Math.min(word.length, start + this.#longest);
      let id = pieces.get(word.slice(start, end));
      while (id === undefined && --end > start) id = pieces.get(word.slice(start, end));
      if (id === undefined) return [this.unkId];
      ids.push(id);
      start = end;
    }
    return ids;
  }
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
