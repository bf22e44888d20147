import assert from "node:assert/strict";
import type { TaskEvent } from "../../lib/graph/task.ts";
import { corpus } from "../../lib/tasks/corpus.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { runKind } from "./made_inputs.ts";

const warningsOf = (events: readonly TaskEvent[]) =>
  events.flatMap((event) => event.type === "warning" ? [event.message] : []);

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
  assert.deepEqual(warningsOf(events), []);
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
  assert.deepEqual(warningsOf(events), [
    "left out 4 documents whose words equal another's",
    "left out of training 28 sentences that are held out",
  ]);
});

Deno.test("corpus tells documents without text, and fewer words than maxWords asks for", async () => {
  using dir = new TempDir();
  const lines = Array.from({ length: 30 }, (_, i) => `{"t": "Number ${i} is here."}`);
  const path = dir.file("a.jsonl", [...lines, '{"t": ""}', '{"t": " "}'].join("\n"));
  const sources = [{ format: "lines", path }, { format: "jsonl", path, text: ["t"] }];
  const run = (params: Record<string, unknown>) => runKind(corpus, { dir: dir.path, params });
  const short = await run({ sources: sources.slice(1), validation: { words: 8 }, maxWords: 2000 });
  assert.deepEqual(warningsOf(short.events), [
    "left out 2 documents of sources[0] without text",
    "maxWords asks for 2,000 words to train on, but there are 112",
  ]);
  const enough = await run({ sources, validation: { words: 8 }, maxWords: 50 });
  assert.deepEqual(warningsOf(enough.events), ["left out 2 documents of sources[1] without text"]);
});

Deno.test("corpus shows that it reads, and then that it sorts", async () => {
  using dir = new TempDir();
  const path = dir.file("a.txt", documents(40_000));
  const { events } = await runKind(corpus, {
    dir: dir.path,
    params: { sources: [{ format: "lines", path }] },
  });
  const shown = events.flatMap((event) => event.type === "progress" ? [event] : []);
  const reading = shown.filter(({ phase }) => phase === "reading");
  const sorting = shown.filter(({ phase }) => phase === "sorting");
  assert.deepEqual(shown, [...reading, ...sorting]);
  assert.deepEqual([reading.at(-1)!.done, reading.at(-1)!.total], [1, 2]);
  assert.ok(reading.length > 2 && reading.every(({ unit }) => unit === "MB"));
  assert.deepEqual(sorting.at(-1), {
    type: "progress",
    phase: "sorting",
    done: 40_000,
    total: 40_000,
    unit: "documents",
  });
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

Deno.test("corpus.bytesOf() goes by the size of its files, packed ones more, and by maxWords", () => {
  using dir = new TempDir();
  dir.file("a.txt", "x".repeat(1000));
  dir.file("b.txt", new Uint8Array([0x1f, 0x8b, ...new Uint8Array(98)]));
  const sized = (path: string, more = {}) =>
    corpus.bytesOf!(corpus.params.parse({ sources: [{ format: "text", path }], ...more }));
  assert.equal(sized(`${dir.path}/a.txt`), 1000);
  assert.equal(sized(`${dir.path}/*.txt`), 1350);
  assert.equal(sized(`${dir.path}/a.txt`, { maxWords: 10 }), 66);
  assert.equal(sized(`${dir.path}/none.txt`), undefined);
});
