import assert from "node:assert/strict";
import fc from "fast-check";
import { fenced, literal, literalLines, markdownTable } from "../../../lib/report/text/markdown.ts";

/** What was compared with how markdown-it shows it, as GitHub does. */
const LITERALS: readonly [text: string, markdown: string][] = [
  ["unique_tokens", "unique_tokens"],
  ["_a_ __b__", "\\_a\\_ \\_\\_b\\_\\_"],
  ["2*3*4", "2\\*3\\*4"],
  [
    "<b> & [c](d) `e` ~f~ $g$ #h !i \\",
    "&lt;b> &amp; \\[c\\](d) \\`e\\` \\~f\\~ \\$g\\$ \\#h \\!i \\\\",
  ],
  ["1. one", "1\\. one"],
  ["12) twelve", "12\\) twelve"],
  ["1.5", "1.5"],
  ["-3.5", "-3.5"],
  ["-", "\\-"],
  ["---", "\\---"],
  ["+ plus", "\\+ plus"],
  ["> said", "\\> said"],
  ["    not code", "not code"],
  ["see https://x.y, www.z.y", "see https\\://x.y, www\\.z.y"],
  ["a\nb\t\r\nc", "a b c"],
  ["\u001b[1m", "\\\\u001b\\[1m"],
];

Deno.test("literal() leaves text as it is for whoever reads Markdown, numbers and stars too", () => {
  for (const [text, markdown] of LITERALS) assert.equal(literal(text), markdown);
});

Deno.test("literal() takes one line, and no sign of it can be taken for more", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    const made = literal(text);
    assert.doesNotMatch(made, /[\n\r]|<|(?<!\\)(?:\\\\)*[`*[\]!~#$]/);
    assert.doesNotMatch(made, /^(?:\s|[-+*]$|[-+*>]\s|\d+[.)](?:\s|$))/);
  }));
});

Deno.test("markdownTable() has a row of as many cells for each, whatever stands in them", () => {
  const cell = fc.string({ unit: fc.constantFrom("a", "|", "\\", "\n", "\r\n", "`", " ") });
  fc.assert(fc.property(fc.array(fc.tuple(cell, cell)), (rows) => {
    const columns = [{ name: "a|b" }, { name: "n", isNumber: true }];
    for (const write of [literalLines, (text: string) => text.replaceAll("\\", "")]) {
      const made = markdownTable(columns, rows.map((row) => row.map(write))).split("\n");
      assert.deepEqual(made.slice(0, 2), ["| a\\|b | n |", "| --- | ---: |"]);
      assert.equal(made.length, 2 + rows.length);
      for (const line of made) assert.equal(line.match(/(?<!\\)(?:\\\\)*\|/g)?.length, 3, line);
    }
  }));
});

Deno.test("fenced() cannot be ended by what stands in it", () => {
  const text = fc.string({ unit: fc.constantFrom("`", "~", "\n", "a") });
  fc.assert(fc.property(text, (text) => {
    const [first, ...lines] = fenced(text, "yaml").split("\n");
    const fence = /^`+/.exec(first!)![0];
    assert.equal(lines.findIndex((line) => line.startsWith(fence)), lines.length - 1);
  }));
});
