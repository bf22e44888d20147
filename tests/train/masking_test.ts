import assert from "node:assert/strict";
import fc from "fast-check";
import { Stream } from "../../lib/base/rng.ts";
import { type MaskOptions, maskRow } from "../../lib/train/masking.ts";

const SPECIAL = [0, 2, 3];
const MASK = 4;
const VOCAB = 1000;

function options(seed: number, changed: Partial<MaskOptions> = {}): MaskOptions {
  return {
    maskRate: 0.15,
    maxPredictions: 20,
    vocabSize: VOCAB,
    maskId: MASK,
    specialIds: SPECIAL,
    draws: new Stream(seed, "test/masking"),
    ...changed,
  };
}

const row = fc.array(fc.integer({ min: 5, max: VOCAB - 1 }), { maxLength: 200 })
  .chain((ids) =>
    fc.array(fc.nat(200), { maxLength: 5 }).map((seps) => {
      const body = ids.map((id, i) => (seps.includes(i) ? 3 : id));
      return Int32Array.from([2, ...body, 3]);
    })
  );

Deno.test("maskRow() predicts ordinary positions, ascending, and changes no other", () => {
  const rate = fc.double({ min: 0.01, max: 1, noNaN: true });
  fc.assert(fc.property(row, fc.nat(), rate, fc.integer({ min: 1, max: 80 }), (ids, seed, r, m) => {
    const before = ids.slice();
    const masked = maskRow(ids, options(seed, { maskRate: r, maxPredictions: m }));
    const { input, positions, targets } = masked;
    assert.deepEqual(ids, before);
    const ordinary = ids.filter((id) => !SPECIAL.includes(id)).length;
    const most = Math.min(m, ordinary), count = positions.length;
    assert.ok(count <= most);
    // The rate to the nearest whole number and at least 1; only the limits take away from it.
    const off = count - r * ids.length;
    assert.ok(count === 1 || (count < most ? Math.abs(off) : off) <= 0.5, `${count} of ${most}`);
    assert.deepEqual([...positions], [...new Set(positions)].sort((a, b) => a - b));
    assert.deepEqual([...targets], [...positions].map((position) => ids[position]));
    for (let i = 0; i < ids.length; i++) {
      if (!positions.includes(i)) assert.equal(input[i], ids[i]);
      else assert.ok(!SPECIAL.includes(ids[i]!) && input[i]! >= 0 && input[i]! < VOCAB);
    }
  }));
});

Deno.test("maskRow() is a function of the row and the stream's place alone", () => {
  const ids = Int32Array.from({ length: 128 }, (_, i) => 10 + i);
  assert.deepEqual(maskRow(ids, options(7)), maskRow(ids, options(7)));
  assert.notDeepEqual(maskRow(ids, options(7)).positions, maskRow(ids, options(8)).positions);
});

Deno.test("maskRow() predicts as many positions as BERT does", () => {
  const cases = [[2, 1], [3, 1], [10, 2], [64, 10], [128, 19], [512, 20]] as const;
  for (const [length, wanted] of cases) {
    const ids = Int32Array.from({ length }, (_, i) => (i === 0 ? 2 : 10));
    assert.equal(maskRow(ids, options(1)).positions.length, wanted, `length ${length}`);
  }
});

Deno.test("maskRow() masks 80 percent, redraws 10, keeps 10, and chooses places evenly", () => {
  const length = 100, rows = 4000;
  const ids = Int32Array.from({ length }, () => 7);
  const chosen = new Int32Array(length);
  const kinds = { mask: 0, kept: 0, random: 0 };
  for (let i = 0; i < rows; i++) {
    const draws = new Stream(1, "test/masking", i);
    const { input, positions } = maskRow(ids, options(0, { draws }));
    for (const position of positions) {
      chosen[position]!++;
      const id = input[position];
      kinds[id === MASK ? "mask" : id === 7 ? "kept" : "random"]++;
    }
  }
  const total = rows * 15;
  // Five standard deviations of a share p of n draws: 5 sqrt(p (1 - p) / n).
  assert.ok(Math.abs(kinds.mask / total - 0.8001) < 0.0082, JSON.stringify(kinds));
  assert.ok(Math.abs(kinds.kept / total - 0.1001) < 0.0062, JSON.stringify(kinds));
  for (const count of chosen) assert.ok(Math.abs(count / rows - 0.15) < 0.0283, `${count}`);
});

Deno.test("maskRow() draws random pieces from the whole vocabulary, special ones too", () => {
  const ids = new Int32Array(100).fill(7), vocabSize = 40, seen = new Set<number>();
  for (let i = 0; i < 400; i++) {
    const draws = new Stream(1, "test/whole", i);
    const { input, positions } = maskRow(ids, options(0, { draws, vocabSize }));
    for (const position of positions) seen.add(input[position]!);
  }
  const all = Array.from({ length: vocabSize }, (_, id) => id);
  assert.deepEqual([...seen].sort((a, b) => a - b), all);
});

Deno.test("rows of 128 and 512 pieces stay within BERT's 20 and 77 predictions at its rate", () => {
  const bert = { 128: 20, 512: 77 } as const;
  for (const [length, most] of Object.entries(bert)) {
    const ids = Int32Array.from({ length: Number(length) }, (_, i) => (i === 0 ? 2 : 10));
    const unlimited = maskRow(ids, options(1, { maxPredictions: ids.length })).positions.length;
    assert.equal(unlimited, maskRow(ids, options(1, { maxPredictions: most })).positions.length);
  }
});

/** Ids from 500 on go on with the word of the piece before them. */
const continues = (id: number) => id >= 500;

/** Words of a row as [from, to), as they are masked together. */
function wordsOf(ids: Int32Array): [number, number][] {
  const words: [number, number][] = [];
  ids.forEach((id, i) => {
    if (SPECIAL.includes(id)) return;
    const last = words.at(-1);
    if (last?.[1] === i && continues(id)) last[1]++;
    else words.push([i, i + 1]);
  });
  return words;
}

Deno.test("whole words are masked with all their pieces or not at all", () => {
  fc.assert(fc.property(row, fc.nat(), fc.integer({ min: 1, max: 30 }), (ids, seed, most) => {
    const { input, positions, targets } = maskRow(
      ids,
      options(seed, { continues, maxPredictions: most, maskRate: 0.3 }),
    );
    const asked = Math.min(most, Math.max(1, Math.round(0.3 * ids.length)));
    assert(positions.length <= asked);
    const chosen = new Set(positions);
    const words = wordsOf(ids);
    const untouched = words.filter(([from, to]) => {
      const masked = Array.from({ length: to - from }, (_, i) => chosen.has(from + i));
      assert(masked.every((each) => each === masked[0]), "a word is in one state");
      return !masked[0];
    });
    // The budget is used up as far as any word fits into what is left of it.
    const left = asked - positions.length;
    assert(untouched.every(([from, to]) => to - from > left));
    assert.deepEqual([...targets], [...positions].map((position) => ids[position]));
    ids.forEach((id, i) => chosen.has(i) || assert.equal(input[i], id));
  }));
});

Deno.test("a word longer than the budget is passed over, and others are taken", () => {
  const long = Int32Array.of(2, 10, 501, 502, 503, 11, 12, 3);
  for (let seed = 0; seed < 20; seed++) {
    const { positions } = maskRow(long, options(seed, { continues, maskRate: 0.25 }));
    assert.deepEqual([...positions], [5, 6]);
  }
  const nothing = Int32Array.of(2, 10, 501, 502, 503, 3);
  assert.equal(maskRow(nothing, options(0, { continues, maskRate: 0.3 })).positions.length, 0);
});

Deno.test("a piece inside a word whose beginning was cut off is a word by itself", () => {
  const ids = Int32Array.of(2, 501, 502, 11, 3, 503, 12, 3);
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    seen.add(String(maskRow(ids, options(seed, { continues, maskRate: 0.13 })).positions));
  }
  // "501 502" has two pieces, more than the one that is asked for.
  assert.deepEqual([...seen].sort(), ["3", "5", "6"]);
});

Deno.test("each piece of a masked word has its own draw of what replaces it", () => {
  const ids = Int32Array.of(2, 10, 501, 502, 503, 504, 3);
  const mixed = Array.from({ length: 200 }, (_, seed) => {
    const { input, positions } = maskRow(ids, options(seed, { continues, maskRate: 0.7 }));
    const masked = [...positions].filter((place) => input[place] === MASK).length;
    return masked > 0 && masked < positions.length;
  });
  assert(mixed.filter(Boolean).length > 60);
});
