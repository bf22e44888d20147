import assert from "node:assert/strict";
import { corpus } from "../../lib/tasks/corpus.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { runKind } from "./made_inputs.ts";

const documents = (count: number) =>
  Array.from({ length: count }, (_, i) => `Document ${i} is here. It ends as ${i}.`).join("\n\n");

Deno.test("corpus makes an artifact of sources of several layouts", async () => {
  using dir = new TempDir();
  dir.file("a.txt", "The cat sat. It slept.");
  dir.file("lines.txt", documents(20));
  dir.file("docs.jsonl", '{"body": "TITLE: Dogs\\nBODY.RESULTS:\\nThey bark."}\n');
  const { artifact, outcome, events } = await runKind(corpus, {
    dir: dir.path,
    params: {
      sources: [
        { format: "text", path: `${dir.path}/a.txt` },
        { format: "lines", path: `${dir.path}/lines.txt` },
        { format: "jsonl", path: `${dir.path}/*.jsonl`, text: ["body"], headings: "pmc" },
      ],
      validation: { words: 1 },
    },
  });
  assert.deepEqual(outcome, { facts: {}, scores: [] });
  assert.deepEqual(events, []);
  const names = [...Deno.readDirSync(artifact.dir)].map((each) => each.name).sort();
  assert.deepEqual(names, ["corpus.json", "train.txt", "validation.txt"]);
  const text = names.slice(1).map((name) => Deno.readTextFileSync(`${artifact.dir}/${name}`))
    .join("\n").trim();
  const found = text.split(/\n{2,}/).sort();
  const wanted = ["The cat sat.\nIt slept.", "Dogs\nThey bark.", ...documents(20).split("\n\n")];
  assert.deepEqual(found, wanted.sort());
});

Deno.test("corpus warns of duplicates and of sentences on both sides", async () => {
  using dir = new TempDir();
  const long = "This very long sentence stands in every one of them.";
  const lines = Array.from({ length: 30 }, (_, i) => `Number ${i}.\n${long}`);
  const path = dir.file("a.txt", [...lines, ...lines.slice(0, 4)].join("\n\n"));
  const { events } = await runKind(corpus, {
    dir: dir.path,
    params: { sources: [{ format: "lines", path }], validation: { words: 20 } },
  });
  assert.deepEqual(events, [
    { type: "warning", message: "left out 4 documents whose words equal another's" },
    { type: "warning", message: "left out of training 28 sentences that are held out" },
  ]);
});

Deno.test("corpus names its files by pattern and in order, and its faults", () => {
  using dir = new TempDir();
  for (const name of ["b.txt", "a.txt", "x.jsonl"]) dir.file(name, "");
  const params = corpus.params.parse({
    sources: [
      { format: "jsonl", path: "x.jsonl" },
      { format: "text", path: `${dir.path}/*.txt` },
    ],
  });
  assert.deepEqual(corpus.files!(params), [
    { path: "sources[0].path", file: "x.jsonl" },
    { path: "sources[1].path", file: `${dir.path}/a.txt` },
    { path: "sources[1].path", file: `${dir.path}/b.txt` },
  ]);
  assert.deepEqual(corpus.check!(params), [{
    path: "sources[0]",
    message: "a jsonl source needs to know which fields hold its text",
    mend: "give text: [<field>, ...] or sentences: <field>",
  }]);
  const missing = { sources: [{ format: "text", path: `${dir.path}/none/*` }] };
  // The planner then reports it as missing, along with every other missing file.
  assert.deepEqual(corpus.files!(corpus.params.parse(missing)), [
    { path: "sources[0].path", file: `${dir.path}/none/*` },
  ]);
});

Deno.test("corpus refuses params that it does not know", () => {
  const good = { format: "text", path: "a.txt" };
  const bad = [
    {},
    { sources: [] },
    { sources: [{ ...good, headings: "pmc" }] },
    { sources: [{ ...good, format: "html" }] },
    { sources: [good], validation: { words: 5, fraction: 0.1 } },
    { sources: [good], validation: { fraction: 1 } },
    { sources: [good], limit: 3 },
  ];
  assert.equal(corpus.params.safeParse({ sources: [good] }).success, true);
  for (const params of bad) {
    assert.equal(corpus.params.safeParse(params).success, false, JSON.stringify(params));
  }
});
