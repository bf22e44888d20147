import assert from "node:assert/strict";
import fc from "fast-check";
import { Permutation, philox, Stream } from "../../lib/base/rng.ts";

Deno.test("philox() gives the published answers", () => {
  // Known-answer vectors of Philox 4x32-10 from the Random123 distribution.
  const cases = [
    {
      counter: [0, 0, 0, 0],
      key: [0, 0],
      words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ] as const;
  for (const { counter, key, words } of cases) {
    const out = new Uint32Array(4);
    philox(counter, key, out);
    assert.deepEqual([...out], words);
  }
});

Deno.test("Stream repeats itself and differs by seed, site and counters", () => {
  const draw = (...args: ConstructorParameters<typeof Stream>) => {
    const stream = new Stream(...args);
    return Array.from({ length: 6 }, () => stream.uint32()).join();
  };
  const all = [
    draw(1, "a"),
    draw(2, "a"),
    draw(1, "b"),
    draw(1, "a", 1),
    draw(1, "a", 0, 1),
    draw(1, "a", 1, 1),
  ];
  assert.equal(draw(1, "a"), all[0]);
  assert.equal(new Set(all).size, all.length);
});

Deno.test("Stream.below() stays below and reaches every value about equally", () => {
  const counts = new Array(7).fill(0);
  const stream = new Stream(5, "test/below");
  for (let i = 0; i < 70_000; i++) counts[stream.below(7)]++;
  // Standard deviation of a count is about 93: five of them are 460.
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 460, String(counts));
});

Deno.test("Stream.normal() has mean 0 and variance 1", () => {
  const stream = new Stream(9, "test/normal");
  const draws = Array.from({ length: 40_000 }, () => stream.normal());
  const mean = draws.reduce((sum, each) => sum + each, 0) / draws.length;
  const variance = draws.reduce((sum, each) => sum + (each - mean) ** 2, 0) / draws.length;
  assert.ok(Math.abs(mean) < 0.025 && Math.abs(variance - 1) < 0.05, `${mean} ${variance}`);
});

Deno.test("Permutation visits every place once, whatever the size, and differs by epoch", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 700 }), fc.nat(), (size, seed) => {
    const order = new Permutation(size, seed, "test", 0);
    const seen = Array.from({ length: size }, (_, place) => order.at(place));
    assert.deepEqual(seen.toSorted((a, b) => a - b), Array.from({ length: size }, (_, i) => i));
  }));
  const orders = [0, 1].map((epoch) => {
    const order = new Permutation(1000, 3, "test", epoch);
    return Array.from({ length: 1000 }, (_, place) => order.at(place)).join();
  });
  assert.notEqual(orders[0], orders[1]);
});

Deno.test("Permutation moves neighbours apart", () => {
  const order = new Permutation(10_000, 1, "test");
  let near = 0;
  for (let place = 1; place < 10_000; place++) {
    if (Math.abs(order.at(place) - order.at(place - 1)) < 100) near++;
  }
  // About 2 percent of random pairs lie within 100 of each other.
  assert.ok(near < 400, String(near));
});
