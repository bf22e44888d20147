/**
 * What a file is by its first bytes: never by its name, and never guessed.
 *
 * gzip and zstd are unpacked. Whatever else is known to be no UTF-8 text is named,
 * with a way to make text of it, so that nobody is told to convert an archive
 * from Latin-1.
 */

/** So many first bytes tell. */
export const MAGIC_BYTES = 512;

/** A compression that is unpacked. */
export type Compression = "gzip" | "zstd";

/** The compression of data that begins with these bytes, `undefined` if that is none that is read. */
export function compressionOf(head: Uint8Array): Compression | undefined {
  if (startsWith(head, [0x1F, 0x8B])) return "gzip";
  if (startsWith(head, [0x28, 0xB5, 0x2F, 0xFD])) return "zstd";
  // A skippable frame, as pzstd writes one first.
  return (head[0]! & 0xF0) === 0x50 && startsWith(head.subarray(1), [0x2A, 0x4D, 0x18])
    ? "zstd"
    : undefined;
}

/** Thrown for whole and sound data of a compression that is unpacked, which cannot be read here. */
export class UnreadArchive extends Error {
  /** Takes what is not read, and what to do about it. */
  constructor(message: string, readonly mend: string) {
    super(message);
  }
}

/** Something that is no text, and what to do about it. */
export interface NoText {
  /** As in "this is ...". */
  readonly what: string;
  /** In the imperative. */
  readonly mend: string;
}

/** What data that begins with these bytes is if it is known to be no UTF-8 text. */
export function noTextOf(head: Uint8Array): NoText | undefined {
  const known = KNOWN.find(({ bytes, at }) => startsWith(head.subarray(at ?? 0), bytes));
  return known ?? (isBareUtf16(head, 1) ? UTF16_LE : isBareUtf16(head, 0) ? UTF16_BE : undefined);
}

const packed = (what: string, unpack: string): NoText => ({
  what: `${what} data, which is not read`,
  mend: `pack the text with gzip or zstd instead: ${unpack} FILE | gzip > NEW.gz`,
});

const encoded = (what: string, name: string): NoText => ({
  what: `${what} text, not UTF-8`,
  mend: `convert it: iconv -f ${name} -t utf-8 FILE > NEW`,
});

const UTF16_LE = encoded("UTF-16", "utf-16le");
const UTF16_BE = encoded("UTF-16", "utf-16be");

/** In the order in which they are looked for: the mark of UTF-32 begins with that of UTF-16. */
const KNOWN: readonly (NoText & { readonly bytes: readonly number[]; readonly at?: number })[] = [
  { bytes: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], ...packed("xz", "xz -dc") },
  { bytes: [0x5D, 0x00, 0x00], ...packed("lzma", "xz -dc --format=lzma") },
  { bytes: ascii("LZIP\x01"), ...packed("lzip", "lzip -dc") },
  { bytes: [...ascii("1AY&SY")], at: 4, ...packed("bzip2", "bzip2 -dc") },
  { bytes: [0x17, 0x72, 0x45, 0x38, 0x50, 0x90], at: 4, ...packed("bzip2", "bzip2 -dc") },
  { bytes: ascii("PK\x03\x04"), ...packed("zip", "unzip -p") },
  { bytes: ascii("PK\x05\x06"), ...packed("zip", "unzip -p") },
  { bytes: [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], ...packed("7z", "7z x -so") },
  { bytes: [0x04, 0x22, 0x4D, 0x18], ...packed("lz4", "lz4 -dc") },
  { bytes: [0x02, 0x21, 0x4C, 0x18], ...packed("lz4", "lz4 -dc") },
  { bytes: [0x1F, 0x9D], ...packed("compress (.Z)", "gzip -dc") },
  { bytes: ascii("Rar!\x1A\x07"), ...packed("rar", "unrar p -inul") },
  { bytes: [0xFF, 0xFE, 0x00, 0x00], ...encoded("UTF-32", "utf-32") },
  { bytes: [0x00, 0x00, 0xFE, 0xFF], ...encoded("UTF-32", "utf-32") },
  { bytes: [0xFF, 0xFE], ...encoded("UTF-16", "utf-16") },
  { bytes: [0xFE, 0xFF], ...encoded("UTF-16", "utf-16") },
  {
    bytes: ascii("ustar"),
    at: 257,
    what: "a tar archive, which is not read",
    mend: "unpack it with tar -xf, and name the files that were in it",
  },
  {
    bytes: ascii("PAR1\x15"),
    what: "a Parquet table, not text",
    mend: "write its text as JSON lines, and use format: jsonl",
  },
  {
    bytes: ascii("version https://git-lfs.github.com/spec/"),
    what: "a pointer of Git LFS, which stands for the file",
    mend: "fetch the file itself: git lfs pull",
  },
  ...["<!DOCTYPE html", "<!doctype html", "<html"].map((tag) => ({
    bytes: ascii(tag),
    what: "a web page, not the file that was asked for",
    mend: "fetch the file again: the page may say why it is not there",
  })),
  { bytes: ascii("%PDF-"), what: "a PDF, not text", mend: "take the text out, as pdftotext does" },
];

function ascii(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}

function startsWith(bytes: Uint8Array, wanted: readonly number[]): boolean {
  return wanted.every((byte, index) => bytes[index] === byte);
}

/** Whether every other byte, and no byte between, is zero: ASCII as UTF-16 without its mark. */
function isBareUtf16(head: Uint8Array, zeroAt: 0 | 1): boolean {
  const looked = head.subarray(0, head.length & ~1);
  return looked.length >= 4 &&
    looked.every((byte, index) => (byte === 0) === (index % 2 === zeroAt));
}
