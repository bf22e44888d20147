/**
 * Lines of text files, plain or compressed, as a stream with line numbers.
 *
 * A line ends in "\n" or "\r\n"; any other carriage return, and bytes that are not
 * UTF-8, are refused at their line: nothing is guessed or replaced. Memory is
 * bounded by the longest line.
 */
import { Buffer, isUtf8 } from "node:buffer";
import { ExperimentError, type SourcePosition } from "../../base/errors.ts";
import { type OnBytes, readBytes } from "./bytes.ts";

/** A line and its number in the file. */
export interface Line {
  /** Without "\r" and "\n". */
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

const LINE_FEED = 0x0A, CARRIAGE_RETURN = 0x0D;
const MAX_LINE_MEBIBYTES = 64;

/**
 * The lines of a file, decompressed if its content is gzip or zstd; a byte order mark at the start
 * is dropped.
 *
 * @param onBytes told how many bytes of the file were read since it was last called
 *
 * @throws ExperimentError "text/bad-utf8", "text/bare-return" or "text/long-line" with the line, and
 *   those of `readBytes`
 */
export async function* readLines(path: string, onBytes?: OnBytes): AsyncGenerator<Line, void> {
  let line = 0;
  for await (const text of decodeLines(path, onBytes)) {
    line++;
    yield { text: line === 1 && text.startsWith("\uFEFF") ? text.slice(1) : text, line };
  }
}

async function* decodeLines(
  path: string,
  onBytes: OnBytes | undefined,
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
      const isDos = bytes.at(-1) === CARRIAGE_RETURN;
      yield decodeLine(isDos ? bytes.subarray(0, -1) : bytes, { file: path, line });
      line++;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    const bare = chunk.indexOf(CARRIAGE_RETURN, start);
    // Only the last byte may still turn out to stand before a line feed.
    if (bare >= 0 && bare < chunk.length - 1) {
      throw bareReturn(joined(pending, new Uint8Array()), { file: path, line });
    }
    if (pendingBytes > MAX_LINE_MEBIBYTES * 2 ** 20) throw tooLong({ file: path, line });
  }
  if (pendingBytes > 0) yield decodeLine(joined(pending, new Uint8Array()), { file: path, line });
}

function joined(pending: readonly Uint8Array[], last: Uint8Array): Uint8Array {
  return pending.length === 0 ? last : Buffer.concat([...pending, last]);
}

/** The text of a line without its end. */
function decodeLine(bytes: Uint8Array, at: SourcePosition): string {
  if (bytes.includes(CARRIAGE_RETURN)) throw bareReturn(bytes, at);
  if (!isUtf8(bytes)) {
    throw new ExperimentError("text/bad-utf8", "the line is not valid UTF-8", {
      at,
      mend: "if it is text, convert it from its encoding: iconv -f ENCODING -t utf-8 FILE > NEW",
    });
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}

function bareReturn(bytes: Uint8Array, at: SourcePosition): ExperimentError {
  const first = bytes.indexOf(CARRIAGE_RETURN);
  if (bytes.subarray(first).every((byte) => byte === CARRIAGE_RETURN)) {
    return new ExperimentError(
      "text/bare-return",
      "the line ends in carriage returns that are no part of a line end",
      { at, mend: "remove them: tr -d '\\r' < FILE > NEW" },
    );
  }
  return new ExperimentError(
    "text/bare-return",
    "a bare carriage return stands in the line, as line ends of old Macs are",
    { at, mend: "make line feeds of them: tr '\\r' '\\n' < FILE > NEW" },
  );
}

function tooLong(at: SourcePosition): ExperimentError {
  return new ExperimentError(
    "text/long-line",
    `the line is longer than ${MAX_LINE_MEBIBYTES} MiB`,
    {
      at,
      mend: "break the text into lines, or check that the file is text",
    },
  );
}
