import assert from "node:assert/strict";
import fc from "fast-check";
import { Stream } from "../../../lib/base/rng.ts";
import { Weighted } from "../../../lib/text/synthetic/weighted.ts";

Deno.test("Weighted draws entries as often as Zipf's law says", () => {
  const entries = ["a", "b", "c", "d"];
  const weighted = new Weighted(entries, 1);
  const stream = new Stream(1, "test");
  const counts = new Map<string, number>();
  for (let i = 0; i < 20_000; i++) {
    const drawn = weighted.draw(stream);
    counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
  }
  const sum = 1 + 1 / 2 + 1 / 3 + 1 / 4;
  entries.forEach((entry, i) => {
    const wanted = 1 / (i + 1) / sum;
    // Four standard deviations of the count, at most 0.0141 of 20,000 draws.
    assert.ok(Math.abs(counts.get(entry)! / 20_000 - wanted) < 0.015, entry);
  });
});

Deno.test("Weighted draws only what is in the list, whatever the exponent", () => {
  fc.assert(fc.property(
    fc.array(fc.integer(), { minLength: 1, maxLength: 50 }),
    fc.double({ min: 0, max: 3, noNaN: true }),
    fc.nat(),
    (entries, exponent, seed) => {
      const stream = new Stream(seed, "test");
      const weighted = new Weighted(entries, exponent);
      for (let i = 0; i < 20; i++) assert.ok(entries.includes(weighted.draw(stream)));
    },
  ));
});
