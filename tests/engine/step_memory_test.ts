/** How many rows are computed at once, by devices of any memory. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { fittingRows, type StepMemory } from "../../lib/engine/step_memory.ts";

/** The divisors of a number, falling. */
function divisorsOf(rows: number): number[] {
  return Array.from({ length: rows }, (_, i) => rows - i).filter((each) => rows % each === 0);
}

interface Device {
  readonly stateBytes: number;
  readonly baseBytes: number;
  readonly rowBytes: number;
  readonly limitBytes: number;
}

/** What a step takes on a device where it goes with the rows, from some base on. */
function memoryOn({ stateBytes, baseBytes, rowBytes, limitBytes }: Device) {
  const tried: number[] = [];
  const memoryOf = (rows: number): Promise<StepMemory> => {
    tried.push(rows);
    const needBytes = stateBytes + baseBytes + rows * rowBytes;
    return Promise.resolve({ needBytes, stateBytes, limitBytes });
  };
  return { tried, memoryOf };
}

Deno.test("fittingRows() finds rows that fit, the whole batch where it does, always the same", async () => {
  const bytes = fc.integer({ min: 1, max: 1000 });
  const devices = fc.record({
    stateBytes: bytes,
    baseBytes: fc.nat(200),
    rowBytes: bytes,
    limitBytes: fc.integer({ min: 1, max: 40_000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 96 }), devices, async (rows, device) => {
      const { stateBytes, baseBytes, rowBytes, limitBytes } = device;
      const needOf = (size: number) => stateBytes + baseBytes + size * rowBytes;
      const sizes = divisorsOf(rows), { tried, memoryOf } = memoryOn(device);
      if (needOf(1) > limitBytes) {
        await assert.rejects(fittingRows(sizes, memoryOf), { code: "engine/memory" });
        return;
      }
      const found = await fittingRows(sizes, memoryOf);
      assert(sizes.includes(found.rows));
      assert(needOf(found.rows) <= limitBytes);
      assert.equal(found.whole === undefined, needOf(rows) <= limitBytes);
      if (found.whole === undefined) assert.equal(found.rows, rows);
      // What goes with the rows alone is foretold by the first try.
      if (baseBytes === 0) {
        assert.equal(found.rows, sizes.find((each) => needOf(each) <= limitBytes));
        assert(tried.length <= 2);
      }
      assert.deepEqual(await fittingRows(sizes, memoryOn(device).memoryOf), found);
    }),
  );
});

Deno.test("fittingRows() halves where a compiler gave up, and leaves a device without a limit alone", async () => {
  const tried: number[] = [];
  const { rows } = await fittingRows([24, 12, 8, 6, 4, 3, 2, 1], (size) => {
    tried.push(size);
    const needBytes = size > 6 ? Infinity : 10 + size;
    return Promise.resolve({ needBytes, stateBytes: 10, limitBytes: 20 });
  });
  assert.equal(rows, 6);
  assert.deepEqual(tried, [24, 12, 6]);
  assert.deepEqual(await fittingRows([24, 12], () => Promise.resolve(undefined)), { rows: 24 });
});

Deno.test("fittingRows() says what one row takes, or the model alone", async () => {
  const cases = [
    [1.5e9, "lower the length of rows, or use a device with more memory"],
    [16e9, "use a smaller model or a device with more memory: 16 GB are the model's own"],
  ] as const;
  for (const [stateBytes, mend] of cases) {
    const memory = { needBytes: 29.9e9, stateBytes, limitBytes: 15e9 };
    await assert.rejects(fittingRows([1], () => Promise.resolve(memory)), {
      faults: [{
        code: "engine/memory",
        message: "a step takes 29.9 GB of the device's memory with 1 row at once, the fewest " +
          "there can be; it has 15 GB to give",
        mend,
      }],
    });
  }
});

Deno.test("fittingRows() names the rows that it tried where the model alone does not fit", async () => {
  const memory = { needBytes: 29.9e9, stateBytes: 16e9, limitBytes: 15e9 };
  await assert.rejects(fittingRows([256, 128, 1], () => Promise.resolve(memory)), {
    faults: [{
      code: "engine/memory",
      message: "a step takes 29.9 GB of the device's memory with 256 rows at once; " +
        "it has 15 GB to give",
      mend: "use a smaller model or a device with more memory: 16 GB are the model's own",
    }],
  });
});

Deno.test("fittingRows() tries the fewest rows where those before foretell that none fit", async () => {
  // A compiler may do better with fewer rows than their part of the memory.
  const memoryOf = (rows: number) =>
    Promise.resolve({ needBytes: rows === 1 ? 15 : 1000, stateBytes: 10, limitBytes: 20 });
  assert.equal((await fittingRows([8, 4, 2, 1], memoryOf)).rows, 1);
});
