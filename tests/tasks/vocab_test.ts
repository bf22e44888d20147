import assert from "node:assert/strict";
import type { StoredArtifact } from "../../lib/graph/task.ts";
import { vocab } from "../../lib/tasks/vocab.ts";
import { CorpusWriter } from "../../lib/text/corpus/format.ts";
import { vocabArtifact } from "../../lib/text/pieces/vocab_artifact.ts";
import { SPECIAL_PIECES } from "../../lib/text/pieces/wordpiece.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { DATA_DIR, testOnData } from "../_support/data.ts";
import { assertFault } from "../_support/fault.ts";
import { runKind } from "./made_inputs.ts";

async function corpusOf(dir: string, sentences: readonly string[]): Promise<StoredArtifact> {
  Deno.mkdirSync(dir);
  const writer = new CorpusWriter(dir);
  for (const each of sentences) await writer.write("train", [each]);
  await writer.write("validation", ["zzz zzz"]);
  await writer.close();
  return { key: dir, dir, facts: {} };
}

const read = (artifact: StoredArtifact) =>
  Deno.readTextFileSync(`${artifact.dir}/vocab.txt`).trimEnd().split("\n");

const small = { alphabet: "corpus", minCharacterCount: 1 };

Deno.test("vocab counts the training text of all its corpora, and only that", async () => {
  using dir = new TempDir();
  const corpora = [
    await corpusOf(`${dir.path}/a`, ["ab ab ab", "ab"]),
    await corpusOf(`${dir.path}/b`, ["cd cd"]),
  ];
  const { artifact, outcome } = await runKind(vocab, {
    dir: dir.path,
    params: small,
    inputs: { corpora },
  });
  assert.deepEqual(outcome, { facts: {}, scores: [] });
  const letters = ["a", "b", "c", "d", "##b", "##d"];
  assert.deepEqual(read(artifact), [...SPECIAL_PIECES, ...letters, "ab", "cd"]);
  const limited = await runKind(vocab, {
    dir: dir.path,
    params: { ...small, maxWords: 3, minPairCount: 3 },
    inputs: { corpora: corpora.slice(0, 1) },
  });
  assert.deepEqual(read(limited.artifact), [...SPECIAL_PIECES, "a", "b", "##b", "ab"]);
});

Deno.test("vocab seeds pieces that are given and those that a corpus names", async () => {
  using dir = new TempDir();
  const corpora = [await corpusOf(`${dir.path}/a`, ["balomin balomin omtex omtex"])];
  dir.file("a/pieces.txt", "balo\n##min\n");
  const params = { ...small, seedPieces: ["##tex"] };
  const run = await runKind(vocab, { dir: dir.path, params, inputs: { corpora } });
  const learned = read(run.artifact).filter((each) => each.replace("##", "").length > 1).slice(5);
  assert.deepEqual(learned, ["##tex", "balo", "##min", "om", "omtex"]);
  const plain = await runKind(vocab, {
    dir: dir.path,
    params: { ...params, useCorpusPieces: false },
    inputs: { corpora },
  });
  assert.ok(read(plain.artifact).includes("balomin"));
});

Deno.test("vocab takes a file as it is, and refuses one without special pieces", async () => {
  using dir = new TempDir();
  const pieces = ["a", ...SPECIAL_PIECES, "##b", "A"];
  const file = dir.file("vocab.txt", pieces.join("\n") + "\n");
  const { artifact } = await runKind(vocab, { dir: dir.path, params: { file } });
  assert.deepEqual(read(artifact), pieces);
  assert.deepEqual(vocab.files!(vocab.params.parse({ file })), [{ path: "file", file }]);
  assert.deepEqual(vocab.files!(vocab.params.parse({})), []);
  await assertFault(
    () => runKind(vocab, { dir: dir.path, params: { file: dir.file("bad.txt", "a\n") } }),
    {
      dir: dir.path,
      text: "bad.txt: the vocabulary has no [PAD] [text/bad-vocab]\n" +
        "  mend: give a WordPiece vocab.txt with [PAD], [UNK], [CLS], [SEP], [MASK]",
    },
  );
  await assert.rejects(() => runKind(vocab, { dir: dir.path }), { code: "text/empty-corpus" });
});

Deno.test("vocab takes an uncased vocabulary only where its text is lower-cased", async () => {
  using dir = new TempDir();
  const load = (pieces: readonly string[], params = {}) => {
    const file = dir.file("vocab.txt", [...SPECIAL_PIECES, ...pieces].join("\n"));
    return runKind(vocab, { dir: dir.path, params: { file, ...params } });
  };
  for (const pieces of [["the", "##s"], ["the", "[unused1]", "[X]", "É", "1"], ["##s"]]) {
    await assertFault(() => load(pieces), {
      dir: dir.path,
      text: "vocab.txt: the vocabulary has no capital letter, but text is to keep its capitals " +
        "[text/bad-vocab]\n  mend: say lowercase: true, or give a cased vocabulary",
    });
    const { artifact } = await load(pieces, { lowercase: true });
    assert.equal((await vocabArtifact.open(artifact.dir)).lowercase, true);
  }
  for (const pieces of [["the", "The"], ["the", "##A"], ["中", "1", "##2"]]) {
    const { artifact } = await load(pieces);
    assert.deepEqual([...Deno.readDirSync(artifact.dir)].map(({ name }) => name), ["vocab.txt"]);
    assert.equal((await vocabArtifact.open(artifact.dir)).lowercase, false);
  }
});

Deno.test("vocab hears from a tokenizer_config.json that its file is lower-cased", async () => {
  using dir = new TempDir();
  const file = dir.file("vocab.txt", [...SPECIAL_PIECES, "the"].join("\n"));
  const config = dir.file("tokenizer_config.json", '{"do_lower_case": true}');
  const { artifact } = await runKind(vocab, { dir: dir.path, params: { file } });
  assert.equal((await vocabArtifact.open(artifact.dir)).lowercase, true);
  const files = (params: Record<string, unknown>) =>
    vocab.files!(vocab.params.parse({ file, ...params })).map((each) => each.file);
  assert.deepEqual(files({}), [file, config]);
  assert.deepEqual(files({ lowercase: true }), [file]);
  // A cased vocabulary's key stays what it was, whatever stands beside it.
  dir.file("tokenizer_config.json", '{"do_lower_case": false}');
  assert.deepEqual(files({}), [file]);
});

Deno.test("vocab trains on lower-cased text, without capitals in its alphabet", async () => {
  using dir = new TempDir();
  const corpora = [await corpusOf(`${dir.path}/a`, ["Éa ÉA ea"])];
  const params = { minCharacterCount: 1, lowercase: true, seedPieces: ["Ab"] };
  const { artifact } = await runKind(vocab, { dir: dir.path, params, inputs: { corpora } });
  const plain = read(artifact).filter((each) => !SPECIAL_PIECES.includes(each));
  assert(!plain.some((each) => /[A-ZÉé]/.test(each)));
  assert.deepEqual(plain.slice(-2), ["ab", "ea"]);
  const { lowercase, pieces } = await vocabArtifact.open(artifact.dir);
  assert.deepEqual([lowercase, pieces.length], [true, plain.length + SPECIAL_PIECES.length]);
});

testOnData("vocab tells the real uncased BERT vocabulary from the cased one", {
  needs: "vocab/bert-base-uncased-vocab.txt",
  run: async () => {
    using dir = new TempDir();
    const load = (name: string, params = {}) =>
      runKind(vocab, { dir: dir.path, params: { file: `${DATA_DIR}/vocab/${name}`, ...params } });
    await assert.rejects(load("bert-base-uncased-vocab.txt"), { code: "text/bad-vocab" });
    await load("bert-base-uncased-vocab.txt", { lowercase: true });
    await load("bert-base-cased-vocab.txt");
  },
});

Deno.test("vocab shows that it counts, and tells which words it left out", async () => {
  using dir = new TempDir();
  const corpora = [await corpusOf(`${dir.path}/a`, ["ab ab", `ab ${"x".repeat(101)}`])];
  const { events } = await runKind(vocab, { dir: dir.path, params: small, inputs: { corpora } });
  assert.deepEqual(events, [
    { type: "progress", phase: "counting", done: 0, total: 2, unit: "documents" },
    { type: "progress", phase: "counting", done: 1, total: 2, unit: "documents" },
    { type: "warning", message: "left out 1 word that is too long to be encoded" },
  ]);
});

Deno.test("vocab.check() wants corpora or a file, and names what has no effect beside a file", () => {
  const file = { file: "v.txt" };
  const cases = [
    { params: {}, roles: ["corpora"], paths: [] },
    { params: {}, roles: [], paths: ["corpora"] },
    { params: { size: 100 }, roles: undefined, paths: [] },
    { params: file, roles: [], paths: [] },
    {
      params: { ...file, size: 100, seedPieces: [] },
      roles: ["corpora"],
      paths: ["corpora", "size"],
    },
  ];
  for (const { params, roles, paths } of cases) {
    const faults = vocab.check!(vocab.params.parse(params), roles);
    assert.deepEqual(faults.map((fault) => fault.path), paths);
  }
  assert.deepEqual(vocab.check!(vocab.params.parse({ ...file, size: 100 })), [{
    path: "size",
    message: "size has no effect on a vocabulary that is taken from a file",
    mend: "remove size, or remove file",
  }]);
  assert.equal(vocab.params.safeParse({ seedPieces: ["a b"] }).success, false);
});
