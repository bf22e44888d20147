import assert from "node:assert/strict";
import fc from "fast-check";
import { foldTable } from "../../../lib/report/text/table.ts";
import { widthOf } from "../../../lib/report/text/width.ts";
import { wrapText } from "../../../lib/report/text/wrap.ts";

Deno.test("wrapText() breaks between words, indents what follows, and keeps an interval whole", () => {
  const text = "a gain of 3 points [+1, +5] per doubling";
  assert.equal(
    wrapText(text, { width: 20, first: "- " }),
    "- a gain of 3 points\n  [+1, +5] per\n  doubling",
  );
  assert.equal(wrapText(text, { width: Infinity }), text);
});

Deno.test("wrapText() loses no word and keeps to the width, but for words that are longer", () => {
  const word = fc.stringMatching(/^[a-z東]{1,12}$/);
  fc.assert(fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 1, max: 30 }), (
    words,
    width,
  ) => {
    const lines = wrapText(words.join(" "), { width, other: "  " }).split("\n");
    assert.deepEqual(lines.flatMap((line) => line.trim().split(" ")), words);
    for (const line of lines) {
      assert.ok(widthOf(line) <= width || !line.trim().includes(" "), line);
    }
  }));
});

Deno.test("foldTable() puts columns without room into a table below, with the first again", () => {
  const head = ["tokens", "steps 10", "20", "30"];
  const rows = [["1000", "0.1", "0.2", "0.3"], ["2000", "0.4", "0.5", "0.6"]];
  const options = { right: () => true, headOf: (text: string) => `steps ${text}` };
  assert.equal(
    foldTable(head, rows, { ...options, width: 21 }),
    `tokens  steps 10   20
  1000       0.1  0.2
  2000       0.4  0.5

tokens  steps 30
  1000       0.3
  2000       0.6`,
  );
});

Deno.test("foldTable() keeps to any width and shows every cell", () => {
  const cell = fc.stringMatching(/^[a-z]{1,8}$/);
  const rows = fc.integer({ min: 1, max: 6 }).chain((columns) =>
    fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), {
      minLength: 1,
      maxLength: 4,
    })
  );
  fc.assert(fc.property(rows, fc.integer({ min: 18, max: 60 }), (lines, width) => {
    const head = lines[0]!.map((_, i) => `c${i}`);
    const text = foldTable(head, lines, { width });
    for (const line of text.split("\n")) assert.ok(widthOf(line) <= width, text);
    const words = new Set(text.split(/\s+/));
    for (const each of [...head, ...lines.flat()]) assert.ok(words.has(each), text);
  }));
});
