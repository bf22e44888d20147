import assert from "node:assert/strict";
import fc from "fast-check";
import { exitCodeOf } from "../../../lib/cli/exit.ts";
import { expandPattern } from "../../../lib/text/sources/file_pattern.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { assertFault } from "../../_support/fault.ts";

const show = (dir: TempDir, pattern: string) =>
  expandPattern(`${dir.path}/${pattern}`).map((each) => each.slice(dir.path.length + 1));

Deno.test("expandPattern() gives what fits in sorted order, and hides names with a dot", () => {
  using dir = new TempDir();
  for (const name of ["x/b.txt", "x/a.txt", "x/.c.txt", "x/a.txt.gz", "y/d.txt", "z.txt", "x/B"]) {
    dir.file(name, "");
  }
  dir.file(".hidden/e.txt", "");
  dir.folder("x/folder.txt");
  assert.deepEqual(show(dir, "x/*.txt"), ["x/a.txt", "x/b.txt", "x/folder.txt"]);
  assert.deepEqual(show(dir, "*/?.txt"), ["x/a.txt", "x/b.txt", "y/d.txt"]);
  assert.deepEqual(show(dir, "x/.*.txt"), ["x/.c.txt"]);
  assert.deepEqual(show(dir, "x//?"), ["x/B"]);
  assert.deepEqual(show(dir, "*/d.txt"), ["y/d.txt"]);
  assert.deepEqual(show(dir, "none.txt"), ["none.txt"]);
  assert.deepEqual(show(dir, "**/?.txt"), ["x/a.txt", "x/b.txt", "y/d.txt", "z.txt"]);
  assert.deepEqual(show(dir, "**/.*/*.txt"), [".hidden/e.txt"]);
});

Deno.test("expandPattern() takes ** for any folders, none included, each file once", () => {
  using dir = new TempDir();
  for (
    const name of ["1.xml", "a/2.xml", "a/b/3.xml", "a/b/c/4.xml", "a/b/c/5.txt", "a/.d/6.xml"]
  ) {
    dir.file(name, "");
  }
  const all = ["1.xml", "a/2.xml", "a/b/3.xml", "a/b/c/4.xml"];
  assert.deepEqual(show(dir, "**/*.xml"), all);
  assert.deepEqual(show(dir, "**/**/*.xml"), all);
  assert.deepEqual(show(dir, "a/**/*.xml"), all.slice(1));
  assert.deepEqual(show(dir, "**/b/**/*.xml"), all.slice(2));
  assert.deepEqual(show(dir, "a/b/**"), ["a/b/3.xml", "a/b/c/4.xml", "a/b/c/5.txt"]);
  assert.deepEqual(show(dir, "a/**b/*"), ["a/b/3.xml", "a/b/c"]);
});

Deno.test("expandPattern() reports a pattern that nothing fits", async () => {
  using dir = new TempDir();
  for (const pattern of ["q/*.txt", "*/a.txt", "**/a.txt"]) {
    const error = await assertFault(() => expandPattern(`${dir.path}/${pattern}`), {
      dir: dir.path,
      text: `no file fits the pattern "${pattern}" [text/no-match]\n` +
        "  mend: check the path, which in a spec is relative to the file that names it, and that the data is there",
    });
    assert.equal(exitCodeOf(error.faults), 2);
  }
});

Deno.test("expandPattern() passes over no link, pipe or folder that fits: a reader refuses it", async () => {
  using dir = new TempDir();
  dir.file("a.txt", "");
  Deno.symlinkSync("nowhere", `${dir.path}/b.txt`);
  Deno.symlinkSync("d.txt", `${dir.path}/c.txt`);
  Deno.symlinkSync("c.txt", `${dir.path}/d.txt`);
  dir.folder("e.txt");
  await new Deno.Command("mkfifo", { args: [`${dir.path}/f.txt`] }).output();
  Deno.symlinkSync("a.txt", `${dir.path}/g.txt`);
  const all = ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt", "f.txt", "g.txt"];
  assert.deepEqual(show(dir, "*.txt"), all);
  assert.deepEqual(show(dir, "**/*.txt"), all);
  assert.deepEqual(show(dir, "**"), all.filter((each) => each !== "e.txt"));
});

Deno.test("expandPattern() is not led round by links, and follows them where a name is asked for", () => {
  using dir = new TempDir();
  dir.file("a/b/c.txt", "");
  Deno.symlinkSync("..", `${dir.path}/a/b/up`);
  Deno.symlinkSync("a", `${dir.path}/link`);
  assert.deepEqual(show(dir, "**/*.txt"), ["a/b/c.txt"]);
  assert.deepEqual(show(dir, "link/**/*.txt"), ["link/b/c.txt"]);
  assert.deepEqual(show(dir, "*/b/*.txt"), ["a/b/c.txt", "link/b/c.txt"]);
  assert.deepEqual(show(dir, "a/b/up/b/*.txt"), ["a/b/up/b/c.txt"]);
});

Deno.test("expandPattern() says which link or loop of links keeps it from looking", async () => {
  using dir = new TempDir();
  dir.file("a/x.txt", "");
  Deno.symlinkSync("gone", `${dir.path}/part2`);
  await assertFault(() => expandPattern(`${dir.path}/*/x.txt`), {
    dir: dir.path,
    text: "part2: cannot look for files here: it is a link that leads nowhere " +
      "[text/unreadable-folder]\n" +
      "  mend: make it readable, remove it, or give a pattern that does not lead through it",
  });
  Deno.removeSync(`${dir.path}/part2`);
  Deno.symlinkSync("loop", `${dir.path}/loop`);
  for (const pattern of ["*/x.txt", "loop/*.txt", "loop/**"]) {
    assert.throws(() => expandPattern(`${dir.path}/${pattern}`), {
      code: "text/unreadable-folder",
    });
  }
});

Deno.test("expandPattern() reads a pattern with many * in time that a person does not notice", () => {
  using dir = new TempDir();
  for (let i = 0; i < 50; i++) dir.file(`${"a".repeat(200)}${"b".repeat(i)}c`, "");
  for (const pattern of ["*a*a*a*b", `${"*a".repeat(60)}*b`, "*".repeat(120) + "b"]) {
    assert.throws(() => expandPattern(`${dir.path}/${pattern}`), { code: "text/no-match" });
  }
  assert.equal(expandPattern(`${dir.path}/${"*a".repeat(60)}*c`).length, 50);
});

Deno.test("expandPattern() fits names as a regular expression would", () => {
  using dir = new TempDir();
  const letter = fc.constantFrom("a", "b", "é", "\u{1F9EC}");
  const name = fc.array(letter, { minLength: 1, maxLength: 6 }).map((all) => all.join(""));
  const part = fc.array(fc.oneof(letter, fc.constantFrom("*", "?")), { minLength: 1, maxLength: 6 })
    .map((all) => `${all.join("")}*`).filter((each) => each !== "**");
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1 }), part, (names, pattern) => {
      const folder = dir.folder("names");
      for (const each of names) Deno.writeTextFileSync(`${folder}/${each}`, "");
      const source = pattern.replaceAll("*", ".*").replaceAll("?", ".");
      const wanted = names.filter((each) => new RegExp(`^(?:${source})$`, "u").test(each)).sort();
      try {
        const found = expandPattern(`${folder}/${pattern}`);
        assert.deepEqual(found.map((each) => each.slice(folder.length + 1)), wanted);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "text/no-match");
        assert.deepEqual(wanted, []);
      }
      Deno.removeSync(folder, { recursive: true });
    }),
    { numRuns: 60 },
  );
});
