import assert from "node:assert/strict";
import { exitCodeOf } from "../../../lib/cli/exit.ts";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import { readLines } from "../../../lib/text/sources/lines.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { assertFault, collect } from "../_fixtures.ts";

const lines = async (path: string) => (await collect(readLines(path))).map(({ text }) => text);

/** Enough incompressible text for several chunks of the decompressor. */
function longText(count: number): string {
  let text = "", state = 1;
  for (let i = 0; i < count; i++) {
    state = Math.imul(state, 1103515245) + 12345 >>> 0;
    text += `line ${i} é ${state.toString(36)}\n`;
  }
  return text;
}

Deno.test("readLines() gives back the lines of plain, gzip and zstd files", async () => {
  using dir = new TempDir();
  const line = fc.string({ unit: "grapheme" }).filter((each) =>
    !/[\r\n]/.test(each) && each.isWellFormed() && !each.startsWith("\uFEFF")
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line), async (wanted) => {
      const bytes = new TextEncoder().encode(wanted.map((each) => `${each}\n`).join(""));
      for (const pack of [(all: Uint8Array) => all, gzipSync, zstdCompressSync]) {
        assert.deepEqual(await lines(dir.file("text", pack(bytes))), wanted);
      }
    }),
    { numRuns: 25 },
  );
});

Deno.test("readLines() numbers lines from 1 and tells compression by content", async () => {
  using dir = new TempDir();
  const path = dir.file("named.txt", gzipSync("a\nb\n\nc"));
  assert.deepEqual(await collect(readLines(path)), [
    { text: "a", line: 1 },
    { text: "b", line: 2 },
    { text: "", line: 3 },
    { text: "c", line: 4 },
  ]);
});

Deno.test("readLines() drops carriage returns at line ends and a byte order mark", async () => {
  using dir = new TempDir();
  const path = dir.file("dos.txt", "\uFEFFone\r\ntwo\r\n\uFEFFthree\rstill\r\n");
  assert.deepEqual(await lines(path), ["one", "two", "\uFEFFthree\rstill"]);
});

Deno.test("readLines() reads gzip files of several members, and an empty file", async () => {
  using dir = new TempDir();
  const two = new Uint8Array([...gzipSync("a\nb"), ...gzipSync("c\n")]);
  assert.deepEqual(await lines(dir.file("two.gz", two)), ["a", "bc"]);
  assert.deepEqual(await lines(dir.file("empty", "")), []);
});

Deno.test("readLines() joins lines across chunks and counts the bytes of the file", async () => {
  using dir = new TempDir();
  const text = longText(60_000);
  const packed = gzipSync(text);
  let bytes = 0;
  const found = await collect(
    readLines(dir.file("long.gz", packed), (count) => void (bytes += count)),
  );
  assert.equal(found.map((each) => `${each.text}\n`).join(""), text);
  assert.equal(bytes, packed.length);
});

Deno.test("readLines() reports a cut-off archive with the line it ends in", async () => {
  using dir = new TempDir();
  for (const [name, pack] of [["gzip", gzipSync], ["zstd", zstdCompressSync]] as const) {
    const whole = pack(longText(40_000));
    const path = dir.file(`cut.${name}`, whole.subarray(0, whole.length - 20));
    const read: string[] = [];
    let message = "";
    try {
      for await (const { text } of readLines(path)) read.push(text);
    } catch (error) {
      const [{ at, message: what }] = (error as ExperimentError).faults;
      message = `${at?.line} ${what}`;
    }
    assert.equal(message, `${read.length + 1} the ${name} data is cut off or damaged from here on`);
    assert.ok(read.length > 1000 && read.length < 40_000, `${read.length} lines came before`);
  }
});

Deno.test("readLines() reports a damaged archive", async () => {
  using dir = new TempDir();
  const whole = gzipSync("some text\nand more\n");
  whole[whole.length - 6]! ^= 0xFF;
  await assertFault(() => lines(dir.file("bad.gz", whole)), {
    dir: dir.path,
    text: "bad.gz:1: the gzip data is cut off or damaged from here on [text/bad-archive]\n" +
      "  mend: fetch the file again; gzip -t tells whether it is whole",
  });
});

Deno.test("readLines() reports a zstd checksum that does not fit", async () => {
  using dir = new TempDir();
  const params = { [constants.ZSTD_c_checksumFlag]: 1 };
  const whole = zstdCompressSync(longText(1000), { params });
  assert.equal((await lines(dir.file("good.zst", whole))).length, 1000);
  whole[whole.length - 1]! ^= 0xFF;
  await assert.rejects(() => lines(dir.file("bad.zst", whole)), { code: "text/bad-archive" });
});

Deno.test("readLines() reads zstd files of several frames, with what may be skipped", async () => {
  using dir = new TempDir();
  const params = { [constants.ZSTD_c_checksumFlag]: 1 };
  const skipped = [0x53, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];
  const bytes = [...zstdCompressSync("a\nb"), ...skipped, ...zstdCompressSync("c\n", { params })];
  assert.deepEqual(await lines(dir.file("two.zst", new Uint8Array(bytes))), ["a", "bc"]);
  const path = dir.file("odd.zst", new Uint8Array([...bytes, 0x61, 0x62, 0x63, 0x64]));
  await assert.rejects(() => lines(path), { code: "text/bad-archive" });
});

Deno.test("readLines() reports the line that is not UTF-8, also inside an archive", async () => {
  using dir = new TempDir();
  const bytes = new Uint8Array([0x61, 0x0A, 0x62, 0xE9, 0x0A]);
  for (const [name, content] of [["latin1.txt", bytes], ["latin1.gz", gzipSync(bytes)]] as const) {
    const error = await assertFault(() => lines(dir.file(name, content)), {
      dir: dir.path,
      text: `${name}:2: the line is not valid UTF-8 [text/bad-utf8]\n` +
        "  mend: convert the file to UTF-8, for example with iconv -f latin1 -t utf-8",
    });
    assert.equal(exitCodeOf(error.faults), 1);
  }
});

Deno.test("readLines() reports a missing file", async () => {
  await assertFault(() => lines("no/such.txt"), {
    text: "no/such.txt: there is no such file [text/missing-file]\n" +
      "  mend: check the path, and that the file may be read",
  });
});
