import assert from "node:assert/strict";
import fc from "fast-check";
import { Stream } from "../../lib/base/rng.ts";
import { leakageOf, NEAR, wordsOf } from "../../lib/benchmarks/leakage.ts";
import { readLabelled } from "../../lib/benchmarks/labelled/read.ts";
import { readConll } from "../../lib/benchmarks/ner/conll.ts";
import { DATA_DIR, testOnData } from "../_support/data.ts";

Deno.test("rows are compared by their words: case, accents, punctuation and spaces do not count", () => {
  const { dev, test } = leakageOf({
    train: ["The p53 gene , mutated.", "another"],
    dev: ["the P53 gene: mutated", "Another one"],
    test: ["THE  p53 GÉNE mutated!", "", "..."],
  });
  assert.deepEqual(dev.copies, [
    { row: 0, part: "train", original: 0, similarity: 1, isExact: true },
  ]);
  // Rows without a word are like no other.
  assert.deepEqual(test.copies.map(({ row }) => row), [0]);
  assert.deepEqual(wordsOf("Ångström's β-cell"), ["angstrom", "s", "β", "cell"]);
});

Deno.test("a row of test is looked for in train and in dev, and counted once", () => {
  const { test, train } = leakageOf({
    train: ["a b c", "x y z", "x y z"],
    dev: ["x y z", "d e f"],
    test: ["x y z", "d e f", "d e f"],
  });
  assert.deepEqual(test.copies.map(({ part, original }) => [part, original]), [
    ["train", 1],
    ["dev", 1],
    ["dev", 1],
  ]);
  assert.deepEqual([train.repeated, test.repeated, test.rows], [1, 1, 3]);
});

/** Rows of words, some of them others with a few words replaced. */
function madeRows(seed: number): { train: string[]; test: string[] } {
  const draws = new Stream(seed, "test/leakage");
  const word = () => `w${draws.below(400)}`;
  const row = () => Array.from({ length: 8 + draws.below(30) }, word);
  const train = Array.from({ length: 60 }, row);
  const test = Array.from({ length: 30 }, () => {
    if (draws.below(3) === 0) return row();
    const copy = [...train[draws.below(train.length)]!];
    for (let changes = draws.below(4); changes > 0; changes--) {
      copy[draws.below(copy.length)] = word();
    }
    return copy;
  });
  return { train: train.map((each) => each.join(" ")), test: test.map((each) => each.join(" ")) };
}

function similarity(a: string, b: string): number {
  const runs = (text: string) => {
    const words = text.split(" ");
    return new Set(words.slice(2).map((_, i) => words.slice(i, i + 3).join(" ")));
  };
  const [x, y] = [runs(a), runs(b)];
  const common = [...x].filter((each) => y.has(each)).length;
  return common / (x.size + y.size - common);
}

Deno.test("near copies are those that comparing every pair finds", () => {
  let missed = 0, all = 0;
  fc.assert(
    fc.property(fc.nat(10_000), (seed) => {
      const { train, test } = madeRows(seed);
      const found = new Map(
        leakageOf({ train, dev: [], test }).test.copies.map((copy) => [copy.row, copy]),
      );
      test.forEach((text, row) => {
        const best = Math.max(...train.map((each) => similarity(text, each)));
        const copy = found.get(row);
        if (copy !== undefined) {
          assert(best >= NEAR);
          assert.equal(copy.similarity, similarity(text, train[copy.original]!));
        }
        if (best < NEAR) return;
        all++;
        if (copy === undefined) missed++;
      });
    }),
    { numRuns: 40, seed: 1 },
  );
  assert(all > 200, `${all}`);
  // At a similarity of 0.8 one pair of 4,800 escapes.
  assert(missed <= 1, `${missed} of ${all}`);
});

Deno.test("rows of one form letter are not compared pair by pair", () => {
  const body = Array.from({ length: 40 }, (_, i) => `word${i}`).join(" ");
  const letter = (name: number) => `dear ${name} ${body}`;
  const train = Array.from({ length: 5_000 }, (_, i) => letter(i));
  const { test } = leakageOf({ train, dev: [], test: [letter(30_000)] });
  assert.equal(test.copies.length, 1);
});

for (
  const [name, { rows, distinct }] of Object.entries({
    // Distinct texts of test that stand in train as they are, as MANIFEST.json counts them.
    ncbi_disease: { rows: 2, distinct: 1 },
    bc5cdr_disease: { rows: 16, distinct: 8 },
  })
) {
  testOnData(`test sentences of ${name} that stand in train are found`, {
    needs: `ner/${name}`,
    async run() {
      const [train, dev, test] = await Promise.all(
        ["train", "devel", "test"].map(async (part) => {
          const sentences = await readConll(`${DATA_DIR}/ner/${name}/${part}.tsv.gz`);
          return sentences.map(({ words }) => words.join(" "));
        }),
      );
      const as = new Set(train);
      assert.equal(new Set(test!.filter((text) => as.has(text))).size, distinct);
      const found = leakageOf({ train: train!, dev: dev!, test: test! }).test.copies;
      const copies = found.filter(({ part, isExact }) => isExact && part === "train");
      assert.equal(copies.length, rows);
    },
  });
}

testOnData("the 208 sentences that GAD repeats are found within and between a fold's parts", {
  needs: "re/gad_10fold/1",
  async run() {
    const options = { labels: ["0", "1"], markers: [], marking: "keep" } as const;
    const [train, test] = await Promise.all(["train", "test"].map(async (part) => {
      const path = `${DATA_DIR}/re/gad_10fold/1/${part}.tsv.gz`;
      const { texts } = await readLabelled({ path, format: "gad" }, options);
      return texts.map(({ text }) => text);
    }));
    const all = [...train!, ...test!];
    assert.equal(all.length - new Set(all).size, 208);
    const found = leakageOf({ train: train!, dev: [], test: test! });
    const between = found.test.copies.filter(({ isExact }) => isExact).length;
    // Three more differ in nothing but signs.
    const { train: { repeated: inTrain }, test: { repeated: inTest } } = found;
    assert.deepEqual([inTrain, inTest, between], [177, 26, 8]);
    assert.equal(found.test.copies.length - between, 6);
  },
});
