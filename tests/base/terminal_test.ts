import assert from "node:assert/strict";
import fc from "fast-check";
import { printable, printableLine } from "../../lib/base/terminal.ts";

const texts = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.array(fc.nat({ max: 0xffff }), { maxLength: 30 }).map((codes) =>
    String.fromCharCode(...codes)
  ),
);

Deno.test("printable() leaves nothing that a terminal obeys, and says the same again", () => {
  fc.assert(fc.property(texts, (text) => {
    const shown = printable(text);
    // deno-lint-ignore no-control-regex -- the very characters that must be gone
    assert.doesNotMatch(shown, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/);
    assert.doesNotMatch(shown, /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/);
    assert.ok(shown.isWellFormed());
    assert.equal(printable(shown), shown);
    assert.equal(shown.split("\n").length, text.split("\n").length);
    assert.doesNotMatch(printableLine(text), /[\n\t]/);
  }));
});

Deno.test("printable() leaves ordinary text of any language as it is", () => {
  for (const text of ["", "a\tb\nc", "naïve Größe 模型 👩‍🔬", "می‌خواهم", "שלום", "50 % ± 2 — “x”"]) {
    assert.equal(printable(text), text);
  }
});

Deno.test("printable() shows escapes as JSON writes them", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["\x1b[2J\x1b]0;owned\x07", "\\u001b[2J\\u001b]0;owned\\u0007"],
    ["\u009b31m", "\\u009b31m"],
    ["a\rb\bc\x7f", "a\\u000db\\u0008c\\u007f"],
    ["steps\u202e001", "steps\\u202e001"],
    ["\ud800", "\\ud800"],
    ["x\u{e0041}", "x\\udb40\\udc41"],
  ];
  for (const [text, shown] of cases) assert.equal(printable(text), shown);
});

Deno.test("printable() changes no value of JSON", () => {
  fc.assert(fc.property(fc.jsonValue(), texts, (value, text) => {
    const json = JSON.stringify({ value, text });
    assert.deepEqual(JSON.parse(printable(json)), JSON.parse(json));
  }));
});
