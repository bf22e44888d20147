import fc from "fast-check";
import stringWidth from "string-width";
import assert from "node:assert/strict";
import { widthOf } from "../../../lib/report/text/width.ts";

/** Where scripts, marks, signs and emoji stand: all 1.1 million agree, but take minutes. */
const BLOCKS = [[0x20, 0x7f], [0xa0, 0x3100], [0xa800, 0xac00], [0xfe00, 0x1_0000], [
  0x1_f000,
  0x1_fb00,
]] as const;

Deno.test("widthOf() gives a character after a letter the columns that string-width gives it", () => {
  const others: string[] = [];
  for (const [from, end] of BLOCKS) {
    for (let code = from; code < end; code++) {
      const text = `a${String.fromCodePoint(code)}`;
      if (widthOf(text) !== stringWidth(text)) others.push(code.toString(16));
    }
  }
  assert.deepEqual(others, []);
});

const SEQUENCES = [
  ["a family", "👨‍👩‍👧", 2],
  ["a flag", "🇩🇪", 2],
  ["a flag of a region", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", 2],
  ["a heart as text", "❤", 1],
  ["a heart as emoji", "❤️", 2],
  ["a key", "1️⃣", 2],
  ["a key without its selector", "1⃣", 2],
  ["a skin tone", "👍🏽", 2],
  ["a syllable", "각", 2],
  ["a syllable of jamo", "각", 2],
  ["two leading jamo", "ᄀ가", 4],
  ["an accent on its own code", "é", 1],
  ["a vowel that stands behind", "कि", 2],
  ["half-width kana with its dots", "ﾊﾞ", 2],
  ["nothing to see", "\u200b", 0],
  ["signs of tables", "±…", 2],
] as const;

for (const [name, text, width] of SEQUENCES) {
  Deno.test(`widthOf() of ${name}`, () => {
    assert.equal(widthOf(text), width);
    assert.equal(stringWidth(text), width);
  });
}

Deno.test("widthOf() is what string-width says, for any text that holds no lone jamo", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    // deno-lint-ignore no-control-regex -- escape sequences are no cell's business
    fc.pre(!/[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\x00-\x1f\x7f-\x9f]/.test(text));
    assert.equal(widthOf(text), stringWidth(text));
  }));
});
