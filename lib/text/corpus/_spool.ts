/**
 * Documents on disk, sorted by a place given as hexadecimal digits: buckets by the
 * first digits, each sorted in memory. The order does not depend on their number.
 */
import { ExperimentError } from "../../base/errors.ts";
import { removeIfThere, writeAll } from "../../base/files.ts";
import { compareText } from "../../base/order.ts";
import { readLines } from "../sources/lines.ts";

/** A document and where it stands in the order. */
export interface PlacedDocument {
  /** Lower-case hexadecimal digits, at least three; the documents are sorted by it. */
  readonly place: string;
  /** Words of all its sentences. */
  readonly words: number;
  /** None of them empty or with a line break. */
  readonly sentences: readonly string[];
}

const BUFFER_CHARACTERS = 1 << 16;

/** A folder of buckets; disposing of it removes them. */
export class Spool implements AsyncDisposable {
  /** How many documents were added. */
  documents = 0;
  /** Words of all documents. */
  words = 0;
  readonly #dir: string;
  readonly #buffers: string[];
  readonly #encoder = new TextEncoder();

  private constructor(dir: string, buckets: number) {
    this.#dir = dir;
    this.#buffers = new Array(buckets).fill("");
  }

  /**
   * Makes a spool in a folder, in place of one that a killed task may have left.
   *
   * @param buckets 1 to 4096
   */
  static async create(
    dir: string,
    { buckets }: { readonly buckets: number },
  ): Promise<Spool> {
    const spoolDir = `${dir}/spool`;
    await removeIfThere(spoolDir);
    await Deno.mkdir(spoolDir, { recursive: true });
    return new Spool(spoolDir, buckets);
  }

  /** Adds a document; sentences have no line breaks. */
  async add({ place, words, sentences }: PlacedDocument): Promise<void> {
    const bucket = Math.floor(parseInt(place.slice(0, 3), 16) / 4096 * this.#buffers.length);
    this.#buffers[bucket] += `${place} ${words}\n${sentences.join("\n")}\n\n`;
    this.documents++;
    this.words += words;
    if (this.#buffers[bucket]!.length > BUFFER_CHARACTERS) await this.#flush(bucket);
  }

  /**
   * All documents by place; those with one place in the order they were added.
   *
   * @throws ExperimentError "text/lost-text" when other documents come back than were added
   */
  async *inOrder(): AsyncGenerator<PlacedDocument, void> {
    let documents = 0, words = 0;
    for (let bucket = 0; bucket < this.#buffers.length; bucket++) {
      await this.#flush(bucket);
      const found = await this.#read(bucket);
      found.sort((a, b) => compareText(a.place, b.place));
      for (const document of found) {
        documents++;
        words += document.words;
        yield document;
      }
    }
    if (documents === this.documents && words === this.words) return;
    throw new ExperimentError(
      "text/lost-text",
      `${this.documents} documents were put aside, but ${documents} came back`,
      { at: { file: this.#dir }, mend: "run again; if it happens again, check the disk" },
    );
  }

  /** Removes the buckets. */
  async [Symbol.asyncDispose](): Promise<void> {
    await removeIfThere(this.#dir);
  }

  async #flush(bucket: number): Promise<void> {
    using file = await Deno.open(this.#path(bucket), { append: true, create: true });
    await writeAll(file, this.#encoder.encode(this.#buffers[bucket]!));
    this.#buffers[bucket] = "";
  }

  async #read(bucket: number): Promise<PlacedDocument[]> {
    const documents: PlacedDocument[] = [];
    let lines: string[] = [];
    for await (const { text } of readLines(this.#path(bucket))) {
      if (text !== "") {
        lines.push(text);
        continue;
      }
      const [head, ...sentences] = lines;
      const [place, words] = head!.split(" ");
      documents.push({ place: place!, words: Number(words), sentences });
      lines = [];
    }
    return documents;
  }

  #path(bucket: number): string {
    return `${this.#dir}/${bucket}.txt`;
  }
}
