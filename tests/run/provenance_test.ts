import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { formatVersion, provenance, VERSION } from "../../lib/run/provenance.ts";
import { TempDir } from "../_support/temp_dir.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** The commit that is read from files as git leaves them. */
function commitOf(files: Record<string, string>, at = ""): string | undefined {
  using dir = new TempDir();
  for (const [name, text] of Object.entries(files)) {
    dir.file(name, text.replaceAll("DIR", dir.path));
  }
  return provenance(pathToFileURL(`${dir.path}/${at}`)).commit;
}

Deno.test("provenance() reads the commit wherever git keeps it, without git", () => {
  const head = "ref: refs/heads/main\n";
  assert.equal(commitOf({ ".git/HEAD": `${COMMIT}\n` }), COMMIT);
  assert.equal(
    commitOf({ ".git/HEAD": head, ".git/refs/heads/main": `${COMMIT}\n` }),
    COMMIT,
  );
  const packed = `# pack-refs with: peeled\n${COMMIT} refs/heads/main\n`;
  assert.equal(commitOf({ ".git/HEAD": head, ".git/packed-refs": packed }), COMMIT);
  const worktree = {
    "b c/.git": "gitdir: DIR/.git/worktrees/b\n",
    ".git/worktrees/b/HEAD": head,
    ".git/worktrees/b/commondir": "../..\n",
    ".git/refs/heads/main": `${COMMIT}\n`,
  };
  assert.equal(commitOf(worktree, "b c/"), COMMIT);
  assert.equal(commitOf({}), undefined);
  assert.equal(commitOf({ ".git/HEAD": head }), undefined);
});

Deno.test("formatVersion() is that of deno.json, with the commit of a checkout", () => {
  using dir = new TempDir();
  assert.equal(formatVersion(pathToFileURL(`${dir.path}/`)), VERSION);
  dir.file(".git/HEAD", `${COMMIT}\n`);
  assert.equal(formatVersion(pathToFileURL(`${dir.path}/`)), `${VERSION} (0123456789ab)`);
});

Deno.test("provenance() says which process it is, and what the system tells", () => {
  const { version, pid, host, processor } = provenance();
  assert.deepEqual({ version, pid }, { version: VERSION, pid: Deno.pid });
  assert.equal(host, Deno.hostname());
  assert.ok(processor === undefined || processor.length > 0);
});
