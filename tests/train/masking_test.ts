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
