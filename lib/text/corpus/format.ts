/**
 * The files of a corpus artifact: `train.txt` and `validation.txt`, UTF-8, one sentence
 * a line, a blank line between documents; `corpus.json` with their counts; and in
 * `pieces.txt`, where there is one, pieces for vocabularies that are trained on it.
 *
 * Knows nothing of where text comes from or how it is cut into pieces. Both
 * directions stream, so that a corpus may be larger than memory.
 */
import { ExperimentError } from "../../base/errors.ts";
import { writeAll } from "../../base/files.ts";
import { readLines } from "../sources/lines.ts";
import { countWords } from "../sources/words.ts";

/** A part of a corpus: what is trained on, and what is held out. */
export type Split = "train" | "validation";

/** The splits, in the order in which they are listed. */
export const SPLITS: readonly Split[] = ["train", "validation"];

/** How much text a split holds. */
export interface SplitCounts {
  /** Documents, none of them empty. */
  documents: number;
  /** Sentences, one a line. */
  sentences: number;
  /** Runs without white space. */
  words: number;
  /** Bytes of the split's file. */
  bytes: number;
}

/** The content of `corpus.json`. */
export interface CorpusSummary {
  /** What is trained on. */
  readonly train: SplitCounts;
  /** What is held out. */
  readonly validation: SplitCounts;
}

const BUFFER_BYTES = 1 << 20;

/** Writes a corpus artifact, document by document; `close` must be called. */
export class CorpusWriter {
  readonly #dir: string;
  readonly #files = new Map<Split, SplitFile>();

  /** Makes the files in an existing folder. */
  constructor(dir: string) {
    this.#dir = dir;
    for (const split of SPLITS) this.#files.set(split, new SplitFile(splitPath(dir, split)));
  }

  /**
   * Adds a document, given by its sentences, to a split. One without sentences is passed over.
   *
   * @throws Error when a sentence is empty or has a line break in it, which is a bug of the caller
   */
  async write(split: Split, sentences: readonly string[]): Promise<void> {
    await this.#files.get(split)!.write(sentences);
  }

  /** What a split holds so far. */
  counts(split: Split): Readonly<SplitCounts> {
    return this.#files.get(split)!.counts;
  }

  /**
   * Names pieces that a vocabulary trained on this corpus should have, those inside words
   * with "##".
   */
  async writePieces(pieces: readonly string[]): Promise<void> {
    await Deno.writeTextFile(piecesPath(this.#dir), `${pieces.join("\n")}\n`);
  }

  /**
   * Writes what is buffered and `corpus.json`, closes the files, and returns the counts.
   *
   * @param origin what else `corpus.json` says of the text
   */
  async close(origin: object = {}): Promise<CorpusSummary> {
    for (const file of this.#files.values()) await file.close();
    const summary = {
      train: { ...this.counts("train") },
      validation: { ...this.counts("validation") },
    };
    await Deno.writeTextFile(
      summaryPath(this.#dir),
      `${JSON.stringify({ ...summary, ...origin }, null, 2)}\n`,
    );
    return summary;
  }

  /** Closes the files without finishing the artifact, after an error. */
  abandon(): void {
    for (const file of this.#files.values()) file.abandon();
  }
}

class SplitFile {
  readonly counts: SplitCounts = { documents: 0, sentences: 0, words: 0, bytes: 0 };
  readonly #file: Deno.FsFile;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #encoder = new TextEncoder();
  #used = 0;
  #isOpen = true;

  constructor(path: string) {
    this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
  }

  async write(sentences: readonly string[]): Promise<void> {
    if (sentences.length === 0) return;
    const counts = this.counts;
    for (const sentence of sentences) {
      if (sentence.trim() === "" || /[\r\n]/.test(sentence)) {
        throw new Error(`not one line of text: ${JSON.stringify(sentence.slice(0, 80))}`);
      }
    }
    await this.#put((counts.documents === 0 ? "" : "\n") + sentences.join("\n") + "\n");
    counts.documents++;
    counts.sentences += sentences.length;
    for (const sentence of sentences) counts.words += countWords(sentence);
  }

  async #put(text: string): Promise<void> {
    const bytes = this.#encoder.encode(text);
    this.counts.bytes += bytes.length;
    if (this.#used + bytes.length > this.#buffer.length) await this.#flush();
    if (bytes.length > this.#buffer.length) {
      await writeAll(this.#file, bytes);
    } else {
      this.#buffer.set(bytes, this.#used);
      this.#used += bytes.length;
    }
  }

  async #flush(): Promise<void> {
    await writeAll(this.#file, this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  async close(): Promise<void> {
    await this.#flush();
    this.abandon();
  }

  abandon(): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
  }
}

function splitPath(dir: string, split: Split): string {
  return `${dir}/${split}.txt`;
}

/** Of the counts. */
function summaryPath(dir: string): string {
  return `${dir}/corpus.json`;
}

/** Of the pieces that a corpus may name. */
function piecesPath(dir: string): string {
  return `${dir}/pieces.txt`;
}

/** A corpus artifact, to be read. */
export class Corpus {
  readonly #dir: string;

  private constructor(
    dir: string,
    /** How much text there is. */
    readonly summary: CorpusSummary,
  ) {
    this.#dir = dir;
  }

  /**
   * Opens the artifact in a folder.
   *
   * @throws ExperimentError "text/bad-corpus" when the folder is no corpus artifact
   */
  static async open(dir: string): Promise<Corpus> {
    return new Corpus(dir, await readSummary(summaryPath(dir)));
  }

  /**
   * The documents of a split, each as its sentences.
   *
   * @throws ExperimentError "text/bad-corpus" when there are other documents than the summary says,
   *   and those of `readLines`
   */
  async *documents(split: Split): AsyncGenerator<string[], void> {
    const path = splitPath(this.#dir, split);
    const { documents, sentences } = this.summary[split];
    let foundDocuments = 0, foundSentences = 0;
    for await (const document of readDocuments(path)) {
      foundDocuments++;
      foundSentences += document.length;
      yield document;
    }
    if (foundDocuments === documents && foundSentences === sentences) return;
    throw damaged(
      path,
      `there are ${foundSentences} sentences in ${foundDocuments} documents, where ${sentences} in ` +
        `${documents} belong`,
    );
  }

  /**
   * The pieces that it wants in a vocabulary trained on it, those inside words with "##";
   * none where it names none.
   */
  async pieces(): Promise<string[]> {
    const path = piecesPath(this.#dir), pieces: string[] = [];
    try {
      await Deno.stat(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return pieces;
      throw error;
    }
    for await (const { text } of readLines(path)) if (text !== "") pieces.push(text);
    return pieces;
  }
}

async function* readDocuments(path: string): AsyncGenerator<string[], void> {
  let sentences: string[] = [];
  for await (const { text } of readLines(path)) {
    if (text !== "") {
      sentences.push(text);
    } else if (sentences.length > 0) {
      yield sentences;
      sentences = [];
    }
  }
  if (sentences.length > 0) yield sentences;
}

async function readSummary(file: string): Promise<CorpusSummary> {
  try {
    const summary = JSON.parse(await Deno.readTextFile(file));
    const isWhole = SPLITS.every((split) =>
      [summary[split]?.documents, summary[split]?.sentences, summary[split]?.words].every(
        Number.isInteger,
      )
    );
    if (isWhole) return summary;
    throw new Error("the counts are incomplete");
  } catch (cause) {
    throw damaged(file, "cannot read the counts of the corpus", cause);
  }
}

function damaged(file: string, message: string, cause?: unknown): ExperimentError {
  return new ExperimentError("text/bad-corpus", message, {
    at: { file },
    mend: "remove the artifact that this file belongs to, so that it is made anew",
    cause,
  });
}
