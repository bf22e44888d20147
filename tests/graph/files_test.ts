import assert from "node:assert/strict";
import { exitCodeOf } from "../../lib/cli/exit.ts";
import { ExperimentError, formatFault } from "../../lib/base/errors.ts";
import { buildGraph } from "../../lib/graph/build.ts";
import { digestFiles, readFileDigest } from "../../lib/graph/files.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { numerics, requestsOf, text } from "./sample.ts";

async function inTemporaryFolder(work: (dir: string) => Promise<void>): Promise<void> {
  using temp = new TempDir();
  await work(temp.path);
}

Deno.test("readFileDigest() gives a file's SHA-256, and the new one when it changed", async () => {
  await inTemporaryFolder(async (dir) => {
    const path = `${dir}/a.txt`;
    await Deno.writeTextFile(path, "abc");
    const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert.equal(await readFileDigest(path), abc);
    assert.equal(await readFileDigest(path), abc);
    const { mtime } = await Deno.stat(path);
    await Deno.writeTextFile(path, "abd");
    await Deno.utime(path, mtime!, mtime!);
    assert.equal(await readFileDigest(path), abc, "same size and time: not read again");
    await Deno.utime(path, 1, 1);
    assert.notEqual(await readFileDigest(path), abc);
  });
});

Deno.test("digestFiles() reads each file once", async () => {
  const read: string[] = [];
  const at = { file: "spec.yaml" };
  const { digests } = await digestFiles(["a", "b", "a", "a"].map((file) => ({ file, at })), {
    read: (path) => {
      read.push(path);
      return Promise.resolve(`of ${path}`);
    },
  });
  assert.deepEqual(Object.fromEntries(digests), { a: "of a", b: "of b" });
  assert.deepEqual(read, ["a", "b"]);
});

Deno.test("buildGraph() reports all files that cannot be read, each with its place", async () => {
  await inTemporaryFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/there.txt`, "x");
    const sources = ["there.txt", "gone.txt", ""].map((name) => ({ path: `${dir}/${name}` }));
    const requests = requestsOf({ text: { kind: text, params: { sources } } });
    const other = requestsOf({
      other: { kind: text, params: { sources: sources.slice(1), language: "de" } },
    });
    await assert.rejects(
      buildGraph([...requests, ...other], { numerics }),
      (error: unknown) => {
        assert.ok(error instanceof ExperimentError);
        assert.equal(exitCodeOf(error.faults), 2);
        const texts = error.faults.map(formatFault).map((each) => each.replaceAll(dir, "DIR"));
        assert.deepEqual(texts.map((each) => each.replace(/file: .*? \[/, "file: … [")), [
          'spec.yaml:10:15: there is no file "DIR/gone.txt" [graph/missing-file]\n' +
          "  mend: check the path, which in a spec is relative to the file that names it, and any variable in it",
          'spec.yaml:10:15: cannot read the file "DIR/": it is a folder ' +
          "[graph/unreadable-file]\n  mend: name a regular file that this user may read",
        ]);
        return true;
      },
    );
  });
});

Deno.test("digestFiles() lets declared files be absent for a plan, and no others", async () => {
  const read = (path: string) => {
    if (path === "there") return Promise.resolve("of there");
    throw path === "closed" ? new Deno.errors.PermissionDenied() : new Deno.errors.NotFound();
  };
  const at = { file: "spec.yaml", line: 2 };
  const ask = (file: string, isDeclared: boolean) => ({ file, at, isDeclared });
  const found = await digestFiles([ask("there", true), ask("a", true), ask("b", true)], {
    read,
    allowsAbsent: true,
  });
  assert.deepEqual([...found.absent], ["a", "b"]);
  assert.notEqual(found.digests.get("a"), found.digests.get("b"));
  const refused: [string, ReturnType<typeof ask>[], boolean][] = [
    ["graph/missing-file", [ask("a", false)], true],
    // One stage declares what it holds, another reads it and does not.
    ["graph/missing-file", [ask("a", true), ask("a", false)], true],
    ["graph/missing-file", [ask("a", true)], false],
    ["graph/unreadable-file", [ask("closed", true)], true],
  ];
  for (const [code, asks, allowsAbsent] of refused) {
    await assert.rejects(digestFiles(asks, { read, allowsAbsent }), { code });
  }
});

Deno.test("digestFiles() tells of a link to itself, and of what Deno keeps for the system, in plain words", async () => {
  using dir = new TempDir();
  const loop = `${dir.path}/loop`;
  await Deno.symlink(loop, loop);
  const asks = [loop, "/proc/kmsg"].map((file) => ({ file, at: { file: "s.yaml", line: 3 } }));
  await assert.rejects(digestFiles(asks), (error: ExperimentError) => {
    assert.deepEqual(error.faults.map(({ message }) => message), [
      `cannot read the file "${loop}": it is a link that leads back to itself`,
      'cannot read the file "/proc/kmsg": it is a file of the system\'s own',
    ]);
    return true;
  });
});

Deno.test("digestFiles() refuses a named pipe, a device and a folder instead of waiting for them", async () => {
  using dir = new TempDir();
  const pipe = `${dir.path}/pipe`;
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  const at = { file: "s.yaml", line: 3 };
  const asks = [pipe, "/dev/zero", dir.path].map((file) => ({ file, at }));
  await assert.rejects(digestFiles(asks), (error: unknown) => {
    assert.ok(error instanceof ExperimentError);
    assert.deepEqual(error.faults.map(({ code }) => code), Array(3).fill("graph/unreadable-file"));
    const [first] = error.faults;
    assert.equal(first.message, `cannot read the file "${pipe}": it is a named pipe`);
    assert.equal(first.mend, "name a regular file that this user may read");
    return true;
  });
});
