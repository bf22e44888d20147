import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { markEntities } from "../../../lib/benchmarks/labelled/markers.ts";
import { type LabelledSource, readLabelled } from "../../../lib/benchmarks/labelled/read.ts";
import { DATA_DIR, testOnData } from "../../_support/data.ts";
import { assertFault } from "../../_support/fault.ts";
import { TempDir } from "../../_support/temp_dir.ts";

const PLAIN = { labels: ["0", "1"], markers: [], marking: "keep" } as const;
const GENE = { open: "<< ", close: " >>", type: "GENE" };
const CHEMICAL = { open: "[[ ", close: " ]]", type: "CHEMICAL" };

/** A source without its path. */
type Form = LabelledSource extends infer Each ? Each extends unknown ? Omit<Each, "path"> : never
  : never;

async function read(content: string | Uint8Array, form: Form, options = {}) {
  using dir = new TempDir();
  const path = dir.file("part.tsv", content);
  const { texts } = await readLabelled({ ...form, path } as LabelledSource, {
    ...PLAIN,
    ...options,
  });
  return texts;
}

Deno.test("readLabelled() reads GAD's and EU-ADR's folds: train without a header, test with one", async () => {
  assert.deepEqual(await read(gzipSync("a @GENE$\t1\nindex b\t0\n"), { format: "gad" }), [
    { text: "a @GENE$", label: "1" },
    { text: "index b", label: "0" },
  ]);
  const texts = await read("index\tsentence\tlabel\n0\ta\t1\n0\tb\t0\n", { format: "gad" });
  assert.deepEqual(texts, [{ text: "a", label: "1" }, { text: "b", label: "0" }]);
});

Deno.test("readLabelled() reads columns by name, in any order, and by place", async () => {
  const byName = {
    format: "tsv",
    header: true,
    text: "q",
    pair: "p",
    label: "y",
    id: "n",
  } as const;
  const expected = [{ id: "7", text: "what?", pair: 'so "it', label: "1" }];
  assert.deepEqual(await read('y\tp\tq\tn\n1\tso "it\twhat?\t7\n\n', byName), expected);
  const byPlace = { format: "tsv", header: false, text: 3, pair: 2, label: 1, id: 4 } as const;
  assert.deepEqual(await read('1\tso "it\twhat?\t7\n', byPlace), expected);
});

Deno.test("readLabelled() reads fields of JSON lines, numbers and booleans as labels too", async () => {
  const form = { format: "jsonl", text: "t", label: "y" } as const;
  assert.deepEqual(await read('{"t":"a","y":1}\n\n{"t":"b","y":"0","z":[]}\n', form), [
    { text: "a", label: "1" },
    { text: "b", label: "0" },
  ]);
  const labels = { labels: ["true", "false"] };
  const [first] = await read('{"t":"a","y":true}\n', form, labels);
  assert.equal(first!.label, "true");
});

Deno.test("readLabelled() reads PubMedQA's questions with their contexts joined", async () => {
  const question = { QUESTION: "Is it?", CONTEXTS: ["One.", "Two."], final_decision: "maybe" };
  const text = JSON.stringify({ "42": question }, null, 1);
  assert.deepEqual(await read(text, { format: "pubmedqa" }, { labels: ["yes", "maybe"] }), [
    { id: "42", text: "Is it?", pair: "One. Two.", label: "maybe" },
  ]);
});

Deno.test("readLabelled() names file, line and mend of whatever it cannot read", async () => {
  const gad = { format: "gad" } as const;
  const named = { format: "tsv", header: true, text: "text", label: "label", id: "id" } as const;
  const jsonl = { format: "jsonl", text: "t", label: "y" } as const;
  const columns = "  mend: separate columns by tabs, as many on every line, none inside a text";
  const json = "  mend: give the file as it was published, or name its format rightly";
  const cases: [string | Uint8Array, Form, string][] = [
    [
      "",
      gad,
      "part.tsv: the file has no labelled text [benchmarks/no-texts]\n" +
      "  mend: give a file with a text and its label on each line",
    ],
    [
      "index\tsentence\tlabel\n",
      gad,
      "part.tsv: the file has no labelled text " +
      "[benchmarks/no-texts]\n  mend: give a file with a text and its label on each line",
    ],
    [
      "a\t1\nb\n",
      gad,
      "part.tsv:2: the line has 1 column, but this form has 2 " +
      `[benchmarks/columns]\n${columns}`,
    ],
    [
      "id\ttext\tlabel\n1\ta\t1\t\n",
      named,
      "part.tsv:2: the line has 4 columns, but line 1 has 3 " +
      `[benchmarks/columns]\n${columns}`,
    ],
    [
      "a\tpositive\n",
      gad,
      'part.tsv:1: the label "positive" is none of 0, 1 ' +
      "[benchmarks/unknown-label]\n  mend: add it to labels, or correct header and columns of " +
      "this source",
    ],
    [
      " \t1\n",
      gad,
      "part.tsv:1: the text is empty [benchmarks/empty-text]\n" +
      "  mend: take the line out, or name the column that holds text",
    ],
    ...["", "\u00a0", "\u200b", "\ufffd\u0000"].map((blank): [string, Form, string] => [
      `a\t1\n${blank}\t1\n`,
      gad,
      "part.tsv:2: the text is empty [benchmarks/empty-text]\n" +
      "  mend: take the line out, or name the column that holds text",
    ]),
    // A line of tabs is one of empty columns, not a blank line.
    [
      "a\t1\n\t\n",
      gad,
      "part.tsv:2: the text is empty [benchmarks/empty-text]\n" +
      "  mend: take the line out, or name the column that holds text",
    ],
    [
      '{"t":"a","y":1}\n{"t":" ","y":1}\n',
      jsonl,
      "part.tsv:2: the text is empty [benchmarks/empty-text]\n" +
      "  mend: take the line out, or name the column that holds text",
    ],
    [
      JSON.stringify({ "1": { QUESTION: "a", CONTEXTS: ["", " "], final_decision: "1" } }),
      { format: "pubmedqa" },
      "part.tsv:1: the pair is empty [benchmarks/empty-text]\n" +
      "  mend: take the line out, or name the column that holds text",
    ],
    [
      "id\tsentence\tlabel\n",
      named,
      'part.tsv:1: the header has no column "text" ' +
      '[benchmarks/no-column]\n  mend: name one of "id", "sentence", "label"',
    ],
    // One of commas, as many are kept.
    [
      "id,text,label\n1,a,1\n",
      named,
      'part.tsv:1: the header has no column "text" [benchmarks/no-column]\n' +
      "  mend: separate columns by tabs: the line has none",
    ],
    [
      "text\ttext\tlabel\na\tb\t1\n",
      { format: "tsv", header: true, text: "text", label: "label" },
      'part.tsv:1: the header has the column "text" twice, as 1 and 2 ' +
      "[benchmarks/no-column]\n  mend: name the one that is meant by its place from 1",
    ],
    [
      "id\ttext\tlabel\n1\ta\t1\n1\tb\t0\n",
      named,
      'part.tsv:3: the id "1" stands on line 2 already ' +
      "[benchmarks/duplicate-id]\n  mend: give each text an id of its own, or name no id",
    ],
    [
      "a\t1\n",
      { ...named, header: false },
      "part.tsv:1: a file without a header has no column " +
      '"text" [benchmarks/no-column]\n  mend: give the column\'s place from 1, or header: true',
    ],
    [
      "a\t1\n",
      { format: "tsv", header: false, text: 1, label: 3 },
      "part.tsv:1: there is no column " +
      "3, the line has 2 [benchmarks/no-column]\n  mend: name a column from 1 to 2; columns are " +
      "separated by tabs",
    ],
    [
      '{"t":"a","y":1}\n{"t":',
      jsonl,
      `part.tsv:2: the line is not JSON [benchmarks/bad-json]\n${json}`,
    ],
    [
      "[]\n",
      jsonl,
      `part.tsv:1: what stands here is no JSON object [benchmarks/bad-json]\n${json}`,
    ],
    [
      '{"t":["a"],"y":1}\n',
      jsonl,
      'part.tsv:1: the field "t" holds no text [benchmarks/no-column]\n' +
      '  mend: name a field that holds text on every line; this one has "t", "y"',
    ],
    [
      '{"1":',
      { format: "pubmedqa" },
      `part.tsv:1:6: the file is not valid JSON from here on [benchmarks/bad-json]\n${json}`,
    ],
    [
      '{\n"1": {"QUESTION": "q"},\n"1": {"QUESTION": "r"}}',
      { format: "pubmedqa" },
      'part.tsv:3:1: "1" stands twice in the file [benchmarks/duplicate-id]\n' +
      "  mend: give each an id of its own, or take one of them out",
    ],
    [
      "a\t\n",
      gad,
      "part.tsv:1: the label is empty [benchmarks/empty-text]\n" +
      "  mend: take the line out, or name the column that holds labels",
    ],
    [
      '{\n"1": {"QUESTION": "q"}}',
      { format: "pubmedqa" },
      "part.tsv:2: the question 1 has no list " +
      `of texts CONTEXTS [benchmarks/bad-json]\n${json}`,
    ],
    [
      Uint8Array.of(0xE9, 9, 0x31, 10),
      gad,
      "part.tsv:1: the line is not valid UTF-8 " +
      "[text/bad-utf8]\n  mend: if it is text, convert it from its encoding: iconv -f ENCODING -t " +
      "utf-8 FILE > NEW",
    ],
  ];
  for (const [content, form, expected] of cases) {
    using dir = new TempDir();
    const path = dir.file("part.tsv", content);
    const action = () => readLabelled({ ...form, path } as LabelledSource, PLAIN);
    await assertFault(action, { text: expected, dir: dir.path });
  }
});

Deno.test("markEntities() anonymises, types or keeps marked entities", async () => {
  const at = { file: "f", line: 1 }, markers = [GENE, CHEMICAL];
  const text = "[[ gefitinib ]] blocks << EGFR >> (IDX >> amiloride, [[3H]IDX)";
  const marked = (marking: "keep" | "anonymise" | "typed") =>
    markEntities(text, { markers, marking, at });
  assert.equal(marked("keep"), text);
  assert.equal(marked("anonymise"), "@CHEMICAL$ blocks @GENE$ (IDX >> amiloride, [[3H]IDX)");
  assert.equal(
    marked("typed"),
    "<CHEMICAL> gefitinib </CHEMICAL> blocks <GENE> EGFR </GENE> (IDX >> amiloride, [[3H]IDX)",
  );
  await assertFault(() => markEntities("a << b", { markers, marking: "keep", at }), {
    text: 'f:1: the text has no " >>" of a GENE [benchmarks/markers]\n' +
      "  mend: mark both entities in every text, or correct the markers of this source",
  });
});

const SCIBERT = { format: "jsonl", text: "text", label: "label" } as const;
const CPR = ["false", "CPR:3", "CPR:4", "CPR:5", "CPR:6", "CPR:9"];
const REAL: [string, Form, readonly string[], number][] = [
  ["re/gad_10fold/1/train.tsv.gz", { format: "gad" }, ["0", "1"], 4796],
  ["re/gad_10fold/1/test.tsv.gz", { format: "gad" }, ["0", "1"], 534],
  ["re/gad_blurb/train.tsv.gz", { format: "gad" }, ["0", "1"], 4261],
  ["re/chemprot_blurb/dev.tsv.gz", { format: "blurb-relations" }, CPR, 11268],
  ["qa/bioasq_yesno_blurb/train.tsv.gz", { format: "bioasq-yesno" }, ["yes", "no"], 670],
  ["qa/pubmedqa/pqal_train_500.json.gz", { format: "pubmedqa" }, ["yes", "no", "maybe"], 500],
];
for (const [file, form, labels, count] of REAL) {
  testOnData(`readLabelled() reads every text of ${file}`, {
    needs: file,
    run: async () => {
      const source = { ...form, path: `${DATA_DIR}/${file}` } as LabelledSource;
      const { texts } = await readLabelled(source, { ...PLAIN, labels });
      assert.equal(texts.length, count);
    },
  });
}

/** Texts by class: counts of the files' own labels, added up by group. */
const CHEMPROT: [string, Form, Record<string, number>][] = [
  ["chemprot_scibert_13label/train.jsonl.gz", SCIBERT, {
    "CPR:3": 777,
    "CPR:4": 2260,
    "CPR:5": 170,
    "CPR:6": 235,
    "CPR:9": 727,
  }],
  ["chemprot_scibert_13label/dev.jsonl.gz", SCIBERT, {
    "CPR:3": 552,
    "CPR:4": 1103,
    "CPR:5": 116,
    "CPR:6": 199,
    "CPR:9": 457,
  }],
  ["chemprot_scibert_all_labels/train.jsonl.gz", SCIBERT, {
    "false": 2265,
    "CPR:3": 777,
    "CPR:4": 2260,
    "CPR:5": 170,
    "CPR:6": 235,
    "CPR:9": 727,
  }],
  ["chemprot_blurb/dev.tsv.gz", { format: "blurb-relations" }, {
    "false": 8860,
    "CPR:3": 546,
    "CPR:4": 1091,
    "CPR:5": 115,
    "CPR:6": 199,
    "CPR:9": 457,
  }],
];
for (const [file, form, counts] of CHEMPROT) {
  testOnData(`readLabelled() reads re/${file} as ChemProt's classes`, {
    needs: `re/${file}`,
    run: async () => {
      const isMarked = form.format === "jsonl";
      const { texts } = await readLabelled(
        { ...form, path: `${DATA_DIR}/re/${file}` } as LabelledSource,
        {
          labels: CPR,
          groups: "chemprot",
          markers: isMarked ? [GENE, CHEMICAL] : [],
          marking: isMarked ? "anonymise" : "keep",
        },
      );
      const found: Record<string, number> = {};
      for (const { text, label } of texts) {
        found[label] = (found[label] ?? 0) + 1;
        if (isMarked) assert.match(text, /@GENE\$/);
        assert.match(text, /@CHEMICAL\$|@CHEM-GENE\$/);
      }
      assert.deepEqual(found, counts);
    },
  });
}

Deno.test("ChemProt's names outside the five classes are refused at their line where false is no label", async () => {
  using dir = new TempDir();
  const path = dir.file(
    "part.jsonl",
    '{"text": "a", "label": "AGONIST"}\n{"text": "b", "label": "COFACTOR"}\n',
  );
  const read = (labels: readonly string[]) =>
    readLabelled({ ...SCIBERT, path } as LabelledSource, { ...PLAIN, labels, groups: "chemprot" });
  assert.deepEqual((await read(["CPR:5", "false"])).texts.map(({ label }) => label), [
    "CPR:5",
    "false",
  ]);
  await assertFault(() => read(["CPR:5", "CPR:6"]), {
    text: 'part.jsonl:2: the label "COFACTOR", which stands for "false", is none of CPR:5, CPR:6 ' +
      '[benchmarks/unknown-label]\n  mend: add "false" to labels, or leave such lines out of ' +
      "the file",
    dir: dir.path,
  });
});

Deno.test("groups of labels are those of the spec, and other names stay what they are", async () => {
  const groups = [{ label: "yes", of: ["1", "true"] }, { label: "no", of: ["0"] }];
  const text = "a\t1\nb\tyes\nc\t0\n";
  const found = await read(text, { format: "gad" }, { labels: ["yes", "no"], groups });
  assert.deepEqual(found.map(({ label }) => label), ["yes", "yes", "no"]);
});
