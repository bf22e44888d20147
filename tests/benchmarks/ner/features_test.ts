import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeTags,
  encodeSentence,
  encodeWindows,
  labelsOf,
} from "../../../lib/benchmarks/ner/features.ts";
import { WordPiece } from "../../../lib/text/pieces/wordpiece.ts";

const LETTERS = ["a", "b", "c"];
const encoder = new WordPiece([
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
  ...LETTERS,
  ...LETTERS.map((letter) => `##${letter}`),
  "/",
  "#",
]);
const LABELS = ["O", "B", "I"];
const id = (piece: string) => encoder.idOf(piece)!;

function encode(
  text: string,
  options: { length?: number; labelPiece?: "first" | "last" } = {},
) {
  const pairs = text.split(" ").map((each) => each.split(":") as [string, string]);
  const sentence = {
    words: pairs.map(([word]) => word),
    tags: pairs.map(([, tag]) => tag),
    line: 1,
  };
  return encodeSentence(sentence, {
    encoder,
    labels: LABELS,
    length: options.length ?? 16,
    labelPiece: options.labelPiece ?? "first",
  });
}

/** Outputs under which these labels are the likeliest, and all equally likely where it is -1. */
function outputsOf(labels: Iterable<number>): Float32Array {
  const rows = Array.from(labels, (label) => LABELS.map((_, i) => i === label ? 1 : 0));
  return Float32Array.from(rows.flat());
}

Deno.test("encodeSentence() labels the first or the last piece of a word", () => {
  const first = encode("ab:B c:O");
  assert.deepEqual([...first.ids], ["[CLS]", "a", "##b", "c", "[SEP]"].map(id));
  assert.deepEqual([...first.targets], [-1, 1, -1, 0, -1]);
  assert.deepEqual([...first.wordPieces], [1, 3]);
  const last = encode("ab:B c:O", { labelPiece: "last" });
  assert.deepEqual([...last.ids], [...first.ids]);
  assert.deepEqual([...last.targets], [-1, -1, 1, 0, -1]);
  assert.deepEqual([...last.wordPieces], [2, 3]);
});

Deno.test("encodeSentence() keeps a word whole that punctuation or ## cuts in pieces", () => {
  const example = encode("a/b:B ##c:O", { labelPiece: "last" });
  assert.deepEqual([...example.ids], ["[CLS]", "a", "/", "b", "#", "#", "c", "[SEP]"].map(id));
  assert.deepEqual([...example.wordPieces], [3, 6]);
});

Deno.test("9/7/1992 is one word with one tag, though no piece of it begins with ##", () => {
  const pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "since", "9", "7", "1992", "/"];
  const encoder = new WordPiece(pieces);
  const sentence = { words: ["since", "9/7/1992"], tags: ["O", "B"], line: 1 };
  for (const labelPiece of ["first", "last"] as const) {
    const example = encodeSentence(sentence, { encoder, labels: LABELS, length: 16, labelPiece });
    assert.deepEqual([...example.ids], [2, 5, 6, 9, 7, 9, 8, 3]);
    assert.deepEqual([...example.wordPieces], [1, labelPiece === "first" ? 2 : 6]);
    const outputs = outputsOf(example.targets);
    assert.deepEqual(decodeTags(example, outputs, LABELS), sentence.tags);
  }
});

Deno.test("encodeSentence() gives a word without pieces an [UNK] of its own", () => {
  const example = encode("a:O \u0001:B b:O");
  assert.deepEqual([...example.ids], ["[CLS]", "a", "[UNK]", "b", "[SEP]"].map(id));
  assert.deepEqual([...example.targets], [-1, 0, 1, 0, -1]);
});

Deno.test("encodeSentence() cuts at the length; words without their piece are cut off", () => {
  const first = encode("a:O bcb:B c:O", { length: 5 });
  assert.deepEqual([...first.ids], ["[CLS]", "a", "b", "##c", "[SEP]"].map(id));
  assert.deepEqual([...first.wordPieces], [1, 2, -1]);
  const whole = encode("a:O bcb:B c:I", { length: 7 });
  assert.deepEqual([...whole.wordPieces], [1, 2, 5]);
  const last = encode("a:O bcb:B c:O", { length: 5, labelPiece: "last" });
  assert.deepEqual([...last.wordPieces], [1, -1, -1]);
  assert.deepEqual([...last.targets], [-1, 0, -1, -1, -1]);
});

Deno.test("encodeSentence() and decodeTags() give back the tags of any sentence that fits", () => {
  const word = fc.stringMatching(/^[abc/#]{1,4}$/);
  const tagged = fc.array(fc.tuple(word, fc.constantFrom(...LABELS)), { minLength: 1 });
  const labelPiece = fc.constantFrom("first" as const, "last" as const);
  fc.assert(
    fc.property(tagged, labelPiece, fc.integer({ min: 3, max: 40 }), (pairs, which, length) => {
      const tags = pairs.map(([, tag]) => tag);
      const example = encodeSentence(
        { words: pairs.map(([each]) => each), tags, line: 1 },
        { encoder, labels: LABELS, labelPiece: which, length },
      );
      assert.ok(example.ids.length <= length);
      assert.equal(example.targets.length, example.ids.length);
      const decoded = decodeTags(example, outputsOf(example.targets), LABELS);
      decoded.forEach((tag, i) => {
        assert.equal(tag, example.wordPieces[i]! >= 0 ? tags[i] : "O");
      });
      const pieces = pairs.reduce((sum, [each]) => sum + encoder.encode(each).length, 0);
      if (pieces + 2 <= length) assert.deepEqual(decoded, tags);
    }),
  );
});

Deno.test("decodeTags() passes over padding", () => {
  assert.deepEqual(
    decodeTags({ wordPieces: Int32Array.of(1, -1) }, outputsOf([0, 2, 0, 1, 1]), LABELS),
    ["I", "O"],
  );
});

Deno.test("encodeSentence() refuses a tag that is not among the labels", () => {
  assert.throws(() => encode("a:B-X"), /the tag B-X is not among the labels/);
});

Deno.test("labelsOf() puts O first and the rest in alphabetical order", () => {
  assert.deepEqual(labelsOf([{ tags: ["I-X", "B-X"] }, { tags: ["B-A"] }]), [
    "O",
    "B-A",
    "B-X",
    "I-X",
  ]);
  assert.deepEqual(labelsOf([]), ["O"]);
});

Deno.test("encodeWindows() labels every word once, in order, with context around it", () => {
  const letters = [..."abcdefgh", "##x", "##y"];
  const encoder = new WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...letters]);
  const word = fc.constantFrom("a", "bx", "cxy", "d");
  fc.assert(fc.property(
    fc.array(word, { minLength: 1, maxLength: 40 }),
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: 11, max: 20 }),
    (words, context, length) => {
      const tags = words.map((_, i) => i % 2 === 0 ? "B" : "O"), labels = ["O", "B"];
      const options = { encoder, labels, length, labelPiece: "first" as const };
      const windows = encodeWindows({ words, tags, line: 1 }, { ...options, context });
      const found = windows.flatMap(({ ids, wordPieces, targets }) => {
        assert(ids.length <= length);
        assert.equal(targets.filter((target) => target >= 0).length, wordPieces.length);
        return [...wordPieces].map((
          place,
        ) => [encoder.pieces[ids[place]!], labels[targets[place]!]]);
      });
      assert.deepEqual(found, words.map((each, i) => [each[0], tags[i]]));
      for (const { wordPieces } of windows.slice(1)) {
        // [CLS], then context: as much as whole words of up to three pieces leave room for.
        assert(wordPieces[0]! - 1 >= Math.min(context, Math.floor((length - 2) / 3)) - 2);
      }
      if (windows.length === 1) {
        assert.deepEqual(windows, [encodeSentence({ words, tags, line: 1 }, options)]);
      }
    },
  ));
});
