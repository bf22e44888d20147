/**
 * The bytes of a text file after decompression, pulled from it chunk by chunk.
 *
 * Nothing flows before somebody asks for it, so that no listener and no slow start
 * can lose a part; and when a file is done, the bytes that went into the decoder
 * are compared with the size of the file. What is damaged, cut off, no text, no
 * regular file or no longer what it was is refused with the file and the line.
 *
 * Decoders are loaded with the first file that needs them: a plan, which decodes nothing,
 * would take longer to load them than its work.
 */
import { ExperimentError } from "../../base/errors.ts";
import { nonFile } from "../../base/files.ts";
import { type Compression, compressionOf, MAGIC_BYTES, noTextOf, UnreadArchive } from "./magic.ts";

/** Tells how many bytes of a file have been read since it was last called, before decompression. */
export type OnBytes = (bytes: number) => void;

const CHUNK_BYTES = 1 << 18;

/**
 * The bytes of a file, decompressed if its content is gzip or zstd. A chunk belongs to who gets it.
 *
 * @param options line: the line that is being read, for messages
 * @throws ExperimentError "text/missing-file", "text/not-a-file", "text/not-text",
 *   "text/bad-archive" or "text/changed-file"
 */
export async function* readBytes(
  path: string,
  options: { readonly line: () => number; readonly onBytes?: OnBytes | undefined },
): AsyncGenerator<Uint8Array, void> {
  using file = await RawFile.open(path, options.onBytes);
  const head = await file.head();
  const compression = compressionOf(head);
  if (compression === undefined) {
    refuseNoText(head, { file: path });
    yield* file.chunks();
  } else {
    let isFirst = true;
    try {
      for await (const chunk of decompress(file, compression)) {
        if (isFirst) refusePacked(chunk, { file: path, compression });
        isFirst = false;
        yield chunk;
      }
    } catch (cause) {
      throw archiveFault(cause, { path, compression, line: options.line() });
    }
  }
  file.checkWhole();
}

function decompress(file: RawFile, compression: Compression): AsyncIterable<Uint8Array> {
  return compression === "zstd" ? unpackZstd(file) : gunzip(file);
}

async function* unpackZstd(file: RawFile): AsyncGenerator<Uint8Array, void> {
  const { decompressZstd } = await import("./zstd.ts");
  yield* decompressZstd(file.chunks());
}

async function* gunzip(file: RawFile): AsyncGenerator<Uint8Array, void> {
  const { pipeline, Readable } = await import("node:stream");
  const { createGunzip } = await import("node:zlib");
  const unpack = createGunzip({ chunkSize: CHUNK_BYTES });
  let failure: unknown;
  // An error of either end destroys the other and comes out of the loop.
  pipeline(Readable.from(file.chunks(), { objectMode: false }), unpack, (error) => {
    failure = error;
  });
  try {
    // As plain arrays: a Buffer's own ways of searching and cutting are slower.
    for await (const { buffer, byteOffset, length } of unpack as AsyncIterable<Uint8Array>) {
      yield new Uint8Array(buffer, byteOffset, length);
    }
  } catch (error) {
    throw failure ?? error;
  } finally {
    unpack.destroy();
  }
  // It stops in silence at zeros after a member, whatever follows them.
  await file.passZeros(unpack.bytesWritten);
}

/** An open file that counts what is taken from it. */
class RawFile implements Disposable {
  #taken = 0;
  #head: Uint8Array<ArrayBuffer> = new Uint8Array();

  private constructor(
    readonly path: string,
    private readonly file: Deno.FsFile,
    /** In bytes, when it was opened. */
    private readonly size: number,
    private readonly onBytes: OnBytes | undefined,
  ) {}

  static async open(path: string, onBytes: OnBytes | undefined): Promise<RawFile> {
    try {
      const info = await Deno.stat(path);
      const what = nonFile(info);
      if (what !== undefined) throw notAFile(path, what);
      return new RawFile(path, await Deno.open(path), info.size, onBytes);
    } catch (cause) {
      throw unreadable(path, cause);
    }
  }

  /** The first bytes, which `chunks` gives all the same. */
  async head(): Promise<Uint8Array> {
    const head = new Uint8Array(MAGIC_BYTES);
    let filled = 0;
    while (filled < head.length) {
      const got = await this.#read(head.subarray(filled));
      if (got === 0) break;
      filled += got;
    }
    this.#head = head.subarray(0, filled);
    return this.#head;
  }

  /** All bytes from the beginning; can be taken once. */
  async *chunks(): AsyncGenerator<Uint8Array, void> {
    for (let chunk = this.#head; chunk.length > 0;) {
      this.#taken += chunk.length;
      this.onBytes?.(chunk.length);
      yield chunk;
      const next = new Uint8Array(CHUNK_BYTES);
      chunk = next.subarray(0, await this.#read(next));
    }
  }

  /** Passes over the zeros from a place to the end; throws if anything else stands there. */
  async passZeros(place: number): Promise<void> {
    // By a handle of its own: the one that chunks are taken from may still be in use.
    using file = await Deno.open(this.path);
    await file.seek(place, Deno.SeekMode.Start);
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let got = await file.read(chunk); got !== null; got = await file.read(chunk)) {
      if (chunk.subarray(0, got).some((byte) => byte !== 0)) {
        throw new Error("more than zeros follows the gzip data");
      }
      place += got;
    }
    this.#taken = place;
  }

  /** @throws ExperimentError "text/changed-file" if other than all of its bytes were taken */
  checkWhole(): void {
    if (this.#taken === this.size) return;
    throw new ExperimentError(
      "text/changed-file",
      `the file has ${this.size} bytes, but ${this.#taken} were read`,
      { at: { file: this.path }, mend: "let nothing write to it while it is read, and run again" },
    );
  }

  [Symbol.dispose](): void {
    this.file.close();
  }

  /** How many bytes were read into a buffer; 0 at the end. */
  async #read(into: Uint8Array): Promise<number> {
    try {
      return await this.file.read(into) ?? 0;
    } catch (cause) {
      throw unreadable(this.path, cause);
    }
  }
}

function refuseNoText(head: Uint8Array, at: { readonly file: string }): void {
  const found = noTextOf(head);
  if (found === undefined) return;
  throw new ExperimentError("text/not-text", `this is ${found.what}`, { at, mend: found.mend });
}

/** Refuses what is no text inside an archive: a tar archive, or what was packed twice. */
function refusePacked(
  head: Uint8Array,
  { file, compression }: { readonly file: string; readonly compression: Compression },
): void {
  const again = compressionOf(head);
  const found = again === undefined ? noTextOf(head) : {
    what: `${again} data once more`,
    mend: `unpack it once, with ${compression} -d`,
  };
  if (found === undefined) return;
  throw new ExperimentError("text/not-text", `inside the ${compression} data is ${found.what}`, {
    at: { file },
    mend: found.mend,
  });
}

function archiveFault(
  cause: unknown,
  { path, compression, line }: {
    readonly path: string;
    readonly compression: Compression;
    readonly line: number;
  },
): unknown {
  if (cause instanceof ExperimentError) return cause;
  if (cause instanceof UnreadArchive) {
    const { message, mend } = cause;
    return new ExperimentError("text/not-text", message, { at: { file: path }, mend, cause });
  }
  return new ExperimentError(
    "text/bad-archive",
    `the ${compression} data is cut off or damaged from here on`,
    {
      at: { file: path, line },
      mend: `fetch the file again; ${compression} -t tells whether it is whole`,
      cause,
    },
  );
}

function notAFile(path: string, what: string): ExperimentError {
  return new ExperimentError("text/not-a-file", `this is ${what}, not a regular file`, {
    at: { file: path },
    mend: "name a regular file; what comes out of a pipe or device has to be written to one first",
  });
}

function unreadable(path: string, cause: unknown): ExperimentError {
  if (cause instanceof ExperimentError) return cause;
  const isMissing = cause instanceof Deno.errors.NotFound;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ExperimentError(
    "text/missing-file",
    isMissing ? "there is no such file" : `cannot read the file: ${why}`,
    { at: { file: path }, mend: "check the path, and that the file may be read", cause },
  );
}
