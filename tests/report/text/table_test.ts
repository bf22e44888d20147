import assert from "node:assert/strict";
import fc from "fast-check";
import stringWidth from "string-width";
import { cellOf } from "../../../lib/report/text/cell.ts";
import { fitTable, formatTable } from "../../../lib/report/text/table.ts";

Deno.test("formatTable() aligns the first column to the left, others to the right", () => {
  assert.equal(
    formatTable(["a", "bb"], [["x", "1"], ["long", "22"]]),
    "a     bb\nx      1\nlong  22",
  );
});

Deno.test("cellOf() keeps a cell on one line, measured as a terminal does, cut with …", () => {
  const cases: [string, number | undefined, string, number][] = [
    ["plain", undefined, "plain", 5],
    ["two\nlines\tand \r", undefined, "two\\nlines\\tand \\u000d", 22],
    ["\x1b[31mred", undefined, "\\u001b[31mred", 13],
    ["東京都", undefined, "東京都", 6],
    ["東京都", 5, "東京…", 5],
    ["東京都", 4, "東…", 3],
    ["abcdef", 6, "abcdef", 6],
    ["abcdefg", 6, "abcde…", 6],
    ["e\u0301a\u0308", 2, "e\u0301a\u0308", 2],
    ["👩‍👩‍👧‍👦!", 3, "👩‍👩‍👧‍👦!", 3],
    ["right\u202eleft", undefined, "right\\u202eleft", 15],
  ];
  for (const [text, most, shown, width] of cases) {
    assert.deepEqual(cellOf(text, most), { text: shown, width, isCut: shown.endsWith("…") });
  }
});

Deno.test("cellOf() looks at no more of a cell than it can show", () => {
  for (const text of ["x", "\n", "\u0301", "東", "👩‍👩‍👧‍👦"].map((each) => each.repeat(3_000_000))) {
    const { text: shown, width, isCut } = cellOf(text, 80);
    assert.ok(isCut && width <= 80 && shown.length < 3000, `${shown.length}`);
  }
});

Deno.test("fitTable() cuts the widest columns, never those of numbers", () => {
  const long = "a long sentence about nothing";
  const { text, isCut } = fitTable(["key", "value", "note"], [[long, "123456789", long]], {
    width: 40,
    right: (column) => column === 1,
    rigid: (column) => column === 1,
  });
  assert.equal(
    text,
    [
      "key                value  note",
      "a long sente…  123456789  a long senten…",
    ].join("\n"),
  );
  assert.ok(isCut);
  assert.equal(fitTable(["a"], [["short"]], { width: 40 }).isCut, false);
});

Deno.test("fitTable() shows rows as blocks of lines where columns would be too small", () => {
  const row = ["ablation", "a text of some length", "12"];
  assert.deepEqual(fitTable(["experiment", "text", "total"], [row, row], { width: 24 }), {
    text: [
      "experiment  ablation",
      "text        a text of s…",
      "total       12",
      "",
      "experiment  ablation",
      "text        a text of s…",
      "total       12",
    ].join("\n"),
    isCut: true,
  });
});

Deno.test("fitTable() keeps to any width, whatever stands in its cells", () => {
  const cell = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.string({ unit: "grapheme", maxLength: 60 }),
    fc.string({ maxLength: 300 }),
    fc.constantFrom("", "\n", "line\r\nline", "\x1b[2J", "表".repeat(50)),
  );
  const tables = fc.integer({ min: 1, max: 8 }).chain((columns) =>
    fc.record({
      head: fc.array(cell, { minLength: columns, maxLength: columns }),
      rows: fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { maxLength: 5 }),
      width: fc.integer({ min: 20, max: 220 }),
    })
  );
  fc.assert(fc.property(tables, ({ head, rows, width }) => {
    const { text } = fitTable(head, rows, { width });
    for (const line of text.split("\n")) {
      assert.ok(stringWidth(line) <= width, `${stringWidth(line)} of ${width}: ${line}`);
      assert.doesNotMatch(line, /[\p{Cc}\p{Cs}]/u);
    }
  }));
});
