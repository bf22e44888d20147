/**
 * The cases of text that was lost, refused for a false reason or read as one word:
 * the real command line does what the report of each did.
 */
import assert from "node:assert/strict";
import { TempDir } from "../_support/temp_dir.ts";
import { type Finished, finished, titrate } from "../_support/titrate.ts";

const CASES = new URL("../../../shared/cases/", import.meta.url);
const isThere = await Deno.stat(CASES).then(() => true, () => false);

/** Runs a spec of a case in an empty folder; its paths are made to lead to the case's files. */
async function runCase(name: string, { spec = "spec", dir }: {
  readonly spec?: string;
  readonly dir: TempDir;
}): Promise<Finished> {
  const text = await Deno.readTextFile(new URL(`${name}/${spec}.yaml`, CASES));
  const path = dir.file(`${spec}.yaml`, text.replaceAll("../shared/cases/", CASES.pathname));
  return await finished(titrate(["run", path, "--quiet"], { cwd: dir.path }).spawn());
}

/** The files of one name in all artifacts, in no order. */
async function filesOf(dir: string, name: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(dir)) {
    if (entry.isDirectory) found.push(...await filesOf(`${dir}/${entry.name}`, name));
    else if (entry.name === name) found.push(await Deno.readTextFile(`${dir}/${entry.name}`));
  }
  return found;
}

const test = (name: string, run: () => Promise<void>) =>
  Deno.test({ name, ignore: !isThere, fn: run });

test("a corpus of zstd files holds every document, ten times out of ten", async () => {
  for (let round = 0; round < 10; round++) {
    using dir = new TempDir();
    const { code, stderr } = await runCase("01-zstd-text-lost", { dir });
    assert.equal(code, 0, stderr);
    const corpora = await filesOf(`${dir.path}/results/store/objects`, "corpus.json");
    assert.equal(corpora.length, 6);
    for (const text of corpora) {
      const { train, validation, sources } = JSON.parse(text);
      assert.deepEqual([train.documents, validation.documents], [79, 1]);
      assert.equal(sources[0].documents, 80);
      assert.equal(sources[0].files, 8);
    }
  }
});

test("zstd behind a skippable frame is read, and what is not read is named as what it is", async () => {
  const name = "02-zstd-skippable-frame-first";
  const train = new Map<string, readonly string[]>();
  for (const spec of ["plain", "pzstd"]) {
    using dir = new TempDir();
    const { code, stderr } = await runCase(name, { spec, dir });
    assert.equal(code, 0, stderr);
    train.set(spec, await filesOf(`${dir.path}/results/store/objects`, "train.tsv"));
  }
  assert.equal(train.get("plain")!.length, 1);
  assert.deepEqual(train.get("pzstd"), train.get("plain"));
  const refused = {
    long31: "long31.tsv.zst: the zstd data needs a window of 2.0 GiB, and at most 1.0 GiB is read",
    xz: "plain.tsv.xz: this is xz data, which is not read",
    bz2: "plain.tsv.bz2: this is bzip2 data, which is not read",
  };
  for (const [spec, message] of Object.entries(refused)) {
    using dir = new TempDir();
    const { code, stderr } = await runCase(name, { spec, dir });
    assert.equal(code, 1, stderr);
    assert.ok(stderr.includes(`${message} [text/not-text]`), stderr);
    assert.doesNotMatch(stderr, /latin1|damaged/);
  }
});

test("bare carriage returns as line ends are refused at their line, in every layout", async () => {
  using dir = new TempDir();
  const { code, stderr } = await runCase("05-bare-cr", { dir });
  assert.equal(code, 1, stderr);
  for (const file of ["cr.tsv:1", "cr.txt:1"]) {
    const message =
      `${file}: a bare carriage return stands in the line, as line ends of old Macs ` +
      "are [text/bare-return]";
    assert.ok(stderr.includes(message), stderr);
  }
  assert.ok(stderr.includes("mend: make line feeds of them: tr '\\r' '\\n' < FILE > NEW"), stderr);
});
