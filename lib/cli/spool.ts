/**
 * Texts that wait in a file until all of them are there: what a table of any length takes,
 * whose widest cell may be its last. The file has no name while it is in use, so that
 * nothing is left of it, however the process ends.
 */
import { writeAll } from "../base/files.ts";
import type { Spool } from "./output.ts";

/** A spool in a file of its own. */
export class FileSpool implements Spool, Disposable {
  readonly #file: Deno.FsFile;
  /** In bytes, one for each text. */
  readonly #lengths: number[] = [];

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /**
   * Makes one.
   *
   * @param path where the file is made and, as soon as it is open, has its name taken
   */
  static async create(path: string): Promise<FileSpool> {
    const file = await Deno.open(path, { read: true, write: true, create: true, truncate: true });
    await Deno.remove(path);
    return new FileSpool(file);
  }

  /** Takes one more. */
  async add(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    await writeAll(this.#file, bytes);
    this.#lengths.push(bytes.length);
  }

  /** All of them, in their order; once, and last. */
  async *read(): AsyncGenerator<string> {
    await this.#file.seek(0, Deno.SeekMode.Start);
    for (const length of this.#lengths) {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const read = await this.#file.read(bytes.subarray(done));
        if (read === null) throw new Error("rows that wait for the last ones have been cut off");
        done += read;
      }
      yield new TextDecoder().decode(bytes);
    }
  }

  /** Lets the file go. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}
