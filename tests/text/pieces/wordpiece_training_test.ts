import assert from "node:assert/strict";
import fc from "fast-check";
import { SPECIAL_PIECES, WordPiece } from "../../../lib/text/pieces/wordpiece.ts";
import {
  trainWordPiece,
  type WordPieceTrainingOptions,
} from "../../../lib/text/pieces/wordpiece_training.ts";
import { WordCounts } from "../../../lib/text/pieces/word_counts.ts";
import { assertFault } from "../_fixtures.ts";

const options: WordPieceTrainingOptions = {
  size: 1000,
  minPairCount: 2,
  alphabet: "corpus",
  minCharacterCount: 1,
  maxCharacters: 1000,
  seedPieces: [],
};

/** The pieces after the special ones. */
function trained(
  counts: Record<string, number>,
  changed: Partial<WordPieceTrainingOptions> = {},
): string[] {
  const pieces = trainWordPiece(new Map(Object.entries(counts)), { ...options, ...changed });
  assert.deepEqual(pieces.slice(0, 5), SPECIAL_PIECES);
  return pieces.slice(5);
}

Deno.test("trainWordPiece() merges the most frequent pair first", () => {
  // Pairs: h ##u 15 + 5 + 5 = 25, ##u ##g 20, ##u ##n 16, p ##u 17; then hu ##g 15, ...
  assert.deepEqual(
    trained({ hug: 10, pug: 5, pun: 12, bun: 4, hugs: 5 }),
    "b g h n p s u ##g ##n ##s ##u ##ug ##un hug pun pug hugs bun".split(" "),
  );
});

Deno.test("trainWordPiece() stops at its size and at the least pair count", () => {
  const counts = { hug: 10, pug: 5, pun: 12, bun: 4, hugs: 5 };
  assert.deepEqual(trained(counts, { size: 18 }).slice(-2), ["##ug", "##un"]);
  assert.deepEqual(trained(counts, { minPairCount: 12 }).slice(-2), ["hug", "pun"]);
});

Deno.test("trainWordPiece() counts pairs within repeated letters as they are cut", () => {
  // aaaa: a ##a once, ##a ##a twice; merged from the left to a ##aa ##a, then the pair that was met first.
  assert.deepEqual(trained({ aaaa: 3 }), ["a", "##a", "##aa", "aaa", "aaaa"]);
});

Deno.test("trainWordPiece() gives the same whatever the order of the words", () => {
  const word = fc.string({ unit: fc.constantFrom(..."abc"), minLength: 1, maxLength: 8 });
  const entries = fc.uniqueArray(fc.tuple(word, fc.integer({ min: 1, max: 9 })), {
    selector: ([each]) => each,
    minLength: 1,
  });
  fc.assert(fc.property(entries, (all) => {
    const pieces = trainWordPiece(new Map(all), options);
    assert.deepEqual(trainWordPiece(new Map(all.toReversed()), options), pieces);
    assert.equal(new Set(pieces).size, pieces.length);
  }));
});

/** What training must give, by counting all pairs anew before each merge. */
function trainSlowly(counts: ReadonlyMap<string, number>, size: number): Set<string> {
  const words = [...counts].map(([word, count]) => ({
    count,
    parts: [...word].map((each, i) => (i === 0 ? each : `##${each}`)),
  }));
  const pieces = new Set(words.flatMap(({ parts }) => parts));
  for (const piece of [...pieces]) pieces.add(piece.replace("##", ""));
  while (pieces.size + 5 < size) {
    const pairs = new Map<string, number>();
    for (const { parts, count } of words) {
      for (let i = 1; i < parts.length; i++) {
        const pair = `${parts[i - 1]} ${parts[i]}`;
        pairs.set(pair, (pairs.get(pair) ?? 0) + count);
      }
    }
    const best = Math.max(0, ...pairs.values());
    const winners = [...pairs].filter(([, count]) => count === best);
    // Ties are the trainer's own choice, so only texts without them are compared.
    if (best < 2) return pieces;
    if (winners.length > 1) throw new Error("tie");
    const [left, right] = winners[0]![0].split(" ") as [string, string];
    const merged = left + right.slice(2);
    for (const each of words) {
      const parts: string[] = [];
      for (let i = 0; i < each.parts.length; i++) {
        const isPair = each.parts[i] === left && each.parts[i + 1] === right;
        parts.push(isPair ? merged : each.parts[i]!);
        if (isPair) i++;
      }
      each.parts = parts;
    }
    pieces.add(merged);
  }
  return pieces;
}

Deno.test("trainWordPiece() equals training that counts all pairs anew at each merge", () => {
  const word = fc.string({ unit: fc.constantFrom(..."ab"), minLength: 1, maxLength: 10 });
  const entries = fc.uniqueArray(fc.tuple(word, fc.integer({ min: 1, max: 100_000 })), {
    selector: ([each]) => each,
    minLength: 1,
    maxLength: 12,
  });
  let compared = 0;
  fc.assert(
    fc.property(entries, fc.integer({ min: 10, max: 40 }), (all, size) => {
      const counts = new Map(all);
      let wanted: Set<string>;
      try {
        wanted = trainSlowly(counts, size);
      } catch {
        return;
      }
      compared++;
      const found = trainWordPiece(counts, { ...options, size });
      assert.deepEqual(new Set(found.slice(5)), wanted);
    }),
    { numRuns: 1500 },
  );
  assert.ok(compared > 100, `only ${compared} texts had no ties`);
});

Deno.test("trainWordPiece() keeps words of seeded pieces split and still merges others", () => {
  const counts = { balomin: 500, balotex: 300, omega: 200, omen: 100 };
  const seedPieces = ["balo", "##min", "##tex"];
  const pieces = trainWordPiece(new Map(Object.entries(counts)), { ...options, seedPieces });
  const encoder = new WordPiece(pieces);
  const show = (text: string) => [...encoder.encode(text)].map((id) => pieces[id]).join(" ");
  assert.equal(show("balomin balotex omega omen"), "balo ##min balo ##tex omega omen");
  assert.ok(!pieces.includes("##omin"));
});

Deno.test("trainWordPiece() knows all printable ASCII if asked, and leaves out rare characters", () => {
  const counts = { "naïve": 1, "cat": 30, "中": 30 };
  const pieces = trained(counts, { alphabet: "ascii", minCharacterCount: 20, minPairCount: 31 });
  const printable = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
  const inside = printable.filter((each) => /[0-9A-Za-z]/.test(each)).map((each) => `##${each}`);
  assert.deepEqual(pieces, [...printable, "中", ...inside]);
  assert.deepEqual(trained(counts, { maxCharacters: 2, minPairCount: 99 }), ["a", "c", "##a"]);
});

Deno.test("trainWordPiece() refuses a size that cannot hold what it begins with", async () => {
  await assertFault(() => trained({ abc: 1 }, { size: 9 }), {
    text: "a vocabulary of 9 pieces cannot hold the 10 special pieces, characters and seeded " +
      "pieces it begins with [text/bad-vocab]\n" +
      "  mend: raise size above 10, or lower maxCharacters",
  });
  await assertFault(() => trained({}), {
    text: "there is no text to train a vocabulary on [text/empty-corpus]\n" +
      "  mend: give a corpus with text in its train split",
  });
});

Deno.test("WordCounts counts words and forgets the rarest when there are too many", () => {
  const words = new WordCounts({ maxWords: 4 });
  words.add("a a a b b, c");
  assert.deepEqual([...words.counts], [["a", 3], ["b", 2], [",", 1], ["c", 1]]);
  words.add("d");
  assert.deepEqual([...words.counts], [["a", 3], ["b", 2]]);
  words.add("x".repeat(101));
  assert.equal(words.counts.size, 2);
});
