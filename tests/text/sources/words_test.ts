import assert from "node:assert/strict";
import fc from "fast-check";
import { countWords } from "../../../lib/text/sources/words.ts";

Deno.test("countWords() counts what a split on white space gives, on any text", () => {
  const odd = fc.constantFrom(" ", "\t", "\u00A0", "\u1680", "\u2003", "\u3000", "\uFEFF", "a");
  const text = fc.array(fc.oneof(odd, fc.string({ unit: "binary" }))).map((all) => all.join(""));
  fc.assert(fc.property(text, (each) => {
    const words = each.split(/\s+/).filter((word) => word !== "");
    assert.equal(countWords(each), words.length);
  }));
});
