import assert from "node:assert/strict";
import fc from "fast-check";
import { NumberHeap } from "../../lib/base/heap.ts";

const entries = fc.array(
  fc.record({ item: fc.nat(20), priority: fc.integer({ max: 9, min: -9 }) }),
);

Deno.test("NumberHeap gives entries by priority, the lower number first among equal ones", () => {
  fc.assert(fc.property(entries, (all) => {
    const heap = new NumberHeap();
    for (const { item, priority } of all) heap.push(item, priority);
    assert.equal(heap.size, all.length);
    const popped = Array.from(all, () => heap.pop());
    const sorted = all.toSorted((a, b) => b.priority - a.priority || a.item - b.item);
    assert.deepEqual(popped, sorted.map(({ item, priority }) => ({ item, priority })));
    assert.equal(heap.pop(), undefined);
  }));
});

Deno.test("NumberHeap stays in order when entries come and go in turn", () => {
  fc.assert(fc.property(fc.array(fc.option(fc.nat(9))), (moves) => {
    const heap = new NumberHeap();
    const left: number[] = [];
    for (const move of moves) {
      if (move === null) {
        left.sort((a, b) => b - a);
        assert.equal(heap.pop()?.priority, left.shift());
      } else {
        heap.push(move, move);
        left.push(move);
      }
    }
  }));
});
