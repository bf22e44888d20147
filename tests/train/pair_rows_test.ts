import assert from "node:assert/strict";
import { PADDING_BIAS } from "../../lib/model/bert.ts";
import { MaskedBatches } from "../../lib/train/batches.ts";
import { PairRows } from "../../lib/train/pair_rows.ts";
import type { DocumentSource } from "../../lib/train/pairs.ts";

const PIECES = { size: 9000, padId: 1, clsId: 2, sepId: 3, maskId: 4, continues: () => false };

/** Documents by the lengths of their sentences; piece i of the stream is 5 + i. */
function textOf(documents: readonly (readonly number[])[]) {
  let at = 0;
  const places = documents.map((sentences) => {
    const start = at;
    at += 1 + sentences.reduce((sum, each) => sum + each, 0);
    return { start, sentences: Uint32Array.from(sentences) };
  });
  const source: DocumentSource = {
    documents: places.length,
    read: (from, to) => places.slice(from, to),
  };
  const read = (start: number, count: number) =>
    Int32Array.from({ length: count }, (_, i) => 5 + start + i);
  return { stream: { tokens: at, read }, documents: source };
}

const DOCUMENTS = Array.from({ length: 20 }, (_, i) => [3 + i % 4, 5, 4, 6, 2 + i % 3, 7]);
const OPTIONS = {
  rowPieces: 24,
  pieces: PIECES,
  shortRows: 0.1,
  seed: 3,
  name: "corpus",
  generations: 2,
};

Deno.test("PairRows are [CLS] first [SEP] second [SEP], and tell where the second begins", () => {
  const rows = new PairRows(textOf(DOCUMENTS), { ...OPTIONS, shortRows: 0.9 });
  let follow = 0;
  for (let index = 0; index < rows.countOf(0); index++) {
    const { ids, second } = rows.rowAt(0, index), { at, isRandom } = second!;
    assert(ids.length <= 24);
    assert.deepEqual([ids[0], ids[at - 1], ids.at(-1)], [2, 3, 3]);
    const [first, next] = [ids.slice(1, at - 1), ids.slice(at, -1)];
    for (const segment of [first, next]) {
      assert(segment.length > 0 && segment.every((id, i) => id === segment[0]! + i), "in one run");
    }
    if (!isRandom && first.length + next.length < 21) {
      assert.equal(next[0], first.at(-1)! + 1, "the very next piece");
      follow++;
    }
  }
  assert(follow > 5);
  assert.equal(rows.tokens, DOCUMENTS.flat().reduce((sum, each) => sum + each, 0));
  assert(rows.rowTokens > 5 && rows.rowTokens <= 21);
});

Deno.test("MaskedBatches of pairs are padded, attend to no padding, and know their segments", () => {
  const source = new PairRows(textOf(DOCUMENTS), OPTIONS);
  const batches = new MaskedBatches(source, { rows: 4, seed: 3, maskRate: 0.15 });
  for (let step = 1; step <= 5; step++) {
    const { ids, attentionBias, tokenTypes, nextSentence, maskedPositions, targets, weights } =
      batches.at(step);
    for (let row = 0; row < 4; row++) {
      const { generation, index } = batches.entryAt(step, row);
      const { ids: plain, second } = source.rowAt(generation, index);
      const own = (values: { slice(from: number, to: number): ArrayLike<number> }) =>
        Array.from(values.slice(24 * row, 24 * (row + 1)));
      const places = Array.from({ length: 24 }, (_, i) => i);
      assert.deepEqual(own(attentionBias!), places.map((i) => i < plain.length ? 0 : PADDING_BIAS));
      assert.deepEqual(
        own(tokenTypes!),
        places.map((i) => i >= second!.at && i < plain.length ? 1 : 0),
      );
      assert.deepEqual(own(ids).slice(plain.length), places.slice(plain.length).map(() => 1));
      assert.equal(nextSentence![row], second!.isRandom ? 1 : 0);
    }
    maskedPositions.forEach((place, slot) => {
      if (weights[slot] === 0) return;
      const { generation, index } = batches.entryAt(step, Math.floor(place / 24));
      assert.equal(targets[slot], source.rowAt(generation, index).ids[place % 24]);
    });
    // round(0.15 * length) of each row, its [CLS] and both [SEP] counted.
    const asked = [0, 1, 2, 3].map((row) => {
      const { generation, index } = batches.entryAt(step, row);
      return Math.max(1, Math.round(0.15 * source.rowAt(generation, index).ids.length));
    });
    assert.equal(weights.reduce((a, b) => a + b), asked.reduce((a, b) => a + b));
  }
});

Deno.test("an epoch of pairs visits each pair of its generation once, as far as it is as long as the first", () => {
  const source = new PairRows(textOf(DOCUMENTS), OPTIONS);
  const batches = new MaskedBatches(source, { rows: 1, seed: 3, maskRate: 0.15 });
  let step = 1;
  const rows = source.countOf(0), counts = new Set<number>();
  for (const generation of [0, 1, 2, 3, 4, 5]) {
    const count = source.countOf(generation);
    const entries = Array.from({ length: rows }, () => batches.entryAt(step++, 0));
    assert(entries.every((each) => each.generation === generation && each.index < count));
    assert.equal(new Set(entries.map(({ index }) => index)).size, Math.min(rows, count));
    counts.add(count);
  }
  assert(counts.size > 2 && Math.min(...counts) < rows && Math.max(...counts) > rows);
  // Whatever is asked first, a step has its row.
  const late = new MaskedBatches(source, { rows: 1, seed: 3, maskRate: 0.15 });
  for (const each of [step - 1, 1, rows + 3, 2]) {
    assert.deepEqual(late.at(each), batches.at(each));
  }
});

Deno.test("static pairs are made once a copy and met again in every epoch", () => {
  const source = new PairRows(textOf(DOCUMENTS), { ...OPTIONS, generations: 3 });
  const options = { rows: 1, seed: 3, maskRate: 0.15, dupeFactor: 3 };
  const batches = new MaskedBatches(source, options);
  const epoch = source.countOf(0) + source.countOf(1) + source.countOf(2);
  const rowsOf = (from: number) =>
    Array.from({ length: epoch }, (_, i) => JSON.stringify(batches.at(from + i))).sort();
  assert.deepEqual(rowsOf(1), rowsOf(1 + epoch));
});

Deno.test("text without sentences or documents is refused, or told", () => {
  const refused = (documents: readonly (readonly number[])[], message: RegExp) =>
    assert.throws(() => new PairRows(textOf(documents), OPTIONS), (error: Error) => {
      assert.match(error.message, message);
      return true;
    });
  // A blank line between sentences makes each a document; no blank line makes one of all.
  refused(new Array(30).fill([8]), /^in none of the 30 documents of the corpus a sentence follows/);
  refused([[5, 6, 7, 8]], /^the corpus has one document, and next-sentence prediction/);
  // Whole documents on one line, with a few that are split.
  const mostly = [...new Array(60).fill([40]), ...new Array(5).fill([5, 6, 7])];
  const { warning } = new PairRows(textOf(mostly), OPTIONS);
  assert.match(
    warning!,
    /^in only \d+\.\d percent of the corpus's pairs the second segment follows/,
  );
  assert.equal(new PairRows(textOf(DOCUMENTS), OPTIONS).warning, undefined);
});
