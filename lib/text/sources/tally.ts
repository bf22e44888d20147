/**
 * What was read from a source and what became of it: kept with the corpus, and
 * compared, so that text cannot get lost between the file and the corpus unseen.
 */
import type { OnBytes } from "./bytes.ts";
import { type Line, readLines } from "./lines.ts";

/** Counts of what was read. */
export class Tally {
  /** Files, wholly or in part. */
  files = 0;
  /** Of the files as they are, before decompression. */
  bytes = 0;
  /** Lines, blank ones counted. */
  lines = 0;
  /** Lines of white space. */
  blankLines = 0;
  /** Documents with text; the parts of one that was split count each. */
  documents = 0;
  /** Documents without any text, which no corpus holds. */
  emptyDocuments = 0;
  /** Sentences of the documents. */
  sentences = 0;
  /** Words of the documents. */
  words = 0;
  readonly #onBytes: OnBytes | undefined;

  /** Begins at zero; `onBytes` is told of bytes as they are read. */
  constructor(onBytes?: OnBytes) {
    this.#onBytes = onBytes;
  }

  /** The lines of a file, which counts as read. */
  async *readLines(path: string): AsyncGenerator<Line, void> {
    this.files++;
    const onBytes = (bytes: number) => {
      this.bytes += bytes;
      this.#onBytes?.(bytes);
    };
    for await (const line of readLines(path, onBytes)) {
      this.lines++;
      if (line.text.trim() === "") this.blankLines++;
      yield line;
    }
  }
}
