import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { readLines } from "../../../lib/text/sources/lines.ts";
import { compressionOf, noTextOf } from "../../../lib/text/sources/magic.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { assertFault } from "../../_support/fault.ts";

const bytes = (text: string) => Uint8Array.from(text, (each) => each.charCodeAt(0));
const utf16 = (text: string) => bytes([...text].map((each) => `${each}\0`).join(""));

/** First bytes, as the tools write them, and what they are. */
const HEADS: readonly (readonly [string, Uint8Array])[] = [
  ["xz data, which is not read", bytes("\xFD7zXZ\0\0\x04")],
  ["lzma data, which is not read", bytes("]\0\0\x80\0\xFF")],
  ["lzip data, which is not read", bytes("LZIP\x01\x0C")],
  ["bzip2 data, which is not read", bytes("BZh91AY&SY\x12")],
  ["bzip2 data, which is not read", bytes("BZh9\x17rE8P\x90\0\0\0\0")],
  ["zip data, which is not read", bytes("PK\x03\x04\x14\0")],
  ["zip data, which is not read", bytes("PK\x05\x06\0\0")],
  ["7z data, which is not read", bytes("7z\xBC\xAF\x27\x1C\0\x04")],
  ["lz4 data, which is not read", bytes("\x04\x22\x4D\x18\x64@")],
  ["lz4 data, which is not read", bytes("\x02\x21\x4C\x18")],
  ["compress (.Z) data, which is not read", bytes("\x1F\x9D\x90")],
  ["rar data, which is not read", bytes("Rar!\x1A\x07\x01\0")],
  ["UTF-32 text, not UTF-8", bytes("\xFF\xFE\0\0T\0\0\0")],
  ["UTF-32 text, not UTF-8", bytes("\0\0\xFE\xFF\0\0\0T")],
  ["UTF-16 text, not UTF-8", bytes("\xFF\xFET\0h\0")],
  ["UTF-16 text, not UTF-8", bytes("\xFE\xFF\0T\0h")],
  ["UTF-16 text, not UTF-8", utf16("The cat")],
  ["UTF-16 text, not UTF-8", bytes("\0T\0h\0e")],
  ["a tar archive, which is not read", bytes(`a.txt${"\0".repeat(252)}ustar\x0000`)],
  ["a Parquet table, not text", bytes("PAR1\x15\x04\x15")],
  ["a PDF, not text", bytes("%PDF-1.7\n")],
  [
    "a pointer of Git LFS, which stands for the file",
    bytes("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),
  ],
  ["a web page, not the file that was asked for", bytes("<!DOCTYPE html>\n<html>")],
  ["a web page, not the file that was asked for", bytes('<html lang="en">')],
];

Deno.test("noTextOf() knows archives, encodings and tables by their first bytes", () => {
  for (const [what, head] of HEADS) assert.equal(noTextOf(head)?.what, what);
});

Deno.test("noTextOf() and compressionOf() leave text alone", () => {
  const texts = ["", "T", "Th", "The", "BZh91 is a gene", "PAR1 is a receptor", "PK data", "7z\n"];
  for (const text of [...texts, "LZIP", "Rar!", "(\xB5", "\0\0\0\0", "a\0b"]) {
    assert.equal(noTextOf(bytes(text)), undefined, text);
    assert.equal(compressionOf(bytes(text)), undefined, text);
  }
});

Deno.test("compressionOf() knows gzip and zstd, also zstd behind a skippable frame", () => {
  assert.equal(compressionOf(gzipSync("")), "gzip");
  assert.equal(compressionOf(bytes("(\xB5/\xFD\x04")), "zstd");
  for (const first of ["P", "U", "_"]) assert.equal(compressionOf(bytes(`${first}*M\x18`)), "zstd");
  assert.equal(compressionOf(bytes("`*M\x18")), undefined);
});

Deno.test("readLines() names what it does not read, and how to make text of it", async () => {
  using dir = new TempDir();
  const cases = [
    {
      content: bytes("\xFD7zXZ\0\0\x04"),
      text: "this is xz data, which is not read [text/not-text]\n" +
        "  mend: pack the text with gzip or zstd instead: xz -dc FILE | gzip > NEW.gz",
    },
    {
      content: utf16("The cat sat.\n"),
      text: "this is UTF-16 text, not UTF-8 [text/not-text]\n" +
        "  mend: convert it: iconv -f utf-16le -t utf-8 FILE > NEW",
    },
    {
      content: gzipSync(bytes(`a.txt${"\0".repeat(252)}ustar\x0000`)),
      text: "inside the gzip data is a tar archive, which is not read [text/not-text]\n" +
        "  mend: unpack it with tar -xf, and name the files that were in it",
    },
    {
      content: gzipSync(gzipSync("The cat sat.\n")),
      text: "inside the gzip data is gzip data once more [text/not-text]\n" +
        "  mend: unpack it once, with gzip -d",
    },
  ];
  for (const { content, text } of cases) {
    const path = dir.file("part", content);
    await assertFault(() => Array.fromAsync(readLines(path)), {
      dir: dir.path,
      text: `part: ${text}`,
    });
  }
});
