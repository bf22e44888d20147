import assert from "node:assert/strict";
import fc from "fast-check";
import { forEachAtOnce } from "../../lib/base/at_once.ts";

Deno.test("forEachAtOnce() takes each item once, in order, and no more at once than it may", async () => {
  const waits = fc.array(fc.nat(3));
  await fc.assert(
    fc.asyncProperty(waits, fc.integer({ min: 1, max: 5 }), async (all, atOnce) => {
      const begun: number[] = [];
      let active = 0, most = 0, ended = 0;
      await forEachAtOnce([...all.keys()], atOnce, async (index) => {
        begun.push(index);
        most = Math.max(most, ++active);
        for (let turn = all[index]!; turn > 0; turn--) await Promise.resolve();
        active--;
        ended++;
      });
      assert.deepEqual(begun, [...all.keys()]);
      assert.equal(ended, all.length);
      assert.ok(most <= atOnce && (all.length === 0 || most >= 1));
    }),
  );
});

Deno.test("forEachAtOnce() begins nothing more after a failure, and throws it", async () => {
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    await Promise.resolve();
    if (item === 1) throw new Error("no");
  };
  await assert.rejects(forEachAtOnce([0, 1, 2, 3, 4, 5], 2, work), { message: "no" });
  assert.deepEqual(begun, [0, 1, 2]);
});
