import assert from "node:assert/strict";
import fc from "fast-check";
import { fold } from "../../../lib/text/pieces/fold.ts";
import { SPECIAL_PIECES, WordPiece } from "../../../lib/text/pieces/wordpiece.ts";
import { DATA_DIR, testOnData } from "../../_support/data.ts";
import golden from "./uncased_golden.json" with { type: "json" };

Deno.test("WordPiece.encodePlaced() gives Hugging Face's ids, places and words, uncased", () => {
  const encoder = new WordPiece(golden.pieces.split(" "), { lowercase: true });
  for (const { text, ids, offsets, words } of golden.cases) {
    assert.equal(encoder.encode(text).join(" "), ids, JSON.stringify(text));
    const placed = encoder.encodePlaced(text);
    assert.equal(placed.ids.join(" "), ids, JSON.stringify(text));
    assert.equal(placed.words.join(" "), words, JSON.stringify(text));
    const places = Array.from(placed.starts, (start, i) => `${start}-${placed.ends[i]}`);
    assert.equal(places.join(" "), offsets, JSON.stringify(text));
  }
});

for (
  const [name, wanted] of [["bert-base", "uncasedIds"], ["pubmedbert", "pubmedIds"]] as const
) {
  const needs = `vocab/${name}-uncased-vocab.txt`;
  testOnData(`WordPiece.encode() gives the reference's ids with ${name}'s uncased vocabulary`, {
    needs,
    run: async () => {
      const encoder = await WordPiece.load(`${DATA_DIR}/${needs}`, { lowercase: true });
      for (const each of golden.cases) {
        assert.equal(encoder.encode(each.text).join(" "), each[wanted], JSON.stringify(each.text));
      }
    },
  });
}

Deno.test("fold() takes case and accents away, character by character", () => {
  assert.equal(fold("ÉTUDE Ångström İ"), "etude angstrom i");
  assert.equal(fold("ΟΔΟΣ"), "οδοσ"); // no final sigma, as Hugging Face has none
  assert.equal(fold("a≠b"), "a=b");
  assert.equal(fold("한"), "한".normalize("NFD"));
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.equal(fold(fold(text)), fold(text));
  }));
});

Deno.test("WordPiece.encodePlaced() cuts as encode() does, at places in order", () => {
  const unit = fc.constantFrom(..."aAé \u0301\u200b.Xß≠北𝒜".split(""), "b");
  fc.assert(fc.property(fc.string({ unit }), fc.boolean(), (text, lowercase) => {
    const pieces = [...SPECIAL_PIECES, "a", "A", "ab", "##b", "##a", "b", ".", "=", "北", "##é"];
    const encoder = new WordPiece(pieces, { lowercase });
    const { ids, starts, ends, words } = encoder.encodePlaced(text);
    assert.deepEqual(ids, encoder.encode(text));
    for (let i = 0; i < ids.length; i++) {
      assert(starts[i]! < ends[i]! && ends[i]! <= text.length);
      if (i > 0) assert(starts[i]! >= starts[i - 1]! && words[i]! - words[i - 1]! <= 1);
    }
  }));
});

Deno.test("WordPiece.encode() takes the names of special pieces for text, or for pieces", () => {
  const pieces = [...SPECIAL_PIECES, "a", "mask", "[", "]", "##s"];
  const encoder = new WordPiece(pieces, { lowercase: true });
  const show = (text: string, specialPieces?: boolean) =>
    [...encoder.encode(text, { specialPieces })].map((id) => pieces[id]).join(" ");
  assert.equal(show("a [MASK] a"), "a [ mask ] a");
  assert.equal(show("a [MASK]s[SEP]", true), "a [MASK] [UNK] [SEP]");
  assert.equal(show("[mask] A", true), "[ mask ] a");
});
