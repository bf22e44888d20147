/**
 * Where the documents and sentences of a shards artifact's streams end, read by position.
 *
 * `train.sentences.bin` holds the pieces of each sentence as little-endian uint32;
 * `train.documents.bin` two float64 for each document: how many sentences are before it, and
 * where in the stream it begins. Sentences of no piece, and documents of none but those, are
 * in neither. Reading takes the memory of the documents that are asked for: 4 bytes a sentence.
 */
import { ExperimentError } from "../../base/errors.ts";
import { writeAll } from "../../base/files.ts";
import type { Split } from "../corpus/format.ts";

/** A document in a stream. */
export interface DocumentPlace {
  /** The place of its first piece. */
  readonly start: number;
  /** The pieces of each of its sentences, which follow one another; at least one. */
  readonly sentences: Uint32Array;
}

const SENTENCE_BYTES = 4;
const DOCUMENT_BYTES = 16;
const BUFFER_SENTENCES = 1 << 16;
const BUFFER_DOCUMENTS = 1 << 12;

/** Writes the index of a split; `close` must be called. */
export class SentenceIndexWriter {
  readonly #sentences: NumberFile<Uint32Array<ArrayBuffer>>;
  readonly #documents: NumberFile<Float64Array<ArrayBuffer>>;
  #count = 0;
  #inDocument = 0;

  /** Makes the files of a split in an existing folder. */
  constructor(dir: string, split: Split) {
    this.#sentences = new NumberFile(sentencesPath(dir, split), new Uint32Array(BUFFER_SENTENCES));
    const buffer = new Float64Array(2 * BUFFER_DOCUMENTS);
    this.#documents = new NumberFile(documentsPath(dir, split), buffer);
  }

  /** Adds a sentence of the current document. */
  async addSentence(pieces: number): Promise<void> {
    if (pieces === 0) return;
    await this.#sentences.write(pieces);
    this.#inDocument++;
  }

  /** Ends the current document, which began at a place of the stream. */
  async endDocument(start: number): Promise<void> {
    if (this.#inDocument === 0) return;
    await this.#documents.write(this.#count);
    await this.#documents.write(start);
    this.#count += this.#inDocument;
    this.#inDocument = 0;
  }

  /** Writes what is buffered and closes the files. */
  async close(): Promise<void> {
    try {
      await this.#sentences.close();
    } finally {
      await this.#documents.close();
    }
  }
}

/** A file of numbers of one width, written through a buffer. */
class NumberFile<Buffer extends Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>> {
  readonly #file: Deno.FsFile;
  #used = 0;

  constructor(path: string, readonly buffer: Buffer) {
    this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
  }

  async write(value: number): Promise<void> {
    if (this.#used === this.buffer.length) await this.#flush();
    this.buffer[this.#used++] = value;
  }

  async close(): Promise<void> {
    try {
      await this.#flush();
    } finally {
      this.#file.close();
    }
  }

  async #flush(): Promise<void> {
    const { buffer, BYTES_PER_ELEMENT } = this.buffer;
    await writeAll(this.#file, new Uint8Array(buffer, 0, this.#used * BYTES_PER_ELEMENT));
    this.#used = 0;
  }
}

function sentencesPath(dir: string, split: Split): string {
  return `${dir}/${split}.sentences.bin`;
}

function documentsPath(dir: string, split: Split): string {
  return `${dir}/${split}.documents.bin`;
}

/** The index of a split, or of its first pieces. */
export class SentenceIndex implements Disposable {
  readonly #sentences: Deno.FsFile;
  readonly #documents: Deno.FsFile;
  readonly #dir: string;
  readonly #split: Split;
  readonly #limit: number;
  /** Sentences of the whole split. */
  #total = 0;
  /** Documents of the whole split. */
  #all = 0;
  #count = 0;

  private constructor(
    files: { readonly sentences: Deno.FsFile; readonly documents: Deno.FsFile },
    { dir, split, limitTokens }: {
      readonly dir: string;
      readonly split: Split;
      readonly limitTokens: number | undefined;
    },
  ) {
    this.#sentences = files.sentences;
    this.#documents = files.documents;
    this.#dir = dir;
    this.#split = split;
    this.#limit = limitTokens ?? Infinity;
  }

  /**
   * Opens the index of a split, to be closed by the caller.
   *
   * @param options limitTokens: only sentences that end within so many pieces of the stream
   * @throws ExperimentError "text/bad-shards" when there is none, or its files are damaged
   */
  static async open(
    dir: string,
    split: Split,
    { limitTokens }: { readonly limitTokens?: number | undefined } = {},
  ): Promise<SentenceIndex> {
    const sentences = await openFile(sentencesPath(dir, split));
    let documents: Deno.FsFile;
    try {
      documents = await openFile(documentsPath(dir, split));
    } catch (error) {
      sentences.close();
      throw error;
    }
    const index = new SentenceIndex({ sentences, documents }, { dir, split, limitTokens });
    try {
      index.#measure();
    } catch (error) {
      index.close();
      throw error;
    }
    return index;
  }

  /** Documents of at least one sentence. */
  get documents(): number {
    return this.#count;
  }

  /** The documents [from, to), in their order. */
  read(from: number, to: number): readonly DocumentPlace[] {
    if (!(from >= 0 && from <= to && to <= this.#count)) {
      throw new RangeError(`documents [${from}, ${to}) are not within [0, ${this.#count})`);
    }
    const places = this.#places(from, to), count = to - from;
    const [first, end] = [places[0]!, places[2 * count]!];
    if (!(first <= end && end <= this.#total)) {
      throw damaged(sentencesPath(this.#dir, this.#split), "the index of sentences is cut off");
    }
    const lengths = new Uint32Array(this.#bytes("sentences", {
      start: first * SENTENCE_BYTES,
      count: (end - first) * SENTENCE_BYTES,
    }));
    return Array.from({ length: count }, (_, i) => {
      const start = places[2 * i + 1]!;
      const own = lengths.subarray(places[2 * i]! - first, places[2 * i + 2]! - first);
      return { start, sentences: from + i === this.#count - 1 ? this.#within(start, own) : own };
    });
  }

  /** Closes the files. */
  close(): void {
    this.#sentences.close();
    this.#documents.close();
  }

  /** Closes the files. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Counts the documents that have a sentence within the limit. */
  #measure(): void {
    this.#total = this.#sentences.statSync().size / SENTENCE_BYTES;
    const all = this.#all = this.#documents.statSync().size / DOCUMENT_BYTES;
    if (!Number.isInteger(this.#total) || !Number.isInteger(all)) {
      throw damaged(documentsPath(this.#dir, this.#split), "the index of sentences is cut off");
    }
    this.#count = all;
    let [low, high] = [0, all];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#places(middle, middle + 1)[1]! < this.#limit) low = middle + 1;
      else high = middle;
    }
    this.#count = low;
    while (this.#count > 0) {
      if (this.read(this.#count - 1, this.#count)[0]!.sentences.length > 0) break;
      this.#count--;
    }
  }

  /** The sentences of a document that end within the limit. */
  #within(start: number, sentences: Uint32Array): Uint32Array {
    let end = start, count = 0;
    while (count < sentences.length && end + sentences[count]! <= this.#limit) {
      end += sentences[count++]!;
    }
    return sentences.subarray(0, count);
  }

  /** Sentences before and start of each document [from, to), then the sentences before `to`. */
  #places(from: number, to: number): Float64Array {
    const numbers = new Float64Array(2 * (to - from) + 1);
    const bytes = this.#bytes("documents", {
      start: from * DOCUMENT_BYTES,
      count: (Math.min(to + 1, this.#all) - from) * DOCUMENT_BYTES,
    });
    numbers.set(new Float64Array(bytes).subarray(0, numbers.length));
    if (to === this.#all) numbers[2 * (to - from)] = this.#total;
    return numbers;
  }

  #bytes(
    which: "sentences" | "documents",
    { start, count }: { readonly start: number; readonly count: number },
  ): ArrayBuffer {
    const file = which === "sentences" ? this.#sentences : this.#documents;
    const bytes = new Uint8Array(count);
    file.seekSync(start, Deno.SeekMode.Start);
    for (let done = 0; done < count;) {
      const got = file.readSync(bytes.subarray(done));
      if (got === null) {
        const path = which === "sentences" ? sentencesPath : documentsPath;
        throw damaged(path(this.#dir, this.#split), "the index of sentences is cut off");
      }
      done += got;
    }
    return bytes.buffer;
  }
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (cause) {
    throw damaged(path, "the shards do not say where their sentences end", cause);
  }
}

function damaged(file: string, message: string, cause?: unknown): ExperimentError {
  return new ExperimentError("text/bad-shards", message, {
    at: { file },
    mend: "remove the artifact that this file belongs to, so that it is made anew",
    cause,
  });
}
