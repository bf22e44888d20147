import assert from "node:assert/strict";
import fc from "fast-check";
import { readCsv } from "../../../lib/text/sources/csv.ts";
import { assertFault } from "../../_support/fault.ts";
import { TempDir } from "../../_support/temp_dir.ts";

const rowsOf = async (content: string) => {
  using dir = new TempDir();
  return await Array.fromAsync(readCsv(dir.file("a.csv", content)));
};

Deno.test("readCsv() reads quotes, commas, line ends and doubled quotes in cells", async () => {
  assert.deepEqual(await rowsOf('a,"b,c","say ""no""",\r\n\r\n"two\nlines",,""\n"x"'), [
    { cells: ["a", "b,c", 'say "no"', ""], line: 1 },
    { cells: ["two\nlines", "", ""], line: 3 },
    { cells: ["x"], line: 5 },
  ]);
});

Deno.test("readCsv() reads back what is written by the rules of RFC 4180", async () => {
  const cell = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", " ", "é") });
  const written = (text: string) => `"${text.replaceAll('"', '""')}"`;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
      async (rows) => {
        const text = rows.map((cells) => `${cells.map(written).join(",")}\n`).join("");
        assert.deepEqual((await rowsOf(text)).map(({ cells }) => cells), rows);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("readCsv() names the line of a quote that is not closed or stands within a cell", async () => {
  using dir = new TempDir();
  const cases: [string, string][] = [
    [
      'a\n"b\nc\n',
      "a.csv:2: a quote is not closed [text/bad-csv]\n  mend: close it, or write it twice",
    ],
    [
      'a\nb "c" d\n',
      "a.csv:2: a quote stands within a cell [text/bad-csv]\n" +
      '  mend: put the whole cell in quotes, and write "" for each quote in it',
    ],
  ];
  for (const [content, text] of cases) {
    const path = dir.file("a.csv", content);
    await assertFault(() => Array.fromAsync(readCsv(path)), { text, dir: dir.path });
  }
});
