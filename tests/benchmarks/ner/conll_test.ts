import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { formatConll, parseTag, readConll } from "../../../lib/benchmarks/ner/conll.ts";
import { scoreEntities } from "../../../lib/benchmarks/ner/conlleval.ts";
import { ExperimentError, formatFault } from "../../../lib/base/errors.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { DATA_DIR, testOnData } from "../../_support/data.ts";

/** The message of the error that reading a file ends in, the folder left out. */
async function faultOf(content: string | Uint8Array): Promise<string> {
  using dir = new TempDir();
  const path = dir.file("part.tsv", content);
  try {
    await readConll(path);
  } catch (error) {
    assert.ok(error instanceof ExperimentError);
    return formatFault(error.faults[0]).replaceAll(`${dir.path}/`, "");
  }
  throw new Error("nothing was wrong");
}

Deno.test("readConll() reads tabs, spaces, middle columns, blank lines and -DOCSTART-", async () => {
  using dir = new TempDir();
  const path = dir.file(
    "part.tsv",
    "\uFEFF-DOCSTART- -X- -X- O\r\n\r\nBRCA1\tNN\tB-Gene\r\nis\tVB\tO\r\n \r\n\r\n" +
      "-DOCSTART-\nIL NN B\n2   CD  I\n-DOCSTART-\tO\nend\tNN\tO",
  );
  assert.deepEqual(await readConll(path), [
    { words: ["BRCA1", "is"], tags: ["B-Gene", "O"], line: 3 },
    { words: ["IL", "2"], tags: ["B", "I"], line: 8 },
    { words: ["end"], tags: ["O"], line: 11 },
  ]);
});

Deno.test("readConll() reads BIOES as B, I and O, an end being an end", async () => {
  using dir = new TempDir();
  const read = async (tags: string) => {
    const lines = tags.split(" ").map((tag) => `w\t${tag}\n`).join("");
    return (await readConll(dir.file("part.tsv", lines)))[0]!.tags.join(" ");
  };
  assert.equal(await read("B-X I-X E-X S-X O S-Y B-Y E-Y"), "B-X I-X I-X B-X O B-Y B-Y I-Y");
  assert.equal(await read("B E S E O I E"), "B I B B O I I");
  assert.equal(await read("B-X E-X I-X I-X O"), "B-X I-X B-X I-X O");
  // Without ends nothing is changed.
  assert.equal(await read("I-X B-X I-Y O I"), "I-X B-X I-Y O I");
});

Deno.test("readConll() reads gzip", async () => {
  using dir = new TempDir();
  const path = dir.file("part.tsv.gz", gzipSync("a\tO\n"));
  assert.deepEqual(await readConll(path), [{ words: ["a"], tags: ["O"], line: 1 }]);
});

Deno.test("readConll() names the line of a word without a tag", async () => {
  const expected = 'part.tsv:2: the line has a word, "was", but no tag [benchmarks/no-tag]\n' +
    "  mend: write the word, a tab and the tag";
  assert.equal(await faultOf("it\tO\nwas\n"), expected);
  assert.equal(await faultOf("it\tO\nwas\t\n"), expected);
});

Deno.test("readConll() names the line of a tag without a word", async () => {
  assert.equal(
    await faultOf("it\tO\n\tB\n"),
    "part.tsv:2: the line has a tag but no word [benchmarks/no-tag]\n" +
      "  mend: write the word, a tab and the tag, or leave the line blank to end a sentence",
  );
});

Deno.test("readConll() names the line of a tag of another scheme", async () => {
  for (const tag of ["U-Gene", "X", "b", "B-", "E-", "o", "O-Gene", "BI-Gene"]) {
    assert.equal(
      await faultOf(`it\t${tag}\n`),
      `part.tsv:1: cannot read the tag "${tag}" [benchmarks/bad-tag]\n` +
        "  mend: write O, B, I, B-Type or I-Type, or E and S of BIOES; convert other schemes first",
    );
  }
});

Deno.test("readConll() refuses a line with other columns than its file, as joined lines have", async () => {
  const mend = "  mend: give every line of a file the same columns: the word first, the tag last";
  assert.equal(
    await faultOf("-DOCSTART- -X- -X- O\n\nit\tO\nis\tO\n\nso\tO was\tO\n"),
    `part.tsv:6: the line has 3 columns, but line 3 has 2 [benchmarks/columns]\n${mend}`,
  );
  assert.equal(
    await faultOf("it PRP O\nis O\n"),
    `part.tsv:2: the line has 2 columns, but line 1 has 3 [benchmarks/columns]\n${mend}`,
  );
});

Deno.test("readConll() refuses bare carriage returns instead of reading a file as one word", async () => {
  assert.equal(
    await faultOf("it\tO\ris\tO\r\rso\tO\r"),
    "part.tsv:1: a bare carriage return stands in the line, as line ends of old Macs are " +
      "[text/bare-return]\n  mend: make line feeds of them: tr '\\r' '\\n' < FILE > NEW",
  );
});

Deno.test("readConll() refuses a file without sentences", async () => {
  for (const content of ["", "\n \n", "-DOCSTART- O\n\n"]) {
    assert.equal(
      await faultOf(content),
      "part.tsv: the file has no tagged sentence [benchmarks/no-sentences]\n" +
        "  mend: give a file with a word, a tab and a tag on each line",
    );
  }
});

Deno.test("readConll() refuses bytes that are not UTF-8, and damaged gzip", async () => {
  assert.match(
    await faultOf(Uint8Array.of(0x61, 0x09, 0x4F, 0x0A, 0xE9, 0x09, 0x4F)),
    /part.tsv:2:/,
  );
  assert.match(await faultOf(gzipSync("a\tO\n").subarray(0, 12)), /text\/bad-archive/);
});

Deno.test("parseTag() reads what B, I, O and types make, and nothing else", () => {
  assert.deepEqual(parseTag("O"), { position: "O", type: "" });
  assert.deepEqual(parseTag("B"), { position: "B", type: "" });
  assert.deepEqual(parseTag("I-a-b"), { position: "I", type: "a-b" });
  for (const text of ["", "B-", "O-X", "E-X", "B-X ", "b-x"]) {
    assert.equal(parseTag(text), undefined, text);
  }
});

Deno.test("formatConll() writes what readConll() reads back", async () => {
  using dir = new TempDir();
  const word = fc.string({ unit: "grapheme", minLength: 1 })
    .filter((each) => !/\s|\uFEFF/u.test(each) && each !== "-DOCSTART-" && each.isWellFormed());
  const sentence = fc.array(fc.tuple(word, fc.constantFrom("O", "B", "I-X")), { minLength: 1 })
    .map((pairs) => ({ words: pairs.map(([each]) => each), tags: pairs.map(([, tag]) => tag) }));
  await fc.assert(
    fc.asyncProperty(fc.array(sentence, { minLength: 1 }), async (sentences) => {
      const read = await readConll(dir.file("part.tsv", formatConll(sentences)));
      assert.deepEqual(read.map(({ words, tags }) => ({ words, tags })), sentences);
    }),
    { numRuns: 50 },
  );
});

const COUNTS = [
  { part: "ncbi_disease/test", sentences: 940, entities: 960, type: "" },
  { part: "bc5cdr_multitype/devel", sentences: 4581, entities: 9593, type: "Chemical" },
];
for (const { part, sentences, entities, type } of COUNTS) {
  const file = `ner/${part}.tsv.gz`;
  testOnData(`readConll() reads every sentence of ${part}`, {
    needs: file,
    run: async () => {
      const read = await readConll(`${DATA_DIR}/${file}`);
      assert.equal(read.length, sentences);
      const tags = read.map((each) => each.tags);
      const score = scoreEntities(tags, tags);
      assert.equal(score.gold, entities);
      assert.equal(score.f1, 1);
      assert.ok(score.byType[type] !== undefined);
    },
  });
}
