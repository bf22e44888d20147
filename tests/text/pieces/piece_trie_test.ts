import assert from "node:assert/strict";
import fc from "fast-check";
import { PieceTrie } from "../../../lib/text/pieces/piece_trie.ts";

const letter = fc.constantFrom("a", "b", "c", "é", "\u{1F9EC}");
const piece = fc.array(letter, { minLength: 1, maxLength: 4 }).map((all) => all.join(""));

Deno.test("PieceTrie finds the longest piece that a text goes on with, wherever it starts", () => {
  const text = fc.array(letter, { maxLength: 12 }).map((all) => all.join(""));
  fc.assert(fc.property(fc.uniqueArray(piece), text, fc.nat(24), (pieces, each, place) => {
    const trie = new PieceTrie();
    for (const [id, added] of pieces.entries()) trie.add(added, id);
    const start = Math.min(place, each.length);
    const fitting = pieces.filter((one) => each.startsWith(one, start));
    const longest = fitting.toSorted((a, b) => b.length - a.length)[0];
    assert.equal(trie.longest(each, start), longest === undefined ? -1 : pieces.indexOf(longest));
    if (longest !== undefined) assert.equal(trie.end, start + longest.length);
  }));
});

Deno.test("PieceTrie keeps tens of thousands of pieces apart while its table grows", () => {
  const trie = new PieceTrie();
  const count = 50_000;
  for (let id = 0; id < count; id++) trie.add(`w${id}.`, id);
  for (let id = 0; id < count; id += 7) {
    assert.equal(trie.longest(`w${id}. and more`, 0), id);
    assert.equal(trie.longest(`w${id}`, 0), -1);
  }
});

Deno.test("PieceTrie never finds a piece without characters, and keeps the later id of one", () => {
  const trie = new PieceTrie();
  trie.add("", 1);
  assert.equal(trie.longest("abc", 0), -1);
  trie.add("ab", 2);
  trie.add("ab", 3);
  assert.equal(trie.longest("abc", 0), 3);
  assert.equal(trie.longest("abc", 3), -1);
});
