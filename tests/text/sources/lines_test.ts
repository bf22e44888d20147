import assert from "node:assert/strict";
import { exitCodeOf } from "../../../lib/cli/exit.ts";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import type { ExperimentError } from "../../../lib/base/errors.ts";
import { readLines } from "../../../lib/text/sources/lines.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { assertFault } from "../../_support/fault.ts";

const lines = async (path: string) =>
  (await Array.fromAsync(readLines(path))).map(({ text }) => text);

const PACKERS = [
  ["plain", (all: Uint8Array) => all],
  ["gzip", gzipSync],
  ["zstd", zstdCompressSync],
] as const;

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
      for (const [, pack] of PACKERS) {
        assert.deepEqual(await lines(dir.file("text", pack(bytes))), wanted);
      }
    }),
    { numRuns: 25 },
  );
});

Deno.test("readLines() numbers lines from 1 and tells compression by content", async () => {
  using dir = new TempDir();
  const path = dir.file("named.txt", gzipSync("a\nb\n\nc"));
  assert.deepEqual(await Array.fromAsync(readLines(path)), [
    { text: "a", line: 1 },
    { text: "b", line: 2 },
    { text: "", line: 3 },
    { text: "c", line: 4 },
  ]);
});

Deno.test("readLines() drops carriage returns at line ends and a byte order mark", async () => {
  using dir = new TempDir();
  const path = dir.file("dos.txt", "\uFEFFone\r\n\r\n\uFEFFtwo\r\nthree\r\n");
  assert.deepEqual(await lines(path), ["one", "", "\uFEFFtwo", "three"]);
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
  const found = await Array.fromAsync(
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

Deno.test("readLines() reports the line that is not UTF-8, also inside an archive", async () => {
  using dir = new TempDir();
  const bytes = new Uint8Array([0x61, 0x0A, 0x62, 0xE9, 0x0A]);
  for (const [name, content] of [["latin1.txt", bytes], ["latin1.gz", gzipSync(bytes)]] as const) {
    const error = await assertFault(() => lines(dir.file(name, content)), {
      dir: dir.path,
      text: `${name}:2: the line is not valid UTF-8 [text/bad-utf8]\n` +
        "  mend: if it is text, convert it from its encoding: " +
        "iconv -f ENCODING -t utf-8 FILE > NEW",
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

Deno.test("readLines() loses nothing while somebody listens for progress, however slowly", async () => {
  using dir = new TempDir();
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  for (const count of [1, 300, 60_000]) {
    const text = longText(count);
    for (const [name, pack] of PACKERS) {
      const packed = pack(new TextEncoder().encode(text));
      const path = dir.file(`${count}.${name}`, packed);
      for (let round = 0; round < 5; round++) {
        let bytes = 0;
        const reader = readLines(path, (more) => void (bytes += more));
        await wait(round);
        let found = "";
        for await (const { text: line } of reader) {
          if (found === "") await wait(round);
          found += `${line}\n`;
        }
        assert.equal(found.length, text.length, `${count} lines of ${name}`);
        assert.equal(found, text);
        assert.equal(bytes, packed.length);
      }
    }
  }
});

Deno.test("readLines() reads many files at once with progress on, all of each", async () => {
  using dir = new TempDir();
  const text = longText(500);
  const paths = Array.from({ length: 24 }, (_, i) => {
    const [name, pack] = PACKERS[i % PACKERS.length]!;
    return dir.file(`${i}.${name}`, pack(new TextEncoder().encode(text)));
  });
  const counts = await Promise.all(paths.map(async (path) => {
    return (await Array.fromAsync(readLines(path, () => {}))).length;
  }));
  assert.deepEqual(counts, paths.map(() => 500));
});

Deno.test("readLines() can be left before the end, whatever the file is packed in", async () => {
  using dir = new TempDir();
  for (const [name, pack] of PACKERS) {
    const path = dir.file(name, pack(new TextEncoder().encode(longText(60_000))));
    for await (const { line } of readLines(path)) if (line === 3) break;
  }
});

Deno.test("readLines() refuses a file that grew or shrank while it was read", async () => {
  using dir = new TempDir();
  const text = longText(60_000);
  for (const [change, bytes] of [["grew", text.length + 4], ["shrank", 300_000]] as const) {
    const path = dir.file(`${change}.txt`, text.replaceAll("é", "e"));
    const { size } = Deno.statSync(path);
    let message = "";
    try {
      for await (const { line } of readLines(path)) {
        if (line === 1 && change === "grew") Deno.writeTextFileSync(path, "more", { append: true });
        if (line === 1 && change === "shrank") Deno.truncateSync(path, bytes);
      }
    } catch (error) {
      message = (error as ExperimentError).message;
      assert.equal((error as ExperimentError).code, "text/changed-file");
    }
    const read = change === "grew" ? size + 4 : bytes;
    assert.equal(message, `the file has ${size} bytes, but ${read} were read`);
  }
});

Deno.test("readLines() takes zeros after gzip data for padding, and refuses anything else", async () => {
  using dir = new TempDir();
  const member = gzipSync("a\nb\n");
  const zeros = new Uint8Array(600);
  const junk = new TextEncoder().encode("text that nobody packed\n");
  const join = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((each) => [...each]));
  assert.deepEqual(await lines(dir.file("zeros.gz", join(member, zeros))), ["a", "b"]);
  const bad = { junk: [member, junk], late: [member, zeros, junk], lost: [member, zeros, member] };
  for (const [name, parts] of Object.entries(bad)) {
    await assert.rejects(() => lines(dir.file(name, join(...parts))), { code: "text/bad-archive" });
  }
});

Deno.test("readLines() refuses a bare carriage return at its line, wherever chunks end", async () => {
  using dir = new TempDir();
  const mends = {
    "a bare carriage return stands in the line, as line ends of old Macs are":
      "make line feeds of them: tr '\\r' '\\n' < FILE > NEW",
    "the line ends in carriage returns that are no part of a line end":
      "remove them: tr -d '\\r' < FILE > NEW",
  };
  const [inside, after] = Object.keys(mends) as (keyof typeof mends)[];
  const chunk = 512 + 2 ** 18;
  const cases = [
    { text: "one\ntwo\rthree\rfour", line: 2, message: inside },
    { text: "one\r\ntwo\r\r\n\r\r\n", line: 2, message: after },
    { text: "one\r\r\r\n", line: 1, message: after },
    { text: "one\ntwo\r", line: 2, message: after },
    { text: "\r\rone\n", line: 1, message: inside },
    { text: `${"x".repeat(chunk - 1)}\rtwo\n`, line: 1, message: inside },
    { text: `${"x".repeat(chunk)}\rtwo\n`, line: 1, message: inside },
    { text: `${"word\r".repeat(200_000)}`, line: 1, message: inside },
  ] as const;
  for (const { text, line, message } of cases) {
    for (const [name, pack] of PACKERS) {
      await assertFault(() => lines(dir.file(name, pack(new TextEncoder().encode(text)))), {
        dir: dir.path,
        text: `${name}:${line}: ${message} [text/bare-return]\n  mend: ${mends[message!]}`,
      });
    }
  }
  const whole = `${"x".repeat(chunk - 1)}\r\n${"y".repeat(chunk)}\r\n`;
  assert.deepEqual((await lines(dir.file("dos", whole))).map((each) => each.length), [
    chunk - 1,
    chunk,
  ]);
});

Deno.test("readLines() refuses a line longer than 64 MiB without holding more of it", async () => {
  using dir = new TempDir();
  const path = dir.file("long.gz", gzipSync(new Uint8Array(66 * 2 ** 20).fill(0x61)));
  await assertFault(() => lines(path), {
    dir: dir.path,
    text: "long.gz:1: the line is longer than 64 MiB [text/long-line]\n" +
      "  mend: break the text into lines, or check that the file is text",
  });
});

Deno.test("readLines() refuses a folder, a named pipe and a device at once", async () => {
  using dir = new TempDir();
  const pipe = `${dir.path}/pipe`;
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  const mend =
    "  mend: name a regular file; what comes out of a pipe or device has to be written to one first";
  for (
    const [path, what] of [
      [dir.folder("folder"), "a folder"],
      [pipe, "a named pipe"],
      ["/dev/zero", "a device"],
    ] as const
  ) {
    const text = `${path}: this is ${what}, not a regular file [text/not-a-file]\n${mend}`;
    await assertFault(() => lines(path), { text });
  }
});
