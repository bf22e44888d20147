/**
 * Lines of text files, plain or compressed, as a stream with line numbers.
 *
 * gzip and zstd are told by their first bytes, never by the name. What is
 * damaged (a cut or corrupt archive, bytes that are not UTF-8) is reported with
 * file and line; nothing is guessed or replaced. Memory is bounded by the
 * longest line.
 */
import { Buffer, isUtf8 } from "node:buffer";
import { createReadStream, type ReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { ExperimentError, type SourcePosition } from "../../base/errors.ts";
import { decompressZstd } from "./zstd.ts";

/** A line and its number in the file. */
export interface Line {
  /** Without "\r" and "\n". */
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

const LINE_FEED = 0x0A;
const CHUNK_BYTES = 1 << 18;
const MAX_LINE_BYTES = 1 << 28;

/**
 * The lines of a file, decompressed if its content is gzip or zstd. "\n" ends a
 * line and "\r" before it is dropped, as is a byte order mark at the start.
 *
 * @param onBytes told how many bytes of the file were read since it was last called
 *
 * @throws ExperimentError "text/missing-file", "text/bad-archive" or "text/bad-utf8"
 */
export async function* readLines(
  path: string,
  onBytes?: (bytes: number) => void,
): AsyncGenerator<Line, void> {
  let line = 0;
  for await (const text of decodeLines(path, onBytes)) {
    line++;
    yield { text: line === 1 && text.startsWith("\uFEFF") ? text.slice(1) : text, line };
  }
}

async function* decodeLines(
  path: string,
  onBytes: ((bytes: number) => void) | undefined,
): AsyncGenerator<string, void> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let line = 1;
  for await (const chunk of readBytes(path, { line: () => line, onBytes })) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start);
      if (end < 0) break;
      const bytes = joined(pending, chunk.subarray(start, end));
      if (pending.length > 0) [pending, pendingBytes] = [[], 0];
      yield decodeLine(bytes, { file: path, line });
      line++;
      start = end + 1;
    }
    if (start < chunk.length) {
      // Copied: the stream may use the chunk's memory again.
      pending.push(chunk.slice(start));
      pendingBytes += chunk.length - start;
      if (pendingBytes > MAX_LINE_BYTES) throw tooLong({ file: path, line });
    }
  }
  if (pendingBytes > 0) yield decodeLine(joined(pending, new Uint8Array()), { file: path, line });
}

function joined(pending: readonly Uint8Array[], last: Uint8Array): Uint8Array {
  return pending.length === 0 ? last : Buffer.concat([...pending, last]);
}

function decodeLine(bytes: Uint8Array, at: SourcePosition): string {
  if (!isUtf8(bytes)) {
    throw new ExperimentError("text/bad-utf8", "the line is not valid UTF-8", {
      at,
      mend: "convert the file to UTF-8, for example with iconv -f latin1 -t utf-8",
    });
  }
  const end = bytes.at(-1) === 0x0D ? bytes.length - 1 : bytes.length;
  return Buffer.from(bytes.buffer, bytes.byteOffset, end).toString("utf8");
}

function tooLong(at: SourcePosition): ExperimentError {
  return new ExperimentError("text/long-line", "the line is longer than 256 MiB", {
    at,
    mend: "break the text into lines, or check that the file is text",
  });
}

/** The bytes of a file after decompression, in chunks. */
async function* readBytes(
  path: string,
  { line, onBytes }: {
    readonly line: () => number;
    readonly onBytes: ((bytes: number) => void) | undefined;
  },
): AsyncGenerator<Uint8Array, void> {
  const compression = await detectCompression(path);
  const raw = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  if (onBytes !== undefined) raw.on("data", (chunk) => onBytes(chunk.length));
  try {
    yield* decompress(raw, compression);
  } catch (cause) {
    if (compression === "none") throw unreadable(path, cause);
    throw new ExperimentError(
      "text/bad-archive",
      `the ${compression} data is cut off or damaged from here on`,
      {
        at: { file: path, line: line() },
        mend: `fetch the file again; ${compression} -t tells whether it is whole`,
        cause,
      },
    );
  } finally {
    raw.destroy();
  }
}

function decompress(
  raw: ReadStream,
  compression: "none" | "gzip" | "zstd",
): AsyncIterable<Uint8Array> {
  if (compression === "none") return raw;
  if (compression === "zstd") return decompressZstd(raw);
  const unpack = createGunzip({ chunkSize: CHUNK_BYTES });
  raw.on("error", (error) => unpack.destroy(error));
  return raw.pipe(unpack);
}

async function detectCompression(path: string): Promise<"none" | "gzip" | "zstd"> {
  const head = new Uint8Array(4);
  try {
    using file = await Deno.open(path);
    let count = 0;
    while (count < 4) {
      const got = await file.read(head.subarray(count));
      if (got === null) break;
      count += got;
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
  if (head[0] === 0x1F && head[1] === 0x8B) return "gzip";
  const isZstd = head[0] === 0x28 && head[1] === 0xB5 && head[2] === 0x2F && head[3] === 0xFD;
  return isZstd ? "zstd" : "none";
}

function unreadable(path: string, cause: unknown): ExperimentError {
  const isMissing = cause instanceof Deno.errors.NotFound;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ExperimentError(
    "text/missing-file",
    isMissing ? "there is no such file" : `cannot read the file: ${why}`,
    { at: { file: path }, mend: "check the path, and that the file may be read", cause },
  );
}
