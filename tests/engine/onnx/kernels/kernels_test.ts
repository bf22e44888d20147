/** The kernels of kernels.wat against the plain loops that define them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { fillDropoutMask } from "../../../../lib/engine/dropout_bits.ts";
import { Kernels } from "../../../../lib/engine/onnx/kernels/kernels.ts";
import { compiledKernels } from "../../../../.ci/kernels_build.ts";
import { adamWStep } from "../../../../lib/engine/optimizer.ts";
import { updateAdamW } from "../../reference_optimizer.ts";
import { Stream } from "../../../../lib/base/rng.ts";
import { PLAIN } from "../../tiny_program.ts";

Deno.test("kernels_wasm.ts holds kernels.wat as compiled", async () => {
  const url = new URL("../../../../lib/engine/onnx/kernels/kernels_wasm.ts", import.meta.url);
  assert.equal(await Deno.readTextFile(url), await compiledKernels());
});

/** A memory with kernels, and views that start at the given multiples of 4 KiB. */
function setUp() {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const kernels = new Kernels(memory);
  const floats = (page: number, length: number) =>
    new Float32Array(memory.buffer, page * 4096, length);
  return { memory, kernels, floats };
}

function normals(length: number, site: string): Float32Array {
  const stream = new Stream(5, site);
  return Float32Array.from({ length }, () => stream.normal());
}

Deno.test("Kernels.adamw() has the bits of updateAdamW()", () => {
  fc.assert(fc.property(
    fc.record({
      length: fc.integer({ min: 1, max: 70 }),
      step: fc.integer({ min: 1, max: 1000 }),
      learningRate: fc.double({ min: 1e-7, max: 1, noNaN: true }),
      gradientScale: fc.constantFrom(1, Math.fround(0.3)),
      learningRateScale: fc.constantFrom(undefined, 0.95),
      biasCorrection: fc.boolean(),
      decays: fc.boolean(),
    }),
    ({ length, step, learningRate, biasCorrection, ...rest }) => {
      const { kernels, floats } = setUp();
      const tensors = {
        param: normals(length, "param"),
        gradient: normals(length, "gradient"),
        firstMoment: normals(length, "first"),
        secondMoment: normals(length, "second").map(Math.abs),
      };
      const names = ["param", "gradient", "firstMoment", "secondMoment"] as const;
      for (const [page, name] of names.entries()) floats(page, length).set(tensors[name]);
      const optimizer = { ...PLAIN, biasCorrection };
      const options = { optimizer, step: adamWStep(optimizer, { learningRate, step }), ...rest };
      updateAdamW(tensors, options);
      const [param, gradient, firstMoment, secondMoment] = [0, 4096, 8192, 12288];
      kernels.adamw({ param, gradient, firstMoment, secondMoment, count: length }, options);
      for (const [page, name] of names.entries()) {
        assert.deepEqual(floats(page, length), tensors[name], name);
      }
    },
  ));
});

Deno.test("Kernels.sumOfSquares() sums in double precision", () => {
  const { kernels, floats } = setUp();
  const values = normals(4096, "squares").map((each, i) => i === 7 ? 1e6 : each * 1e-3);
  floats(1, 4096).set(values);
  const expected = values.reduce((sum, each) => sum + each * each, 0);
  const actual = kernels.sumOfSquares(4096, 4096);
  assert.ok(Math.abs(actual - expected) <= 1e-12 * expected, `${actual} is not ${expected}`);
  assert.equal(kernels.sumOfSquares(4096, 0), 0);
});

Deno.test("Kernels.dropout() has the bits of fillDropoutMask()", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 200 }),
    fc.constantFrom(0, 0.1, 0.5, 0.999, 1 - 2 ** -53),
    fc.tuple(fc.integer(), fc.integer()),
    fc.integer({ min: 0, max: 2 ** 31 }),
    (count, rate, seed, firstBlock) => {
      const { kernels, floats } = setUp();
      const expected = new Float32Array(count);
      fillDropoutMask(expected, { rate, site: "layer.0", seed, firstBlock });
      kernels.dropout(4096, { count, rate, site: "layer.0", seed, firstBlock });
      assert.deepEqual(floats(1, count), expected);
    },
  ));
});

Deno.test("Kernels.addRows() adds rows in order, repeated ones too", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 9 }),
    fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 20 }),
    (rowSize, ids) => {
      const { memory, kernels, floats } = setUp();
      const base = normals(5 * rowSize, "base"), updates = normals(20 * rowSize, "updates");
      floats(1, base.length).set(base);
      floats(2, updates.length).set(updates);
      new Int32Array(memory.buffer, 0, ids.length).set(ids);
      kernels.addRows(4096, { ids: 0, updates: 8192, rows: ids.length, rowSize });
      for (const [row, id] of ids.entries()) {
        for (let i = 0; i < rowSize; i++) base[id * rowSize + i]! += updates[row * rowSize + i]!;
      }
      assert.deepEqual(floats(1, base.length), base);
      assert.equal(floats(1, base.length + 1)[base.length], 0, "wrote past the base");
    },
  ));
});

Deno.test("Kernels.geluGrad() lets NaN through", () => {
  const { kernels, floats } = setUp();
  floats(0, 4).set([NaN, 0, 1, -1]);
  floats(1, 4).fill(1);
  kernels.geluGrad({ x: 0, dy: 4096, dx: 8192, count: 4 });
  const [first, second] = floats(2, 4);
  assert.equal(first, NaN);
  assert.ok(Math.abs(second! - 0.5) < 3e-7);
});

Deno.test("Kernels.attention() hides no NaN of a single key", () => {
  const { kernels, floats } = setUp();
  const [q, k, v] = [floats(0, 32), floats(1, 32), floats(2, 32)];
  for (const each of [q, k, v]) each.fill(0.5);
  k[8] = NaN;
  const sizes = { rows: 1, length: 4, heads: 1, headSize: 8, scale: 1 };
  const absent = { bias: undefined, mask: undefined };
  const made = { context: 12288, weights: 16384, scratch: 20480 };
  kernels.attention({ q: 0, k: 4096, v: 8192, ...absent, ...made }, sizes);
  assert.ok(floats(3, 32).every(Number.isNaN));
});
