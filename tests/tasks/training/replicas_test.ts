/** Batches among replicas. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { forReplicas, withoutReplicas } from "../../../lib/tasks/training/replicas.ts";

Deno.test("forReplicas() gives every replica as many micro-batches, no larger than was asked", () => {
  const count = fc.integer({ min: 1, max: 16 });
  fc.assert(fc.property(count, count, count, (replicas, times, microBatch) => {
    const rows = replicas * times;
    const params = forReplicas({ rows, microBatch }, `cuda:replicas=${replicas}`);
    if (replicas === 1) return assert.deepEqual(params, { rows, microBatch });
    const { microBatch: own } = params;
    assert.ok(own <= microBatch);
    assert.equal(rows % own, 0);
    assert.equal(rows / own % replicas, 0);
  }));
});

Deno.test("forReplicas() shares a batch out that nobody cut", () => {
  const params: { rows: number; microBatch?: number } = { rows: 192 };
  assert.equal(forReplicas(params, "cuda"), params);
  assert.deepEqual(forReplicas(params, "cuda:replicas=8"), { rows: 192, microBatch: 24 });
});

Deno.test("forReplicas() refuses rows that do not divide", () => {
  assert.throws(() => forReplicas({ rows: 30 }, "cuda:replicas=4"), {
    code: "tasks/params",
    message: "rows: a batch of 30 rows does not divide among 4 replicas",
  });
});

Deno.test("withoutReplicas() leaves the device and its precision", () => {
  const cases = [
    ["cpu", "cpu"],
    ["cuda:replicas=4", "cuda"],
    ["cuda:precision=float32,replicas=4", "cuda:precision=float32"],
    ["cuda:precision=bfloat16,replicas=4", "cuda"],
  ] as const;
  for (const [name, expected] of cases) {
    assert.deepEqual(withoutReplicas({ name, threads: 2 }), { name: expected, threads: 2 });
  }
});
