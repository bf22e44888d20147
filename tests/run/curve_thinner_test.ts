import assert from "node:assert/strict";
import fc from "fast-check";
import { CurveThinner } from "../../lib/run/curve_thinner.ts";

Deno.test("CurveThinner keeps few points, the first and the last among them, evenly spread", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 3000 }), (count) => {
    const curve = new CurveThinner(20);
    for (let i = 0; i < count; i++) curve.add(i, -i);
    const at = curve.points.map(([done]) => done);
    assert.ok(at.length <= 21 && at.length >= Math.min(count, 10), `${at.length} of ${count}`);
    assert.deepEqual([at[0], at.at(-1)], [0, count - 1]);
    const gaps = new Set(at.slice(1, -1).map((each, i) => each - at[i]!));
    assert.ok(gaps.size <= 1, `gaps ${[...gaps]}`);
  }));
});

Deno.test("CurveThinner goes on where a resumed task begins, with no point beyond it twice", () => {
  const curve = new CurveThinner(100);
  for (let i = 0; i < 10; i++) curve.add(i, i);
  for (let i = 5; i < 12; i++) curve.add(i, 100 + i);
  assert.deepEqual(curve.points.map(([done]) => done), Array.from({ length: 12 }, (_, i) => i));
  assert.equal(curve.points.at(5)?.[1], 105);
});
