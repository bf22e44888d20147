import assert from "node:assert/strict";
import type { Engine } from "../../lib/engine/engine.ts";
import { productRate } from "../../lib/engine/product_rate.ts";
import { testOnEachDevice } from "./each_device.ts";

testOnEachDevice("productRate() is a rate that a machine can have", async (engine) => {
  for (const size of [512, 640]) {
    const rate = await productRate(engine, size);
    assert.ok(rate > 1e6 && rate < 1e16, `${rate} at ${size}`);
  }
});

Deno.test("productRate() multiplies once more than it measures, and frees what it compiled", async () => {
  const calls: string[] = [];
  const engine: Engine = {
    compile: () =>
      Promise.resolve({
        run: () => Promise.resolve({ product: new Float32Array(calls.push("run")) }),
        dispose: () => Promise.resolve(void calls.push("dispose")),
      }),
    train: () => Promise.reject(new Error("nothing is trained")),
  };
  assert.ok(await productRate(engine) > 0);
  assert.deepEqual(calls, [...Array(6).fill("run"), "dispose"]);
});
