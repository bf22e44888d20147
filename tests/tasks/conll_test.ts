import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { readConll } from "../../lib/benchmarks/ner/conll.ts";
import { conll } from "../../lib/tasks/conll.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { DATA_DIR, testOnData } from "../_support/data.ts";
import { assertFault } from "../_support/fault.ts";
import { countsOf, runKind } from "./made_inputs.ts";

const sentences = (count: number, word: string) =>
  Array.from({ length: count }, (_, i) => `${word}${i}\tB\nis\tO\n\n`).join("");

Deno.test("conll joins the files of a part, in their order, and names its warnings", async () => {
  using dir = new TempDir();
  const params = {
    train: [
      dir.file("train.tsv", sentences(2, "t")),
      dir.file("more.tsv.gz", gzipSync(sentences(1, "m"))),
    ],
    dev: [dir.file("dev.tsv", sentences(1, "d"))],
    test: [dir.file("test.tsv", sentences(1, "s") + sentences(1, "m"))],
  };
  const { artifact, outcome, events } = await runKind(conll, { dir: dir.path, params });
  assert.deepEqual(
    outcome.scores.filter(({ value }) => value > 0).map(({ metric, split }) => [metric, split]),
    [["copyShare", "test"]],
  );
  const names = [...Deno.readDirSync(artifact.dir)].map((each) => each.name).sort();
  assert.deepEqual(names, ["dev.tsv", "ner.json", "test.tsv", "train.tsv"]);
  const train = Deno.readTextFileSync(`${artifact.dir}/train.tsv`);
  assert.equal(train, sentences(2, "t") + sentences(1, "m"));
  assert.deepEqual(countsOf(events, "test"), {
    sentences: 2,
    words: 4,
    entities: 2,
    "copies/train": 1,
  });
  assert.deepEqual(events.filter(({ type }) => type !== "measurement"), [
    ...Array.from({ length: 4 }, (_, done) => {
      return { type: "progress", phase: "reading", done, total: 4, unit: "files" };
    }),
    { type: "warning", message: "1 of 2 test sentences stands in train too" },
  ]);
  assert.deepEqual(JSON.parse(Deno.readTextFileSync(`${artifact.dir}/ner.json`)).labels, [
    "O",
    "B",
  ]);
  assert.deepEqual(conll.files!(conll.params.parse(params)), [
    { path: "train[0]", file: params.train[0] },
    { path: "train[1]", file: params.train[1] },
    { path: "dev[0]", file: params.dev[0] },
    { path: "test[0]", file: params.test[0] },
  ]);
});

Deno.test("conll takes a seeded choice of training sentences and keeps their order", async () => {
  using dir = new TempDir();
  const base = {
    train: [dir.file("train.tsv", sentences(100, "t"))],
    dev: [dir.file("dev.tsv", sentences(1, "d"))],
    test: [dir.file("test.tsv", sentences(1, "s"))],
  };
  const chosen = async (params: Record<string, unknown>) => {
    const { artifact } = await runKind(conll, { dir: dir.path, params: { ...base, ...params } });
    const train = await readConll(`${artifact.dir}/train.tsv`);
    return train.map(({ words }) => Number(words[0]!.slice(1)));
  };
  const ten = await chosen({ maxTrainSentences: 10 });
  assert.equal(new Set(ten).size, 10);
  assert.deepEqual(ten, ten.toSorted((a, b) => a - b));
  assert.deepEqual(await chosen({ maxTrainSentences: 10 }), ten);
  assert.notDeepEqual(await chosen({ maxTrainSentences: 10, seed: 1 }), ten);
  assert.equal((await chosen({ maxTrainSentences: 1000 })).length, 100);
  assert.equal((await chosen({})).length, 100);
});

Deno.test("conll names file and line of what it cannot read, and leaves nothing", async () => {
  using dir = new TempDir();
  const good = dir.file("good.tsv", sentences(1, "t"));
  const bad = dir.file("bad.tsv", "a\tO\nb\n");
  const params = { train: [good], dev: [good], test: [bad] };
  await assertFault(
    () => runKind(conll, { dir: dir.path, params }),
    {
      text: 'bad.tsv:2: the line has a word, "b", but no tag [benchmarks/no-tag]\n' +
        "  mend: write the word, a tab and the tag",
      dir: dir.path,
    },
  );
  for (const entry of Deno.readDirSync(dir.path)) {
    if (!entry.isDirectory) continue;
    assert.deepEqual([...Deno.readDirSync(`${dir.path}/${entry.name}`)], []);
  }
});

testOnData("conll reports the duplicates of NCBI-disease", {
  needs: "ner/ncbi_disease/train.tsv.gz",
  run: async () => {
    using dir = new TempDir();
    const file = (part: string) => [`${DATA_DIR}/ner/ncbi_disease/${part}.tsv.gz`];
    const { events } = await runKind(conll, {
      dir: dir.path,
      params: { train: file("train"), dev: file("devel"), test: file("test") },
    });
    const messages = events.map((event) => event.type === "warning" ? event.message : "");
    assert.ok(
      messages.includes("1 of 940 test sentences stands in train too"),
      messages.join("\n"),
    );
  },
});

Deno.test("conll counts near copies between parts and, above maxLeakage, names file and line", async () => {
  using dir = new TempDir();
  const tagged = (text: string) => text.split(" ").map((word) => `${word}\tO\n`).join("") + "\n";
  const long = "the gene was seen in many cells of the liver of mice and of men";
  const params = {
    train: [dir.file("train.tsv", tagged("something else") + tagged(long))],
    dev: [dir.file("dev.tsv", tagged("a third one"))],
    test: [dir.file("test.tsv", tagged("A THIRD one !") + tagged(`${long} again`))],
  };
  const { outcome, events } = await runKind(conll, { dir: dir.path, params });
  assert.deepEqual(
    outcome.scores.map(({ metric, split, value }) => [metric, split, value]),
    [["copyShare", "dev", 0], ["nearCopyShare", "dev", 0], ["copyShare", "test", 0.5], [
      "nearCopyShare",
      "test",
      0.5,
    ]],
  );
  const counts = countsOf(events, "test");
  assert.deepEqual([counts["copies/dev"], counts["nearCopies/train"]], [1, 1]);
  assert(events.some((each) =>
    each.type === "warning" &&
    each.message === "1 of 2 test sentences nearly stands in an earlier part too"
  ));
  await assertFault(
    () => runKind(conll, { dir: dir.path, params: { ...params, maxLeakage: 0.1 } }),
    {
      dir: dir.path,
      text: `2 of 2 test sentences (100.0%) stand in an earlier part too, above maxLeakage: 0.1 \
[tasks/leakage]
  mend: take them out, the first 2 of them below, or raise maxLeakage
test.tsv:1: stands word for word in dev too, at dev.tsv:1 [tasks/leakage]
  mend: take it out of the earlier part
test.tsv:6: stands to 92% in train too, at train.tsv:4 [tasks/leakage]
  mend: take it out of the earlier part`,
    },
  );
});
