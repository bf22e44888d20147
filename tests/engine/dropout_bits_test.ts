/** dropout_bits: the definition by a literal, and the statistics of a mask. */
import assert from "node:assert/strict";
import { philox, siteHash } from "../../lib/base/rng.ts";
import fc from "fast-check";
import {
  DROPOUT_TAG,
  dropoutConstants,
  dropoutSeedOf,
  fillDropoutMask,
} from "../../lib/engine/dropout_bits.ts";

function mask(size: number, rate: number, seed: [number, number], site = "site"): Float32Array {
  const out = new Float32Array(size);
  fillDropoutMask(out, { rate, site, seed });
  return out;
}

Deno.test("fillDropoutMask() draws the bits of its definition", () => {
  // From an independent Philox (Python integers): a change here changes every trained model.
  const kept = [...mask(40, 0.25, [-7, 3], "encoder/0/hidden")].map((each) => each > 0 ? 1 : 0);
  assert.equal(kept.join(""), "1111111111001111111110110111111111001001");
});

Deno.test("fillDropoutMask() keeps a word at the threshold and drops the one below", () => {
  const words = new Uint32Array(4);
  philox([0, 0, 2, DROPOUT_TAG], [1, siteHash("site")], words);
  for (const [element, word] of words.entries()) {
    assert.ok(mask(4, word / 2 ** 32, [1, 2])[element]! > 0);
    assert.equal(mask(4, (word + 1) / 2 ** 32, [1, 2])[element], 0);
  }
});

Deno.test("fillDropoutMask() does not depend on the size of the mask", () => {
  const whole = mask(103, 0.3, [1, 2]);
  for (const size of [1, 2, 3, 4, 5, 50]) {
    assert.deepEqual(mask(size, 0.3, [1, 2]), whole.slice(0, size));
  }
});

Deno.test("fillDropoutMask() of micro-batches draws what it draws of the whole batch", () => {
  const counts = fc.integer({ min: 1, max: 9 });
  fc.assert(fc.property(counts, counts, counts, (parts, rows, quarter) => {
    const rowSize = 4 * quarter, size = rows * rowSize;
    const drawn = Array.from({ length: parts }, (_, part) => {
      const own = new Float32Array(size);
      const seed = dropoutSeedOf(Int32Array.of(1, 2, part * rows), { rowSize });
      fillDropoutMask(own, { rate: 0.3, site: "site", ...seed });
      return [...own];
    });
    assert.deepEqual(drawn.flat(), [...mask(parts * size, 0.3, [1, 2])]);
  }));
});

Deno.test("fillDropoutMask() takes a seed as i32 and as u32 alike", () => {
  assert.deepEqual(mask(64, 0.5, [-1, 1]), mask(64, 0.5, [0xFFFFFFFF, 1]));
});

Deno.test("fillDropoutMask() keeps everything at rate 0", () => {
  assert.deepEqual(mask(17, 0, [1, 1]), new Float32Array(17).fill(1));
});

Deno.test("fillDropoutMask() drops at the rate, each seed, step and site its own way", () => {
  const size = 100_000, rate = 0.1;
  const draws = [mask(size, rate, [1, 1]), mask(size, rate, [2, 1]), mask(size, rate, [1, 2])];
  draws.push(mask(size, rate, [1, 1], "other"));
  for (const [i, draw] of draws.entries()) {
    const dropped = draw.filter((each) => each === 0).length;
    // Five standard deviations of a binomial of this size are 474.
    assert.ok(Math.abs(dropped - rate * size) < 474, `draw ${i} dropped ${dropped}`);
    for (const other of draws.slice(0, i)) {
      const both = draw.filter((each, j) => each === 0 && other[j] === 0).length;
      assert.ok(Math.abs(both - rate * rate * size) < 158, `draws overlap in ${both}`);
    }
  }
});

Deno.test("dropoutConstants() compares whole words", () => {
  const { threshold, keptValue } = dropoutConstants(0.1, "site");
  assert.equal(threshold, 429496730);
  assert.equal(keptValue, Math.fround(1 / 0.9));
});
