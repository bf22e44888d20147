import assert from "node:assert/strict";
import fc from "fast-check";
import { join } from "node:path";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import { SafetensorsFile, writeSafetensors } from "../../../lib/model/weights/safetensors.ts";
import { TempDir } from "../../_support/temp_dir.ts";

/** A file of a header as given and so many bytes of data. */
function fileOf(header: unknown, dataBytes: number, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const tensor = (begin: number, end: number, more: Record<string, unknown> = {}) => ({
  dtype: "F32",
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
  ...more,
});

const HOSTILE: readonly [string, Uint8Array, RegExp][] = [
  ["an empty file", new Uint8Array(0), /has 0 bytes/],
  ["a length beyond the file", fileOf({}, 0, 1000n), /claims 1000 bytes in a file of 10/],
  ["a length of 2^63", fileOf({}, 0, 2n ** 63n), /claims 9223372036854775808 bytes/],
  ["no JSON", fileOf("{a", 0), /no JSON/],
  ["invalid UTF-8", Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xFF), /no JSON/],
  ["a list", fileOf([], 0), /no JSON mapping/],
  ["a tensor that is no mapping", fileOf({ a: 1 }, 0), /described by no mapping/],
  ["metadata that is no text", fileOf({ __metadata__: { a: 1 } }, 0), /no text/],
  ["an unknown dtype", fileOf({ a: tensor(0, 4, { dtype: "F31" }) }, 4), /unknown dtype "F31"/],
  ["a dtype of an object's own", fileOf({ a: tensor(0, 4, { dtype: "toString" }) }, 4), /dtype/],
  ["a negative size", fileOf({ a: tensor(0, 4, { shape: [-1] }) }, 4), /whole numbers/],
  ["a fractional size", fileOf({ a: tensor(0, 4, { shape: [0.5, 2] }) }, 4), /whole numbers/],
  ["a range backwards", fileOf({ a: tensor(4, 0, { shape: [1] }) }, 4), /range of bytes/],
  ["a range of three", fileOf({ a: tensor(0, 4, { data_offsets: [0, 2, 4] }) }, 4), /range/],
  [
    "a size larger than its range",
    fileOf({ a: tensor(0, 4, { shape: [2 ** 40] }) }, 4),
    /is given 4 bytes/,
  ],
  [
    "a size whose product overflows",
    fileOf({ a: tensor(0, 0, { shape: [2 ** 50, 2 ** 50] }) }, 0),
    /is given 0 bytes/,
  ],
  ["a range beyond the file", fileOf({ a: tensor(0, 400) }, 4), /end at byte/],
  ["overlapping tensors", fileOf({ a: tensor(0, 8), b: tensor(4, 12) }, 12), /b begins at byte/],
  ["two tensors in one place", fileOf({ a: tensor(0, 8), b: tensor(0, 8) }, 8), /begins at byte/],
  ["a gap", fileOf({ a: tensor(0, 4), b: tensor(8, 12) }, 12), /b begins at byte/],
  ["bytes of no tensor", fileOf({ a: tensor(0, 4) }, 8), /end at byte/],
  [
    "a name twice",
    fileOf(
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},' +
        '"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
      8,
    ),
    /a begins at byte/,
  ],
];

for (const [what, bytes, message] of HOSTILE) {
  Deno.test(`SafetensorsFile.open() refuses ${what}`, async () => {
    const path = await Deno.makeTempFile();
    await Deno.writeFile(path, bytes);
    await assert.rejects(SafetensorsFile.open(path), (error: ExperimentError) => {
      assert.equal(error.code, "model/safetensors");
      assert.match(error.message, message);
      assert.equal(error.faults[0].at?.file, path);
      return true;
    });
    await Deno.remove(path);
  });
}

Deno.test("SafetensorsFile.open() names a file that is not there", async () => {
  await assert.rejects(SafetensorsFile.open("/nowhere/model.safetensors"), {
    name: "ExperimentError",
    message: "cannot read weights: no such file",
  });
});

Deno.test("SafetensorsFile reads back what writeSafetensors() wrote, bit for bit", async () => {
  using temp = new TempDir();
  const dir = temp.path;
  const path = join(dir, "m.safetensors");
  const tensors = fc.uniqueArray(
    fc.record({
      name: fc.string({ minLength: 1 }).filter((name) => name !== "__metadata__"),
      bits: fc.uint32Array({ maxLength: 9 }),
    }),
    { selector: (each) => each.name, maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(tensors, async (list) => {
      const named = list.map(({ name, bits }) => ({
        name,
        shape: [bits.length, 1],
        values: new Float32Array(new Uint32Array(bits).buffer),
      }));
      await writeSafetensors(path, named, { metadata: { format: "pt" } });
      using file = await SafetensorsFile.open(path);
      assert.deepEqual(file.metadata, { format: "pt" });
      assert.equal(file.entries.size, named.length);
      for (const { name, shape, values } of named) {
        assert.deepEqual(file.entries.get(name)!.shape, shape);
        const read = await file.read(name);
        assert.deepEqual(new Uint32Array(read.buffer), new Uint32Array(values.buffer));
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("writeSafetensors() takes tensors that are called like members of every object", async () => {
  const path = await Deno.makeTempFile();
  const names = ["toString", "constructor", "__proto__"];
  await writeSafetensors(path, names.map((name) => ({ name, shape: [1], values: ONE })));
  using file = await SafetensorsFile.open(path);
  assert.deepEqual([...file.entries.keys()].sort(), names.toSorted());
  for (const name of names) assert.deepEqual(await file.read(name), ONE);
  const twice = [1, 2].map(() => ({ name: "a", shape: [1], values: ONE }));
  await assert.rejects(writeSafetensors(path, twice), { message: "a is written twice" });
  await Deno.remove(path);
});

const ONE = Float32Array.of(1);

Deno.test("writeSafetensors() writes equal bytes whatever the order", async () => {
  using temp = new TempDir();
  const dir = temp.path;
  const a = { name: "a", shape: [2], values: Float32Array.of(1, 2) };
  const b = { name: "b", shape: [], values: Float32Array.of(3) };
  await writeSafetensors(join(dir, "1"), [a, b]);
  await writeSafetensors(join(dir, "2"), [b, a]);
  assert.deepEqual(await Deno.readFile(join(dir, "1")), await Deno.readFile(join(dir, "2")));
});

Deno.test("SafetensorsFile.read() widens F16 and BF16 and refuses integers", async () => {
  const path = await Deno.makeTempFile();
  const bytes = fileOf({
    half: { dtype: "F16", shape: [3], data_offsets: [0, 6] },
    brain: { dtype: "BF16", shape: [3], data_offsets: [6, 12] },
    whole: { dtype: "I64", shape: [1], data_offsets: [12, 20] },
  }, 20);
  const data = new DataView(bytes.buffer, bytes.length - 20);
  [0x3C00, 0xC000, 0x0001].forEach((bits, i) => data.setUint16(2 * i, bits, true));
  [0x3F80, 0xC000, 0xFF80].forEach((bits, i) => data.setUint16(6 + 2 * i, bits, true));
  await Deno.writeFile(path, bytes);
  using file = await SafetensorsFile.open(path);
  assert.deepEqual([...await file.read("half")], [1, -2, 2 ** -24]);
  assert.deepEqual([...await file.read("brain")], [1, -2, -Infinity]);
  await assert.rejects(file.read("whole"), { message: "whole is I64, not F32, F16 or BF16" });
  await Deno.remove(path);
});

Deno.test("writeSafetensors() takes names that every object has, such as valueOf", async () => {
  const path = await Deno.makeTempFile();
  try {
    const names = ["__proto__", "toString", "valueOf"];
    const tensors = names.map((name) => ({ name, shape: [1], values: Float32Array.of(1) }));
    await writeSafetensors(path, tensors);
    using file = await SafetensorsFile.open(path);
    assert.deepEqual([...file.entries.keys()].sort(), names);
  } finally {
    await Deno.remove(path);
  }
});
