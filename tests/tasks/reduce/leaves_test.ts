import assert from "node:assert/strict";
import fc from "fast-check";
import type { JsonObject } from "../../../lib/base/canonical.ts";
import {
  commonLeaves,
  compareLeaves,
  differingLeaves,
  formatLeaves,
  leavesOf,
  withLeaves,
} from "../../../lib/tasks/reduce/leaves.ts";

const value = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom("x", true));
const params = fc.dictionary(
  fc.constantFrom("a", "b", "c.d"),
  fc.oneof(
    value,
    fc.array(value, { maxLength: 2 }),
    fc.dictionary(fc.constantFrom("e", "f"), value, { noNullPrototype: true }),
  ),
  { noNullPrototype: true },
) as fc.Arbitrary<JsonObject>;

Deno.test("leaves that are common and those that differ make up what there was", () => {
  fc.assert(fc.property(fc.array(params, { minLength: 1, maxLength: 4 }), (all) => {
    const leaves = all.map(leavesOf), common = commonLeaves(leaves);
    for (const [i, own] of differingLeaves(leaves).entries()) {
      assert.deepEqual({ ...common, ...own }, { ...leaves[i] });
    }
  }));
});

Deno.test("withLeaves() puts chosen leaves in the place of others, and makes what is missing", () => {
  const own = { rows: 16, optimizer: { weightDecay: 0.01, beta1: 0.9 } };
  assert.deepEqual(
    withLeaves(own, { rows: 32, "optimizer.weightDecay": 0, "schedule.warmup": 3 }),
    { rows: 32, optimizer: { weightDecay: 0, beta1: 0.9 }, schedule: { warmup: 3 } },
  );
  assert.equal(own.rows, 16);
  fc.assert(fc.property(params, params, (a, b) => {
    const taken = leavesOf(b), result = leavesOf(withLeaves(a, taken));
    for (const [path, each] of Object.entries(taken)) {
      // An empty mapping stands for nothing where the other has something in it.
      const isEmpty = typeof each === "object" && each !== null && Object.keys(each).length === 0;
      if (!isEmpty) assert.deepEqual(result[path], each);
    }
  }));
});

Deno.test("compareLeaves() orders numbers by size and is an order", () => {
  const orders = [{ rate: 9 }, { rate: 10 }, { rate: 10, rows: 8 }, { rate: 10, rows: 16 }];
  assert.deepEqual(orders.toReversed().sort(compareLeaves), orders);
  fc.assert(fc.property(params, params, (a, b) => {
    const [x, y] = [leavesOf(a), leavesOf(b)];
    assert.equal(Math.sign(compareLeaves(x, y)) + Math.sign(compareLeaves(y, x)), 0);
  }));
  assert.equal(
    formatLeaves({ learningRate: 3e-5, head: "keep" }),
    "learningRate=0.00003, head=keep",
  );
});
