import assert from "node:assert/strict";
import { constants, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { UnreadArchive } from "../../../lib/text/sources/magic.ts";
import { decompressZstd } from "../../../lib/text/sources/zstd.ts";

const CHECKED = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const SKIPPED = [0x53, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let start = 0; start < bytes.length; start += size) {
    await Promise.resolve();
    yield bytes.slice(start, start + size);
  }
}

async function unpack(bytes: readonly number[] | Uint8Array, size = 1 << 18): Promise<Uint8Array> {
  const parts: number[] = [];
  for await (const part of decompressZstd(inChunks(Uint8Array.from(bytes), size))) {
    for (const byte of part) parts.push(byte);
  }
  return Uint8Array.from(parts);
}

/** Bytes that repeat and bytes that do not, so that every kind of block comes up. */
const content = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(fc.nat(255), fc.nat(5000)).map(([byte, count]) => new Uint8Array(count).fill(byte)),
    fc.constantFrom("gene", "the protein binds ").map((word) =>
      new TextEncoder().encode(word.repeat(90))
    ),
  ),
  { maxLength: 6 },
).map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));

Deno.test("decompressZstd() gives back any content, at every level, in chunks of any size", async () => {
  const options = fc.record({
    level: fc.constantFrom(-5, 1, 3, 9, 19),
    isChecked: fc.boolean(),
    size: fc.constantFrom(1, 2, 7, 100, 1 << 16),
  });
  await fc.assert(
    fc.asyncProperty(content, options, async (wanted, { level, isChecked, size }) => {
      const params = {
        [constants.ZSTD_c_compressionLevel]: level,
        [constants.ZSTD_c_checksumFlag]: isChecked ? 1 : 0,
      };
      assert.deepEqual(await unpack(zstdCompressSync(wanted, { params }), size), wanted);
    }),
    { numRuns: 60 },
  );
});

Deno.test("decompressZstd() reads several frames and skips what is to be skipped, first too", async () => {
  const [one, two] = [zstdCompressSync("a\nb"), zstdCompressSync("c\n", CHECKED)];
  const bytes = [...SKIPPED, ...one, ...SKIPPED, ...SKIPPED, ...two, ...SKIPPED];
  for (const size of [1, 5, 1000]) {
    assert.equal(new TextDecoder().decode(await unpack(bytes, size)), "a\nbc\n");
  }
  assert.equal((await unpack(SKIPPED)).length, 0);
  await assert.rejects(unpack([...bytes, 0x61, 0x62, 0x63, 0x64]), /is not zstd data/);
});

Deno.test("decompressZstd() refuses data that is cut off at any byte, or fails its checksum", async () => {
  const bytes = [...SKIPPED, ...zstdCompressSync("one two three ".repeat(40), CHECKED)];
  for (let end = 1; end < bytes.length; end++) {
    if (end === SKIPPED.length) continue;
    await assert.rejects(unpack(bytes.slice(0, end)), `cut after ${end} bytes`);
  }
  await assert.rejects(unpack([...bytes.slice(0, -1), bytes.at(-1)! ^ 0xFF]), /checksum/);
});

Deno.test("decompressZstd() refuses a frame that holds less than it says", async () => {
  // One raw block, the last: four bytes, where the frame says how many there are.
  const frame = (
    size: number,
  ) => [0x28, 0xB5, 0x2F, 0xFD, 0x20, size, 4 << 3 | 1, 0, 0, 1, 2, 3, 4];
  assert.deepEqual([...await unpack(frame(4))], [1, 2, 3, 4]);
  await assert.rejects(unpack(frame(5)), /4 bytes came out of a frame of 5/);
});

Deno.test("decompressZstd() tells the window and the dictionary that it lacks from damage", async () => {
  const window = (byte: number) => [0x28, 0xB5, 0x2F, 0xFD, 0x00, byte, 1, 0, 0];
  assert.equal((await unpack(window(0x88))).length, 0);
  const cases = [
    {
      bytes: window(0xA8),
      message: "the zstd data needs a window of 2.0 GiB, and at most 1.0 GiB is read",
      mend: "pack it again without --long: zstd -dc --long=31 FILE | zstd > NEW.zst",
    },
    {
      bytes: [0x28, 0xB5, 0x2F, 0xFD, 0x01, 0x40, 77, 1, 0, 0],
      message: "the zstd data needs the dictionary 77, and none is read",
      mend: "pack it again without one: zstd -dc -D DICTIONARY FILE | zstd > NEW.zst",
    },
  ];
  for (const { bytes, message, mend } of cases) {
    await assert.rejects(unpack(bytes), (error: unknown) => {
      assert.ok(error instanceof UnreadArchive);
      assert.deepEqual([error.message, error.mend], [message, mend]);
      return true;
    });
  }
});
