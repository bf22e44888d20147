import assert from "node:assert/strict";
import fc from "fast-check";
import { forEachWord } from "../../../lib/text/pieces/basic_tokens.ts";
import { SPECIAL_PIECES, WordPiece } from "../../../lib/text/pieces/wordpiece.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { DATA_DIR, testOnData } from "../../_support/data.ts";
import { assertFault } from "../../_support/fault.ts";
import golden from "./wordpiece_golden.json" with { type: "json" };

const BERT_VOCAB = "vocab/bert-base-cased-vocab.txt";

function wordsOf(text: string): string[] {
  const words: string[] = [];
  forEachWord(text, (word) => words.push(word));
  return words;
}

Deno.test("WordPiece.encode() gives the ids that Hugging Face's tokenizers gives", () => {
  const encoder = new WordPiece(golden.pieces.split(" "));
  for (const { text, ids } of golden.cases) {
    assert.equal(encoder.encode(text).join(" "), ids, JSON.stringify(text));
  }
});

testOnData("WordPiece.encode() gives the reference's ids with BERT's vocabulary", {
  needs: BERT_VOCAB,
  run: async () => {
    const encoder = await WordPiece.load(`${DATA_DIR}/${BERT_VOCAB}`);
    assert.equal(encoder.size, 28_996);
    assert.deepEqual(
      [encoder.padId, encoder.unkId, encoder.clsId, encoder.sepId, encoder.maskId],
      [0, 100, 101, 102, 103],
    );
    for (const { text, bertIds } of golden.cases) {
      assert.equal(encoder.encode(text).join(" "), bertIds, JSON.stringify(text));
    }
  },
});

const letters = "abé".split("");
const pieces = [
  ...SPECIAL_PIECES,
  ...letters,
  ...letters.map((each) => `##${each}`),
  "ab",
  "##ba",
  "##aéa",
  ".",
  "-",
];
const encoder = new WordPiece(pieces);

Deno.test("WordPiece.encode() cuts words into pieces that join to the words again", () => {
  const text = fc.string({ unit: fc.constantFrom(...letters, ".", "-", " ", "\t", "\u00AD") });
  fc.assert(fc.property(text, (each) => {
    const joined = [...encoder.encode(each)].map((id) => encoder.pieces[id]!).join(" ")
      .replaceAll(" ##", "");
    assert.equal(joined, wordsOf(each).join(" "));
  }));
});

Deno.test("WordPiece.encode() depends on nothing that was encoded before", () => {
  const text = fc.string({ unit: fc.constantFrom(...letters, "x", ".", " ") });
  fc.assert(fc.property(fc.array(text), (texts) => {
    const used = new WordPiece(pieces);
    for (const each of texts) {
      assert.deepEqual(used.encode(each), new WordPiece(pieces).encode(each));
    }
  }));
});

Deno.test("WordPiece.encode() takes the longest piece and gives up a word as a whole", () => {
  const show = (text: string) => [...encoder.encode(text)].map((id) => pieces[id]).join(" ");
  assert.equal(show("aba"), "ab ##a");
  assert.equal(show("aaéa"), "a ##aéa");
  assert.equal(show("abx ba"), "[UNK] b ##a");
  assert.equal(show("a".repeat(100)), `a${" ##a".repeat(99)}`);
  assert.equal(show("a".repeat(101)), "[UNK]");
  const many = "aba b ".repeat(5000);
  assert.equal(show(many), "ab ##a b ".repeat(5000).trimEnd());
});

Deno.test("forEachWord() keeps a character with a surrogate pair whole", () => {
  assert.deepEqual(wordsOf("𝒜b 🧬 \u{20000}c"), ["𝒜b", "🧬", "\u{20000}", "c"]);
  assert.deepEqual(wordsOf("a\uD800b"), ["ab"]);
});

Deno.test("WordPiece.load() reads what was written, with any line ends", async () => {
  using dir = new TempDir();
  for (const end of ["\n", "\r\n"]) {
    const loaded = await WordPiece.load(dir.file("vocab.txt", pieces.join(end) + end));
    assert.deepEqual(loaded.pieces, pieces);
  }
});

Deno.test("WordPiece.load() reports what a vocabulary lacks, and where", async () => {
  using dir = new TempDir();
  const path = dir.file("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n");
  await assertFault(() => WordPiece.load(path), {
    dir: dir.path,
    text: "vocab.txt: the vocabulary has no [MASK] [text/bad-vocab]\n" +
      "  mend: give a WordPiece vocab.txt with [PAD], [UNK], [CLS], [SEP], [MASK]",
  });
  await assertFault(() => WordPiece.load(dir.file("twice.txt", "a\nb\n\na\n")), {
    dir: dir.path,
    text: 'twice.txt:4: the piece "a" occurs twice, as ids 0 and 3 [text/bad-vocab]\n' +
      "  mend: keep one piece a line, each once",
  });
  await assertFault(() => WordPiece.load("no/vocab.txt"), {
    text: "no/vocab.txt: there is no such file [text/missing-file]\n" +
      "  mend: check the path, and that the file may be read",
  });
});
