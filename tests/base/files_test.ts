import assert from "node:assert/strict";
import fc from "fast-check";
import { removeIfThere, syncPath, writeAll, writeAllSync } from "../../lib/base/files.ts";

/** A file that takes at most so many bytes a call, as a pipe or a full disk may. */
function narrowFile(widths: readonly number[]) {
  const taken: number[] = [];
  let call = 0;
  const take = (bytes: Uint8Array) => {
    const part = bytes.subarray(0, widths[call++ % widths.length]!);
    taken.push(...part);
    return part.length;
  };
  return { taken, write: (bytes: Uint8Array) => Promise.resolve(take(bytes)), writeSync: take };
}

Deno.test("writeAll() and writeAllSync() write everything, however little a call takes", async () => {
  const widths = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 });
  await fc.assert(fc.asyncProperty(fc.uint8Array(), widths, async (bytes, each) => {
    const file = narrowFile(each), other = narrowFile(each);
    await writeAll(file, bytes);
    writeAllSync(other, bytes);
    assert.deepEqual(file.taken, [...bytes]);
    assert.deepEqual(other.taken, [...bytes]);
  }));
});

Deno.test("removeIfThere() removes files and folders, and absence is fine", async () => {
  const dir = await Deno.makeTempDir({ prefix: "titrate-test-" });
  await Deno.mkdir(`${dir}/a/b`, { recursive: true });
  await Deno.writeTextFile(`${dir}/a/b/c.txt`, "x");
  await syncPath(`${dir}/a/b/c.txt`);
  await syncPath(dir);
  await removeIfThere(`${dir}/a`);
  await removeIfThere(`${dir}/a`);
  assert.deepEqual([...Deno.readDirSync(dir)], []);
  await removeIfThere(dir);
});
