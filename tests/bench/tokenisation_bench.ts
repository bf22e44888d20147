/**
 * WordPiece encoding of 1 MB of synthetic text, against the least that must be
 * done with it: splitting it into words and looking each up.
 */
import { Stream } from "../../lib/base/rng.ts";
import { WordPiece } from "../../lib/text/wordpiece.ts";

const SYLLABLES = ["ka", "lo", "mi", "ter", "an", "os", "pre", "vi", "dra", "ine"];

/** Words of two to five syllables, Zipf-like: as in real text most are frequent ones. */
function makeText(characters: number): string {
  const stream = new Stream(1, "bench/text");
  const words = Array.from(
    { length: 20_000 },
    () => Array.from({ length: 2 + stream.below(4) }, () => SYLLABLES[stream.below(10)]).join(""),
  );
  const parts: string[] = [];
  for (let length = 0; length < characters;) {
    const word = words[Math.floor(words.length ** stream.float()) - 1]!;
    parts.push(word);
    length += word.length + 1;
  }
  return parts.join(" ");
}

const pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
for (const each of [..."abcdefghijklmnopqrstuvwxyz", ...SYLLABLES]) pieces.push(each, `##${each}`);
const encoder = new WordPiece(pieces);

for (const megabytes of [0.1, 1]) {
  const text = makeText(megabytes * 1e6);
  const group = `${megabytes} MB`;
  Deno.bench(`split and look up, ${megabytes} MB`, { group, baseline: true }, () => {
    const counts = new Map<string, number>();
    for (const word of text.split(" ")) counts.set(word, (counts.get(word) ?? 0) + 1);
  });
  Deno.bench(`WordPiece.encode(), ${megabytes} MB`, { group }, () => {
    encoder.encode(text);
  });
}
