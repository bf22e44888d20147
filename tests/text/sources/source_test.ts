import assert from "node:assert/strict";
import { exitCodeOf } from "../../../lib/cli/exit.ts";
import { gzipSync } from "node:zlib";
import { countWords } from "../../../lib/text/sources/words.ts";
import { dropPmcHeadings } from "../../../lib/text/sources/pmc_headings.ts";
import { readSource, type Source } from "../../../lib/text/sources/source.ts";
import { assertFault, collect, DATA_DIR, testOnData } from "../_fixtures.ts";
import { TempDir } from "../../_support/temp_dir.ts";

function documents(source: Omit<Source, "headings"> & Partial<Source>): Promise<string[][]> {
  return collect(readSource({ headings: "keep", ...source }));
}

Deno.test("a text source makes a file a document, unwraps lines, keeps paragraphs apart", async () => {
  using dir = new TempDir();
  dir.file("b.txt", "CHAPTER I\n\nThe cat\n  sat. It\nslept.\n \n\nThe end\n");
  dir.file("a.txt.gz", gzipSync("First.\n"));
  dir.file("c.txt", "\n\n");
  assert.deepEqual(await documents({ format: "text", path: `${dir.path}/*.txt*` }), [
    ["First."],
    ["CHAPTER I", "The cat sat.", "It slept.", "The end"],
  ]);
});

Deno.test("a lines source takes a sentence a line and a document to each blank line", async () => {
  using dir = new TempDir();
  const path = dir.file("lines.txt", "\nOne. Still one.\n two\n\n\nThree\n");
  assert.deepEqual(await documents({ format: "lines", path }), [
    ["One. Still one.", "two"],
    ["Three"],
  ]);
});

Deno.test("a wikitext source opens a document at each title and drops headings", async () => {
  using dir = new TempDir();
  const path = dir.file(
    "wiki.txt",
    [
      " ",
      " = Lobster = ",
      " ",
      " It weighs 0 @.@ 7 kg and 1 @,@ 000 g . It is well @-@ known . ",
      " = = Life = = ",
      " = = = At sea = = = ",
      " It swims where x = y = 2 . ",
      " = Crab = ",
      " It walks . ",
      "",
    ].join("\n"),
  );
  assert.deepEqual(await documents({ format: "wikitext", path }), [
    ["It weighs 0.7 kg and 1,000 g .", "It is well-known .", "It swims where x = y = 2 ."],
    ["It walks ."],
  ]);
});

Deno.test("a jsonl source reads fields of text in order, through lists, and ready sentences", async () => {
  using dir = new TempDir();
  const path = dir.file(
    "docs.jsonl",
    JSON.stringify({
      title: "On cats",
      abstract: [{ label: "A", text: "They sit. They sleep." }, { text: "The\nend" }],
      sentences: ["Not. Split.", " two  spaces "],
    }) + "\n\n" +
      JSON.stringify({ title: "", abstract: [], sentences: [] }) + "\n",
  );
  const text = ["title", "abstract.text"];
  assert.deepEqual(await documents({ format: "jsonl", path, text }), [
    ["On cats", "They sit.", "They sleep.", "The", "end"],
  ]);
  assert.deepEqual(await documents({ format: "jsonl", path, sentences: "sentences" }), [
    ["Not. Split.", "two spaces"],
  ]);
});

Deno.test("a jsonl source reports lines that are no JSON object or lack the field", async () => {
  using dir = new TempDir();
  const read = (content: string, text: string[]) =>
    documents({ format: "jsonl", path: dir.file("docs.jsonl", content), text });
  const cases = [
    {
      content: '{"text": "fine"}\n{"text": "cut',
      text: "docs.jsonl:2: the line is not valid JSON [text/bad-json]\n" +
        "  mend: write one JSON object a line, or use another format for this source",
    },
    {
      content: '["text"]\n',
      text: "docs.jsonl:1: the line holds no JSON object [text/bad-json]\n" +
        "  mend: write one JSON object a line, or use another format for this source",
    },
    {
      content: '{"text": "fine"}\n\n{"body": "x", "id": 3}\n',
      text: 'docs.jsonl:3: there is no text under "text" [text/missing-field]\n' +
        '  mend: name one of its fields "body", "id"',
    },
    {
      content: '{"text": null}\n',
      text: 'docs.jsonl:1: there is no text under "text" [text/missing-field]\n' +
        '  mend: name one of its fields "text"',
    },
  ];
  for (const { content, text } of cases) {
    const error = await assertFault(() => read(content, ["text"]), { dir: dir.path, text });
    assert.equal(exitCodeOf(error.faults), 1);
  }
});

Deno.test("dropPmcHeadings() drops headings, continued ones too, and keeps titles", () => {
  const article = [
    "TITLE: On cats: a trial",
    "",
    "  ABSTRACT.METHODS:",
    "We watched cats.",
    "BODY.RESULTS.CATS::",
    "BODYWEIGHT: rose.",
    "BODY.METHODS .",
    "CATS AND DOGS",
    ":",
    "DNA",
    "BODY.",
    ":Box 1. What cats do",
    "RCT: randomised trial",
    "TITLE: ",
    "BODY.ON H:2O",
    "It was wet.",
  ];
  assert.deepEqual(dropPmcHeadings(article), [
    "On cats: a trial",
    "We watched cats.",
    "BODYWEIGHT: rose.",
    "DNA",
    "RCT: randomised trial",
    "It was wet.",
  ]);
});

Deno.test("a source is limited by documents and by words, and long documents are cut", async () => {
  using dir = new TempDir();
  const text = Array.from({ length: 10 }, (_, i) => `Sentence ${i} here.`).join(" ");
  const path = dir.file("a.txt", text);
  dir.file("b.txt", "Another one.");
  const cut = await documents({ format: "text", path, splitWords: 7 });
  assert.deepEqual(cut.map((each) => each.length), [3, 3, 3, 1]);
  assert.equal(cut.flat().join(" "), text);
  const limited = { format: "text", path: `${dir.path}/?.txt`, splitWords: 7 } as const;
  assert.equal((await documents({ ...limited, maxDocuments: 2 })).length, 2);
  assert.equal((await documents({ ...limited, maxWords: 10 })).length, 2);
  assert.equal((await documents(limited)).length, 5);
});

interface RealSource {
  readonly needs: string;
  readonly source: Omit<Source, "path" | "headings"> & Partial<Source>;
  readonly documents: number;
  readonly words: number;
}

/** Documents, and words after the layout is taken off. */
const REAL: readonly RealSource[] = [
  {
    needs: "pretrain_general/gutenberg/carroll-alice.txt.gz",
    source: { format: "text" },
    documents: 1,
    words: 26_443,
  },
  {
    needs: "pretrain_general/wikitext2_raw/valid.txt.gz",
    source: { format: "wikitext" },
    documents: 60,
    words: 204_351,
  },
  {
    needs: "pretrain_general/bert_sample_text/sample_text.txt",
    source: { format: "lines" },
    documents: 3,
    words: 742,
  },
  {
    needs: "pretrain_general/brown/brown_detagged.jsonl.gz",
    source: { format: "jsonl", sentences: "sentences", maxDocuments: 100 },
    documents: 100,
    words: 230_640,
  },
  {
    needs: "pretrain_bio/pubmed_abstracts/medline_abstracts_shared.jsonl.gz",
    source: { format: "jsonl", text: ["title", "abstract.text"], maxDocuments: 100 },
    documents: 100,
    words: 23_193,
  },
];

for (const { needs, source, ...wanted } of REAL) {
  testOnData(`readSource() reads the real ${needs}`, {
    needs,
    run: async () => {
      const found = await documents({ path: `${DATA_DIR}/${needs}`, ...source });
      const words = found.flat().reduce((sum, each) => sum + countWords(each), 0);
      assert.deepEqual({ documents: found.length, words }, wanted);
    },
  });
}

testOnData("readSource() removes the headings of real PMC text and little else", {
  needs: "pretrain_bio/pmc_text/shared.jsonl.gz",
  run: async () => {
    const source = {
      format: "jsonl",
      path: `${DATA_DIR}/pretrain_bio/pmc_text/shared.jsonl.gz`,
      text: ["text"],
      maxDocuments: 200,
    } as const;
    const count = (found: string[][]) =>
      found.flat().reduce((sum, each) => sum + countWords(each), 0);
    const kept = await documents({ ...source, headings: "pmc" });
    const all = await documents(source);
    assert.equal(kept.length, 200);
    const headings = kept.flat().filter((each) => /^(?:TITLE|ABSTRACT|BODY)[.:]/.test(each));
    assert.deepEqual(headings, []);
    const share = count(kept) / count(all);
    assert.ok(share > 0.98 && share < 0.995, `${share} of the words are kept`);
  },
});
