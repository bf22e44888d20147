import assert from "node:assert/strict";
import { exitCodeOf } from "../../../lib/cli/exit.ts";
import { gzipSync } from "node:zlib";
import { countWords } from "../../../lib/text/sources/words.ts";
import { dropPmcHeadings } from "../../../lib/text/sources/pmc_headings.ts";
import { splitSentences } from "../../../lib/text/sources/sentences.ts";
import { readSource, type Source } from "../../../lib/text/sources/source.ts";
import { Tally } from "../../../lib/text/sources/tally.ts";
import { DATA_DIR, testOnData } from "../../_support/data.ts";
import { assertFault } from "../../_support/fault.ts";
import { TempDir } from "../../_support/temp_dir.ts";

function documents(source: Omit<Source, "headings"> & Partial<Source>): Promise<string[][]> {
  return Array.fromAsync(readSource({ headings: "keep", ...source }));
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
      text: "docs.jsonl:1: the line holds a list, no JSON object [text/bad-json]\n" +
        "  mend: write one JSON object a line, or use another format for this source",
    },
    {
      content: '{"text": "fine"}\n\n{"body": "x", "id": 3}\n',
      text: 'docs.jsonl:3: there is no field "text" [text/missing-field]\n' +
        '  mend: name one of its fields "body", "id"',
    },
  ];
  for (const { content, text } of cases) {
    const error = await assertFault(() => read(content, ["text"]), { dir: dir.path, text });
    assert.equal(exitCodeOf(error.faults), 1);
  }
});

Deno.test("a jsonl source names a field with a dot in its name by a list of names", async () => {
  using dir = new TempDir();
  const record = { "a.b": "Dotted.", a: { b: "Nested.", "c.d": [{ e: "Deep." }, { e: "Too." }] } };
  const path = dir.file("docs.jsonl", JSON.stringify(record));
  const read = (...text: (string | string[])[]) => documents({ format: "jsonl", path, text });
  assert.deepEqual(await read("a.b"), [["Nested."]]);
  assert.deepEqual(await read(["a", "b"]), [["Nested."]]);
  assert.deepEqual(await read(["a.b"]), [["Dotted."]]);
  assert.deepEqual(await read(["a", "c.d", "e"], "a.b"), [["Deep.", "Too.", "Nested."]]);
  assert.deepEqual(await documents({ format: "jsonl", path, sentences: ["a.b"] }), [["Dotted."]]);
});

Deno.test("a jsonl source tells of a line with many fields a dozen, and long names cut", async () => {
  using dir = new TempDir();
  const names = Array.from({ length: 5000 }, (_, index) => `f${index}`);
  const record = Object.fromEntries(["n".repeat(1_000_000), ...names].map((name) => [name, "x"]));
  const path = dir.file("many.jsonl", `${JSON.stringify(record)}\n`);
  const others = names.slice(0, 11).map((name) => `"${name}"`).join(", ");
  await assertFault(() => documents({ format: "jsonl", path, text: ["body"] }), {
    text: 'many.jsonl:1: there is no field "body" [text/missing-field]\n' +
      `  mend: name one of its fields "${"n".repeat(79)}…", ${others} and 4989 more`,
    dir: dir.path,
  });
});

Deno.test("a jsonl source gives true advice on dots, null, NaN, numbers and marks inside", async () => {
  using dir = new TempDir();
  const empty = 'remove the line, or write "" where there is no text';
  const every = "remove the line, or name a field that every line has";
  const shape = "write one JSON object a line, or use another format for this source";
  const cases = [
    [
      '{"a.b": "x"}',
      'there is no field "a"',
      'write ["a.b"]: a name with a dot in it stands ' +
      "in a list of its own",
    ],
    ['{"a": {"c": "x", "d": 1}}', 'there is no field "a.b"', 'name one of its fields "c", "d"'],
    ['{"a": {}}', 'there is no field "a.b"', "the object is empty; remove the line"],
    ['{"a": null}', '"a" holds null, no object with the field "b"', every],
    ['{"a": "x"}', '"a" holds text, no object with the field "b"', every],
    ['{"a": {"b": null}}', '"a.b" holds null, not text', empty],
    ['{"a": {"b": 7}}', '"a.b" holds a number, not text', empty],
    ['{"a": [{"b": "x"}, {"b": true}]}', '"a.b" holds true, not text', empty],
    [
      '{"a": {"b": {"c": "x"}}}',
      '"a.b" holds an object, not text',
      "name the field inside it that holds text",
    ],
    [
      '{"a": {"b": "NaN"}, "n": NaN}',
      "the line is not valid JSON",
      'JSON has no NaN: write "" in place of it where it stands for text, null elsewhere',
    ],
    [
      '{"n": -Infinity}',
      "the line is not valid JSON",
      'JSON has no -Infinity: write "" in place of it where it stands for text, null elsewhere',
    ],
    ['{"a": "NaN", "b": }', "the line is not valid JSON", shape],
    [
      '\uFEFF{"a": {"b": "x"}}',
      "the line is not valid JSON",
      "remove the byte order mark (U+FEFF) at its beginning, which joining files leaves",
    ],
    ["null", "the line holds null, no JSON object", shape],
    ['"x"', "the line holds text, no JSON object", shape],
  ] as const;
  for (const [content, message, mend] of cases) {
    const path = dir.file("docs.jsonl", `{"a": {"b": "fine"}}\n${content}\n`);
    const code = message.startsWith("the line") ? "text/bad-json" : "text/missing-field";
    await assertFault(() => documents({ format: "jsonl", path, text: ["a.b"] }), {
      dir: dir.path,
      text: `docs.jsonl:2: ${message} [${code}]\n  mend: ${mend}`,
    });
  }
});

Deno.test("a source counts what it reads, documents without text too", async () => {
  using dir = new TempDir();
  const count = async (source: Omit<Source, "headings">) => {
    const tally = new Tally();
    await Array.fromAsync(readSource({ headings: "keep", ...source }, tally));
    return { ...tally };
  };
  const lines = ['{"t": "One. Two."}', "", '{"t": ""}', '{"t": " \\n "}', '{"t": "Three."}'];
  const jsonl = dir.file("docs.jsonl", `${lines.join("\n")}\n`);
  const { size } = Deno.statSync(jsonl);
  assert.deepEqual(await count({ format: "jsonl", path: jsonl, text: ["t"] }), {
    files: 1,
    bytes: size,
    lines: 5,
    blankLines: 1,
    documents: 2,
    emptyDocuments: 2,
    sentences: 3,
    words: 3,
  });
  const wiki = dir.file("wiki.txt", " = A = \n = = B = = \n\n = C = \n Text .\n = D = \n");
  const { documents, emptyDocuments } = await count({ format: "wikitext", path: wiki });
  assert.deepEqual({ documents, emptyDocuments }, { documents: 1, emptyDocuments: 2 });
  dir.file("1.txt", "\n \n");
  dir.file("2.txt", "One two. Three.");
  const text = await count({ format: "text", path: `${dir.path}/?.txt`, splitWords: 1 });
  assert.deepEqual(
    { files: text.files, documents: text.documents, emptyDocuments: text.emptyDocuments },
    { files: 2, documents: 2, emptyDocuments: 1 },
  );
  assert.equal((await count({ format: "lines", path: `${dir.path}/?.txt` })).emptyDocuments, 0);
});

Deno.test("a text source takes a paragraph of millions of characters as it would a short one", async () => {
  using dir = new TempDir();
  const lines = Array.from(
    { length: 60_000 },
    (_, i) =>
      `It was seen by Price et al. [${i}], and in Fig. ${i} too. Then\nit fell (p < 0.05; see Eq. 2).`,
  );
  const path = dir.file("long.txt", lines.join("\n"));
  assert.ok(Deno.statSync(path).size > 4_000_000);
  const [found, ...more] = await documents({ format: "text", path });
  assert.deepEqual(more, []);
  assert.deepEqual(found, splitSentences(lines.join("\n")));
});

Deno.test("a document that would not fit in memory is refused, and splitWords reads it", async () => {
  using dir = new TempDir();
  const line = "One sentence of some words stands here, and it ends with a full stop. ";
  const path = dir.file("book.txt.gz", gzipSync(`${line.repeat(9)}\n`.repeat(33_000)));
  await assertFault(() => documents({ format: "text", path }), {
    dir: dir.path,
    text: "book.txt.gz:1: a document is longer than 20 million characters [text/long-document]\n" +
      "  mend: give the source splitWords, such as splitWords: 10000, which cuts documents after " +
      "so many words",
  });
  let parts = 0, words = 0;
  const source = { format: "text", headings: "keep", path, splitWords: 10_000 } as const;
  for await (const sentences of readSource(source)) {
    parts++;
    for (const each of sentences) words += countWords(each);
  }
  assert.equal(words, 33_000 * 9 * countWords(line));
  assert.equal(parts, Math.ceil(words / 10_000));
  const endless = dir.file("endless.txt", "no end of it\n".repeat(300_000));
  await assertFault(() => documents({ format: "text", path: endless, splitWords: 10 }), {
    dir: dir.path,
    text: "endless.txt:1: a sentence is longer than 2 million characters [text/long-document]\n" +
      "  mend: check that the file is text with sentences, or end paragraphs with blank lines",
  });
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
