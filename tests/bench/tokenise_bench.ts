/**
 * How fast text becomes words, pieces, sentences and a vocabulary.
 *
 * One iteration takes one million characters of made text with a Zipf distribution
 * of words, so MB/s is 1 / (seconds an iteration). Real text is within a tenth.
 */
import { Stream } from "../../lib/base/rng.ts";
import { forEachWord } from "../../lib/text/pieces/basic_tokens.ts";
import { splitSentences } from "../../lib/text/sources/sentences.ts";
import { WordCounts } from "../../lib/text/pieces/word_counts.ts";
import { WordPiece } from "../../lib/text/pieces/wordpiece.ts";
import { trainWordPiece } from "../../lib/text/pieces/wordpiece_training.ts";

const MILLION = 1_000_000;

/** Sentences of words of 2 to 11 letters, rare words long and many. */
function makeText(characters: number): string[] {
  const draws = new Stream(1, "bench/text");
  const sentences: string[] = [];
  for (let length = 0; length < characters;) {
    let sentence = "";
    for (let i = 8 + draws.below(20); i > 0; i--) {
      const rank = Math.floor(60_000 ** draws.float());
      const letters = new Stream(rank, "bench/word");
      for (let j = 2 + Math.floor(Math.log2(rank) / 2) + draws.below(2); j > 0; j--) {
        sentence += "etaoinshrdlucmfwypvbgkqjxz"[Math.floor(26 * letters.float() ** 2)];
      }
      sentence += i > 1 ? " " : ". ";
    }
    sentence = sentence[0]!.toUpperCase() + sentence.slice(1);
    sentences.push(sentence.trim());
    length += sentence.length;
  }
  return sentences;
}

const sentences = makeText(MILLION);
const paragraph = sentences.join(" ");
const counts = new WordCounts();
for (const sentence of sentences) counts.add(sentence);
const training = {
  size: 8000,
  minPairCount: 2,
  alphabet: "ascii",
  minCharacterCount: 1,
  maxCharacters: 1000,
  seedPieces: [],
} as const;
const encoder = new WordPiece(await trainWordPiece(counts.counts, training));

Deno.bench("split on white space", { group: "1 MB of text to words", baseline: true }, () => {
  for (const sentence of sentences) sentence.split(/\s+/);
});
Deno.bench("forEachWord", { group: "1 MB of text to words" }, () => {
  for (const sentence of sentences) forEachWord(sentence, () => {});
});

Deno.bench("forEachWord", { group: "1 MB of text to pieces", baseline: true }, () => {
  for (const sentence of sentences) forEachWord(sentence, () => {});
});
Deno.bench("WordPiece.encode", { group: "1 MB of text to pieces" }, () => {
  for (const sentence of sentences) encoder.encode(sentence);
});

const icu = new Intl.Segmenter("en", { granularity: "sentence" });
Deno.bench("Intl.Segmenter", { group: "1 MB of text to sentences", baseline: true }, () => {
  for (const _ of icu.segment(paragraph));
});
Deno.bench("splitSentences", { group: "1 MB of text to sentences" }, () => {
  splitSentences(paragraph);
});

for (const size of [1000, 8000]) {
  const name = `${size} pieces`;
  Deno.bench(name, { group: "a vocabulary of 1 MB", baseline: size === 1000 }, async () => {
    await trainWordPiece(counts.counts, { ...training, size });
  });
}
