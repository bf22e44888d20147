import assert from "node:assert/strict";
import fc from "fast-check";
import { answersTable, decodeLabel } from "../../../lib/benchmarks/labelled/answers.ts";
import { encodeLabelled, encodeParts } from "../../../lib/benchmarks/labelled/features.ts";
import { WordPiece } from "../../../lib/text/pieces/wordpiece.ts";

const letters = [..."abcdefghijklmnop", "GENE", "@", "$"];
const encoder = new WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...letters]);
const labels = ["no", "yes"];
const options = { encoder, labels, length: 8 };

Deno.test("encodeLabelled() makes one segment of a text and two of a pair", () => {
  const one = encodeLabelled({ text: "a b", label: "yes" }, options);
  assert.deepEqual([...one.ids], [2, 5, 6, 3]);
  assert.equal(one.tokenTypes, undefined);
  assert.deepEqual([...one.targets], [1]);
  const two = encodeLabelled({ text: "a b", pair: "c", label: "no" }, options);
  assert.deepEqual([...two.ids], [2, 5, 6, 3, 7, 3]);
  assert.deepEqual([...two.tokenTypes!], [0, 0, 0, 0, 1, 1]);
});

Deno.test("encodeLabelled() cuts pairs as BERT does: of the longer, of equal ones the second", () => {
  const count = fc.integer({ min: 1, max: 20 });
  fc.assert(fc.property(count, count, fc.integer({ min: 5, max: 20 }), (first, second, length) => {
    const row = encodeLabelled(
      { text: "a ".repeat(first), pair: "b ".repeat(second), label: "no" },
      { ...options, length },
    );
    let [a, b] = [first, second];
    while (a + b > length - 3) a > b ? a-- : b--;
    assert.deepEqual([...row.ids], [2, ...Array(a).fill(5), 3, ...Array(b).fill(6), 3]);
    assert.equal(row.cut, first + second - a - b);
  }));
});

Deno.test("encodeParts() tells what is cut, and where a marked entity is lost", () => {
  const warnings: string[] = [];
  const long = { text: "a a a a a a a @GENE$", label: "no" };
  const harmless = { text: "@GENE$ a a a a a a a", label: "no" };
  const train = [long, harmless, { text: "a", label: "yes" }];
  encodeParts({ labels, parts: { train, dev: [], test: [harmless] } }, {
    ...options,
    warn: (message) => warnings.push(message),
  });
  assert.deepEqual(warnings, [
    "2 of 3 train texts are cut at 8 pieces; 1 of them loses a marked entity",
    "1 of 1 test text is cut at 8 pieces",
  ]);
});

Deno.test("decodeLabel() takes the likeliest label, and answersTable() writes all of them", () => {
  const answers = [Float32Array.of(0, 0), Float32Array.of(-1000, 1000)].map(decodeLabel);
  assert.deepEqual(answers.map(({ label }) => label), [0, 1]);
  const texts = [{ label: "no" }, { id: "x", label: "no" }];
  assert.equal(
    answersTable(texts, { answers, labels }),
    "id\tlabel\tprediction\tp(no)\tp(yes)\n" +
      "0\tno\tno\t0.500000\t0.500000\nx\tno\tyes\t0.000000\t1.000000\n",
  );
});
