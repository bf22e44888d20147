import assert from "node:assert/strict";
import { PARTS } from "../../lib/base/parts.ts";
import { labelledTextsArtifact } from "../../lib/benchmarks/labelled/texts.ts";
import { readConll } from "../../lib/benchmarks/ner/conll.ts";
import { questionsArtifact } from "../../lib/benchmarks/questions/questions.ts";
import { sha256 } from "../../lib/base/digest.ts";
import { syntheticWorld } from "../../lib/tasks/synthetic_world.ts";
import { vocab } from "../../lib/tasks/vocab.ts";
import { corpusArtifact } from "../../lib/text/corpus/corpus_artifact.ts";
import type { Split } from "../../lib/text/corpus/format.ts";
import { WordPiece } from "../../lib/text/pieces/wordpiece.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { runKind } from "./made_inputs.ts";

const SMALL = {
  seed: 1,
  generalWords: 3000,
  domainWords: 4000,
  validationSentences: 100,
  nerTrain: 20,
  nerDev: 30,
  nerTest: 40,
  relationsTrain: 20,
  relationsDev: 30,
  relationsTest: 40,
  questionsTrain: 20,
  questionsDev: 30,
  questionsTest: 40,
};

const FILES = [
  "domain/corpus.json",
  "domain/pieces.txt",
  "domain/train.txt",
  "domain/validation.txt",
  "general/corpus.json",
  "general/pieces.txt",
  "general/train.txt",
  "general/validation.txt",
  "ner/dev.tsv",
  "ner/ner.json",
  "ner/test.tsv",
  "ner/train.tsv",
  "questions/dev.jsonl",
  "questions/golden.json",
  "questions/questions.json",
  "questions/test.jsonl",
  "questions/train.jsonl",
  "relations/dev.jsonl",
  "relations/test.jsonl",
  "relations/texts.json",
  "relations/train.jsonl",
  "world.json",
];

const digestsOf = (dir: string) =>
  Object.fromEntries(
    FILES.map((file) => [file, sha256(Deno.readFileSync(`${dir}/${file}`)).slice(0, 12)]),
  );

Deno.test("synthetic-world writes corpora and benchmarks as large as asked for", async () => {
  using dir = new TempDir();
  const { artifact, outcome, events } = await runKind(syntheticWorld, {
    dir: dir.path,
    params: SMALL,
  });
  assert.deepEqual(outcome, { facts: {}, scores: [] });
  assert.ok(events.every((event) => event.type === "progress" && event.done <= event.total));
  const found: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(artifact.dir)) {
    if (!isDirectory) found.push(name);
    else {for (const each of Deno.readDirSync(`${artifact.dir}/${name}`)) {
        found.push(`${name}/${each.name}`);
      }}
  }
  assert.deepEqual(found.sort(), FILES);
  for (const kind of ["general", "domain"] as const) {
    const { train, validation } = (await corpusArtifact.open(`${artifact.dir}/${kind}`)).summary;
    const asked = SMALL[`${kind}Words`];
    assert.ok(train.words >= asked && train.words < asked + 200, `${train.words}`);
    assert.equal(validation.sentences, 100);
  }
  const sizes = await Promise.all(
    ["train", "dev", "test"].map(async (part) =>
      (await readConll(`${artifact.dir}/ner/${part}.tsv`)).length
    ),
  );
  assert.deepEqual(sizes, [20, 30, 40]);
  const { parts: relations } = await labelledTextsArtifact.open(`${artifact.dir}/relations`);
  const { parts: questions } = await questionsArtifact.open(`${artifact.dir}/questions`);
  for (const parts of [relations, questions]) {
    assert.deepEqual(PARTS.map((part) => parts[part].length), [20, 30, 40]);
  }
});

Deno.test("synthetic-world trains on no sentence that it holds out", async () => {
  using dir = new TempDir();
  const params = { ...SMALL, generalWords: 20_000, domainWords: 20_000, validationSentences: 600 };
  const { artifact } = await runKind(syntheticWorld, { dir: dir.path, params });
  for (const kind of ["general", "domain"]) {
    const corpus = await corpusArtifact.open(`${artifact.dir}/${kind}`);
    const sentencesOf = async (split: Split) =>
      (await Array.fromAsync(corpus.documents(split))).flat();
    const heldOut = new Set(await sentencesOf("validation"));
    assert.equal(heldOut.size, 600);
    assert.ok(!(await sentencesOf("train")).some((sentence) => heldOut.has(sentence)));
  }
});

Deno.test("synthetic-world gives the same bytes for a seed, on every machine", async () => {
  using dir = new TempDir();
  const { artifact } = await runKind(syntheticWorld, { dir: dir.path, params: SMALL });
  // A change here orphans cached results: count up the kind's version with it.
  assert.deepEqual(digestsOf(artifact.dir), {
    "domain/corpus.json": "8791bddc2f9a",
    "domain/pieces.txt": "4a111868be98",
    "domain/train.txt": "62caecae1a0e",
    "domain/validation.txt": "6e8e7022a3cc",
    "general/corpus.json": "9d675171dcf7",
    "general/pieces.txt": "4a111868be98",
    "general/train.txt": "302d5d81b68c",
    "general/validation.txt": "b9c0f03dd5bb",
    "ner/dev.tsv": "151ca43b2025",
    "ner/ner.json": "6896de342ae3",
    "ner/test.tsv": "42247d084f14",
    "ner/train.tsv": "855097dc7594",
    "questions/dev.jsonl": "1cde0ce3244c",
    "questions/golden.json": "ca3d163bab05",
    "questions/questions.json": "b1c170f904b8",
    "questions/test.jsonl": "8cee2f7a11bc",
    "questions/train.jsonl": "111e41a7e9ef",
    "relations/dev.jsonl": "3e8eec3149a3",
    "relations/test.jsonl": "744c227ff9dd",
    "relations/texts.json": "4cc3e529277f",
    "relations/train.jsonl": "1190bba0166a",
    "world.json": "4d84325f9a27",
  });
  const other = await runKind(syntheticWorld, { dir: dir.path, params: { ...SMALL, seed: 2 } });
  const digests = digestsOf(artifact.dir);
  for (const [file, digest] of Object.entries(digestsOf(other.artifact.dir))) {
    // Counts may agree by chance; texts do not.
    if (!file.endsWith(".json")) assert.notEqual(digest, digests[file], file);
  }
});

Deno.test("synthetic-world keeps what was said when more is asked for", async () => {
  using dir = new TempDir();
  const text = async (params: Record<string, unknown>) => {
    const { artifact } = await runKind(syntheticWorld, {
      dir: dir.path,
      params: { ...SMALL, ...params },
    });
    return Deno.readTextFileSync(`${artifact.dir}/domain/train.txt`);
  };
  assert.ok((await text({ domainWords: 6000, nerTest: 50 })).startsWith(await text({})));
});

Deno.test("a vocabulary trained on a synthetic world splits every name of its benchmark", async () => {
  using dir = new TempDir();
  const { artifact } = await runKind(syntheticWorld, { dir: dir.path, params: SMALL });
  const corpora = ["general", "domain"].map((kind) => ({
    ...artifact,
    dir: `${artifact.dir}/${kind}`,
  }));
  const trained = await runKind(vocab, {
    dir: dir.path,
    params: { size: 2000, alphabet: "corpus" },
    inputs: { corpora },
  });
  const encoder = await WordPiece.load(`${trained.artifact.dir}/vocab.txt`);
  const pieces = new Set(Deno.readTextFileSync(`${artifact.dir}/domain/pieces.txt`).split("\n"));
  let names = 0;
  for (const { words, tags } of await readConll(`${artifact.dir}/ner/test.tsv`)) {
    words.forEach((word, i) => {
      const cut = Array.from(encoder.encode(word), (id) => encoder.pieces[id]!);
      assert.ok(cut.every((piece) => pieces.has(piece) || piece === ","), `${word}: ${cut}`);
      const isLast = tags[i] !== "O" && !tags[i + 1]?.startsWith("I");
      if (!isLast) return;
      names++;
      assert.equal(cut.length, 2, `${word}: ${cut}`);
      assert.ok(cut[1]!.startsWith("##"));
    });
  }
  assert.ok(names >= 20);
});

Deno.test("synthetic-world refuses more names of a suffix than there are stems", () => {
  const params = syntheticWorld.params.parse({ stems: 20, namesPerSuffix: 21 });
  assert.deepEqual(syntheticWorld.check!(params), [{
    path: "namesPerSuffix",
    message: "20 stems make no 21 names of one suffix",
    mend: "lower namesPerSuffix to 20, or raise stems",
  }]);
});
