import assert from "node:assert/strict";
import { labelledTextsArtifact } from "../../lib/benchmarks/labelled/texts.ts";
import { labelledTexts } from "../../lib/tasks/labelled_texts.ts";
import { DATA_DIR, testOnData } from "../_support/data.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { countsOf, runKind } from "./made_inputs.ts";

const lines = (count: number, word: string) =>
  Array.from({ length: count }, (_, i) => `${word}${i}\t${i % 2}\n`).join("");
const labels = ["0", "1"];
const gad = (path: string) => [{ format: "gad", path }];

Deno.test("labelled-texts reads parts, names its files and warns of repetitions", async () => {
  using dir = new TempDir();
  const params = {
    labels: ["0", "1", "2"],
    train: [
      ...gad(dir.file("a.tsv", lines(2, "t"))),
      { format: "tsv", path: dir.file("b.tsv", "y\tx\n1\tm\n"), text: "x", label: "y" },
    ],
    dev: gad(dir.file("dev.tsv", lines(1, "d"))),
    test: gad(dir.file("test.tsv", "s\t1\nm\t0\ns\t1\n")),
  };
  const { artifact, events } = await runKind(labelledTexts, { dir: dir.path, params });
  const data = await labelledTextsArtifact.open(artifact.dir);
  assert.deepEqual(data.labels, params.labels);
  assert.deepEqual(data.parts.train.map(({ text }) => text), ["t0", "t1", "m"]);
  assert.deepEqual(events.flatMap((each) => each.type === "warning" ? each.message : []), [
    "the train part never shows 2",
    "1 of 3 test texts stands in train too",
    "1 of 3 test texts repeats an earlier one",
    "1 of them has another label there",
  ]);
  assert.deepEqual(
    labelledTexts.files!(labelledTexts.params.parse(params)).map(({ path }) => path),
    ["train[0].path", "train[1].path", "dev[0].path", "test[0].path"],
  );
});

Deno.test("labelled-texts takes missing parts from train, seeded, equal texts together", async () => {
  using dir = new TempDir();
  const text = lines(100, "t") + "same\t1\n".repeat(10);
  const base = { labels, train: gad(dir.file("train.tsv", text)), testFraction: 0.2 };
  const partsOf = async (params = {}) => {
    const { artifact } = await runKind(labelledTexts, {
      dir: dir.path,
      params: { ...base, ...params },
    });
    return (await labelledTextsArtifact.open(artifact.dir)).parts;
  };
  const parts = await partsOf();
  const { train, dev, test } = parts;
  assert.equal(train.length + dev.length + test.length, 110);
  assert(dev.length >= 11 && dev.length <= 20 && test.length >= 22 && test.length <= 31);
  const holders = Object.values(parts).filter((part) => part.some((each) => each.text === "same"));
  assert.equal(holders.length, 1);
  assert.deepEqual(await partsOf(), parts);
  assert.notDeepEqual(await partsOf({ seed: 1 }), parts);
  assert.equal((await partsOf({ maxTrainTexts: 7 })).train.length, 7);
  // Where dev has files, nothing is taken for it.
  const given = await partsOf({ dev: gad(dir.file("dev.tsv", lines(1, "d"))) });
  assert.equal(given.dev.length, 1);
  assert.equal(given.train.length + given.test.length, 110);
});

Deno.test("labelled-texts says which params do not go together", () => {
  const params = labelledTexts.params.parse({
    labels: ["a", "a"],
    train: [{ format: "jsonl", path: "f", text: "t", label: 2 }],
    marking: "typed",
    groups: [{ label: "c", of: ["x"] }, { label: "a", of: ["y", "x"] }],
  });
  assert.deepEqual(labelledTexts.check!(params).map(({ path, message }) => `${path}: ${message}`), [
    "train[0].label: a JSON object has no places, only fields with names",
    'labels[1]: the label "a" is given twice',
    'groups[0].label: "c" is none of the labels',
    'groups[1].of[1]: "x" is of the group "c" already',
    "marking: no markers say which entities are to be written otherwise",
  ]);
});

Deno.test("labelled-texts reads all files of a pattern, tells what was left out, and needs marks for DDI", async () => {
  using dir = new TempDir();
  const drugs = (name: string) =>
    `<entity id="a" charOffset="0-3" type="drug" text="${name}"/>\n` +
    '<entity id="b" charOffset="5-8" type="drug" text="zinc"/>\n' +
    '<pair id="p" e1="a" e2="b" ddi="true" type="effect"/>';
  const file = (name: string, drug: string) =>
    dir.file(name, `<document><sentence text="iron zinc">\n${drugs(drug)}</sentence></document>`);
  file("ddi/a/1.xml", "iron");
  file("ddi/a/2.xml", "gold");
  file("ddi/b.xml", "iron");
  const source = { format: "ddi", path: `${dir.path}/ddi/**/*.xml` };
  const params = { labels: ["false", "effect"], train: [source], dev: [source], test: [source] };
  const { artifact, events } = await runKind(labelledTexts, {
    dir: dir.path,
    params: { ...params, marking: "anonymise" },
  });
  const { parts } = await labelledTextsArtifact.open(artifact.dir);
  assert.deepEqual(parts.test.map(({ text }) => text), ["@DRUG$ @DRUG$", "@DRUG$ @DRUG$"]);
  const warnings = events.flatMap((each) => each.type === "warning" ? each.message : []);
  assert.deepEqual(warnings.filter((each) => each.includes("besides")), [
    "1 train text besides 2 is not learned: an entity's text does not stand at its offset, nor near it",
    ...["dev", "test"].map((part) =>
      `1 ${part} text besides 2 is not in the score: an entity's text does not stand at its ` +
      "offset, nor near it"
    ),
  ]);
  assert.deepEqual(countsOf(events, "test"), {
    texts: 2,
    "copies/train": 2,
    "texts/false": 0,
    "texts/effect": 2,
    repaired: 0,
    skipped: 1,
    "skipped/an entity's text does not stand at its offset, nor near it": 1,
  });
  const checked = labelledTexts.params.parse({ ...params, dev: undefined, test: undefined });
  assert.deepEqual(labelledTexts.check!(checked), [{
    path: "train[0].format",
    message: "without marks no one can tell which two drugs of a sentence are meant",
    mend: "write marking: anonymise, or marking: typed",
  }]);
  assert.equal(labelledTexts.files!(checked).length, 3);
});

testOnData("labelled-texts reports what GAD's first fold repeats", {
  needs: "re/gad_10fold/1/train.tsv.gz",
  run: async () => {
    using dir = new TempDir();
    const file = (part: string) => gad(`${DATA_DIR}/re/gad_10fold/1/${part}.tsv.gz`);
    const params = { labels, train: file("train"), test: file("test") };
    const { artifact, events } = await runKind(labelledTexts, { dir: dir.path, params });
    const { parts } = await labelledTextsArtifact.open(artifact.dir);
    assert.equal(parts.test.length, 534);
    assert.equal(parts.train.length + parts.dev.length, 4796);
    const messages = events.flatMap((each) => each.type === "warning" ? each.message : []);
    assert.match(messages.join("\n"), /\d+ of 534 test texts stand in train too/);
    // What was taken for dev does not stand in train.
    assert.doesNotMatch(messages.join("\n"), /dev texts stand in train/);
  },
});
