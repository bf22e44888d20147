import assert from "node:assert/strict";
import { CLASS_CUES, FAMILIAR, FRAMES } from "../../../lib/text/synthetic/lexicon.ts";
import { nerSentences } from "../../../lib/text/synthetic/ner.ts";
import { textOf } from "../../../lib/text/synthetic/sentences.ts";
import { PARTS } from "../../../lib/base/parts.ts";
import { smallWorld } from "./_small_world.ts";

const world = smallWorld();

Deno.test("nerSentences() gives parts whose names share no suffix", () => {
  const suffixes = PARTS.map((part) =>
    new Set(
      nerSentences(world, { part, count: 400 })
        .flatMap((each) => each.mentions.map(({ name }) => name.suffix)),
    )
  );
  const all = suffixes.flatMap((each) => [...each]);
  assert.equal(new Set(all).size, all.length);
  // Every suffix of the part occurs: 2 of 6 in each of 4 classes.
  assert.deepEqual(suffixes.map((each) => each.size), [8, 8, 8]);
});

Deno.test("nerSentences() gives no cue and no familiar thing away", () => {
  const telling = new Set([
    ...Object.values(CLASS_CUES).flatMap((cues) =>
      [cues.nouns, cues.participles, cues.adjectives].flat()
    ),
    ...Object.values(FAMILIAR).flat(),
  ]);
  for (const part of PARTS) {
    for (const { words } of nerSentences(world, { part, count: 300 })) {
      assert.ok(!words.some((word) => telling.has(word)), words.join(" "));
    }
  }
});

Deno.test("nerSentences() gives as many sentences as asked for, no two alike", () => {
  const texts = nerSentences(world, { part: "test", count: 500 }).map(textOf);
  assert.equal(new Set(texts).size, 500);
});

Deno.test("nerSentences() starts the same whatever the number", () => {
  const few = nerSentences(world, { part: "dev", count: 10 });
  assert.deepEqual(nerSentences(world, { part: "dev", count: 50 }).slice(0, 10), few);
});

Deno.test("nerSentences() keeps to 14 pieces, so that rows of 16 hold every sentence", () => {
  // A name is three pieces at most, stem, stem and suffix; every other word is one.
  const longest = Math.max(
    ...FRAMES.map((frame) => frame.length + 2 * frame.filter((slot) => slot === "X").length + 1),
  );
  assert.ok(longest <= 14, String(longest));
  for (const part of PARTS) {
    for (const { words, mentions } of nerSentences(world, { part, count: 1000 })) {
      assert.ok(words.length + mentions.length <= longest, words.join(" "));
    }
  }
});
