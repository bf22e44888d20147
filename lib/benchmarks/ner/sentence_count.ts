/**
 * How many sentences files in CoNLL's form hold, told in one pass without taking them
 * apart: for plans, which read the files anyway to digest them.
 */
import { compressionOf, MAGIC_BYTES } from "../../text/sources/magic.ts";

/** Files that are larger, or packed, are not counted: a plan is not to wait for it. */
const MOST_BYTES = 1 << 26;

const NEWLINE = 0x0A;
/** Tab, carriage return and space, of which a blank line may consist. */
const BLANKS: ReadonlySet<number> = new Set([0x09, 0x0D, 0x20]);
const DOCUMENT_START = "-DOCSTART-";

const counted = new Map<string, number | undefined>();

/** The sentences of files together; undefined where that is not to be told cheaply. */
export function countSentences(files: readonly string[]): number | undefined {
  let sum = 0;
  for (const file of files) {
    const count = countOnce(file);
    if (count === undefined) return undefined;
    sum += count;
  }
  return sum;
}

function countOnce(file: string): number | undefined {
  try {
    const { size, mtime, isFile } = Deno.statSync(file);
    if (!isFile || size > MOST_BYTES) return undefined;
    const mark = `${file}\0${size}\0${mtime?.getTime()}`;
    if (!counted.has(mark)) counted.set(mark, countIn(Deno.readFileSync(file)));
    return counted.get(mark);
  } catch {
    return undefined; // whatever is wrong, the task that reads the file tells it
  }
}

function countIn(bytes: Uint8Array): number | undefined {
  if (compressionOf(bytes.subarray(0, MAGIC_BYTES)) !== undefined) return undefined;
  let sentences = 0, isInside = false;
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(NEWLINE, start);
    const end = found === -1 ? bytes.length : found;
    const isWord = !isBlank(bytes, start, end) && !isDocumentStart(bytes, start, end);
    if (isWord && !isInside) sentences++;
    isInside = isWord;
    start = end + 1;
  }
  return sentences;
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!BLANKS.has(bytes[i]!)) return false;
  return true;
}

function isDocumentStart(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < DOCUMENT_START.length || bytes[start] !== DOCUMENT_START.charCodeAt(0)) {
    return false;
  }
  const head = bytes.subarray(start, start + DOCUMENT_START.length);
  return new TextDecoder().decode(head) === DOCUMENT_START;
}
