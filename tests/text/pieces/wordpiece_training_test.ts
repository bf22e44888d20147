import assert from "node:assert/strict";
import fc from "fast-check";
import { SPECIAL_PIECES, WordPiece } from "../../../lib/text/pieces/wordpiece.ts";
import {
  type TrainingProgress,
  trainWordPiece,
  type WordPieceTrainingOptions,
} from "../../../lib/text/pieces/wordpiece_training.ts";
import { WordCounts } from "../../../lib/text/pieces/word_counts.ts";
import { assertFault } from "../../_support/fault.ts";

const options: WordPieceTrainingOptions = {
  size: 1000,
  minPairCount: 2,
  alphabet: "corpus",
  minCharacterCount: 1,
  maxCharacters: 1000,
  seedPieces: [],
};

/** The pieces after the special ones. */
async function trained(
  counts: Record<string, number>,
  changed: Partial<WordPieceTrainingOptions> = {},
): Promise<string[]> {
  const pieces = await trainWordPiece(new Map(Object.entries(counts)), { ...options, ...changed });
  assert.deepEqual(pieces.slice(0, 5), SPECIAL_PIECES);
  return pieces.slice(5);
}

Deno.test("trainWordPiece() merges the most frequent pair first", async () => {
  // Pairs: h ##u 15 + 5 + 5 = 25, ##u ##g 20, ##u ##n 16, p ##u 17; then hu ##g 15, ...
  assert.deepEqual(
    await trained({ hug: 10, pug: 5, pun: 12, bun: 4, hugs: 5 }),
    "b g h n p s u ##g ##n ##s ##u ##ug ##un hug pun pug hugs bun".split(" "),
  );
});

Deno.test("trainWordPiece() stops at its size and at the least pair count", async () => {
  const counts = { hug: 10, pug: 5, pun: 12, bun: 4, hugs: 5 };
  assert.deepEqual((await trained(counts, { size: 18 })).slice(-2), ["##ug", "##un"]);
  assert.deepEqual((await trained(counts, { minPairCount: 12 })).slice(-2), ["hug", "pun"]);
});

Deno.test("trainWordPiece() counts pairs within repeated letters as they are cut", async () => {
  // aaaa: a ##a once, ##a ##a twice; merged from the left to a ##aa ##a, then the pair that was met first.
  assert.deepEqual(await trained({ aaaa: 3 }), ["a", "##a", "##aa", "aaa", "aaaa"]);
});

Deno.test("trainWordPiece() gives the same whatever the order of the words", async () => {
  const word = fc.string({ unit: fc.constantFrom(..."abc"), minLength: 1, maxLength: 8 });
  const entries = fc.uniqueArray(fc.tuple(word, fc.integer({ min: 1, max: 9 })), {
    selector: ([each]) => each,
    minLength: 1,
  });
  await fc.assert(fc.asyncProperty(entries, async (all) => {
    const pieces = await trainWordPiece(new Map(all), options);
    assert.deepEqual(await trainWordPiece(new Map(all.toReversed()), options), pieces);
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

Deno.test("trainWordPiece() equals training that counts all pairs anew at each merge", async () => {
  const word = fc.string({ unit: fc.constantFrom(..."ab"), minLength: 1, maxLength: 10 });
  const entries = fc.uniqueArray(fc.tuple(word, fc.integer({ min: 1, max: 100_000 })), {
    selector: ([each]) => each,
    minLength: 1,
    maxLength: 12,
  });
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(entries, fc.integer({ min: 10, max: 40 }), async (all, size) => {
      const counts = new Map(all);
      let wanted: Set<string>;
      try {
        wanted = trainSlowly(counts, size);
      } catch {
        return;
      }
      compared++;
      const found = await trainWordPiece(counts, { ...options, size });
      assert.deepEqual(new Set(found.slice(5)), wanted);
    }),
    { numRuns: 1500 },
  );
  assert.ok(compared > 100, `only ${compared} texts had no ties`);
});

Deno.test("trainWordPiece() keeps words of seeded pieces split and still merges others", async () => {
  const counts = { balomin: 500, balotex: 300, omega: 200, omen: 100 };
  const seedPieces = ["balo", "##min", "##tex"];
  const pieces = await trainWordPiece(new Map(Object.entries(counts)), { ...options, seedPieces });
  const encoder = new WordPiece(pieces);
  const show = (text: string) => [...encoder.encode(text)].map((id) => pieces[id]).join(" ");
  assert.equal(show("balomin balotex omega omen"), "balo ##min balo ##tex omega omen");
  assert.ok(!pieces.includes("##omin"));
});

Deno.test("trainWordPiece() knows all printable ASCII if asked, and leaves out rare characters", async () => {
  const counts = { "naïve": 1, "cat": 30, "中": 30 };
  const pieces = await trained(counts, {
    alphabet: "ascii",
    minCharacterCount: 20,
    minPairCount: 31,
  });
  const printable = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
  const inside = printable.filter((each) => /[0-9A-Za-z]/.test(each)).map((each) => `##${each}`);
  assert.deepEqual(pieces, [...printable, "中", ...inside]);
  assert.deepEqual(await trained(counts, { maxCharacters: 2, minPairCount: 99 }), [
    "a",
    "c",
    "##a",
  ]);
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
  assert.equal(words.forgotten, 3);
});

Deno.test("WordCounts leaves out the words that are too long for the encoder, and no others", async () => {
  const words = new WordCounts();
  const pieces = await trained({ "\u{1F9EC}": 30 });
  const encoder = new WordPiece([...SPECIAL_PIECES, ...pieces, "##\u{1F9EC}"]);
  for (const length of [51, 100, 101]) {
    for (const letter of ["x", "\u{1F9EC}"]) {
      const word = letter.repeat(length);
      words.add(word);
      assert.equal(words.counts.has(word), length <= 100, word);
    }
    const isUnknown = encoder.encode("\u{1F9EC}".repeat(length))[0] === encoder.unkId;
    assert.equal(isUnknown, length > 100);
  }
  assert.equal(words.tooLong, 2);
});

Deno.test("trainWordPiece() tells how far it is, and ends with the signal's reason", async () => {
  const counts = new Map(
    Array.from({ length: 60_000 }, (_, i) => [`word${i}of${i % 977}`, 1 + i % 7]),
  );
  const told: TrainingProgress[] = [];
  const watched = {
    ...options,
    size: 4000,
    onProgress: (progress: TrainingProgress) => void told.push(progress),
  };
  const pieces = await trainWordPiece(counts, watched);
  assert.deepEqual(new Set(told.map(({ phase }) => phase)), new Set(["cutting", "merging"]));
  for (const { phase, done, total, unit } of told) {
    assert.ok(done > 0 && done < total);
    assert.deepEqual([total, unit], phase === "cutting" ? [60_000, "words"] : [4000, "pieces"]);
  }
  assert.deepEqual(pieces, await trainWordPiece(counts, { ...options, size: 4000 }));
  const abort = new AbortController();
  const reason = new Error("stop");
  const onProgress = () => abort.abort(reason);
  const { signal } = abort;
  await assert.rejects(trainWordPiece(counts, { ...watched, onProgress, signal }), reason);
});
