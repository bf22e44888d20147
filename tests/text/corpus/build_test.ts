import assert from "node:assert/strict";
import fc from "fast-check";
import {
  buildCorpus,
  type CorpusOptions,
  type CorpusReport,
} from "../../../lib/text/corpus/build.ts";
import { Corpus, CorpusWriter } from "../../../lib/text/corpus/format.ts";
import { corpusArtifact } from "../../../lib/text/corpus/corpus_artifact.ts";
import { countWords } from "../../../lib/text/sources/words.ts";
import { assertFault } from "../../_support/fault.ts";
import { TempDir } from "../../_support/temp_dir.ts";

interface Built extends CorpusReport {
  readonly train: string[][];
  readonly validation: string[][];
}

/** Builds a corpus from documents given by their sentences, one file for each list of them. */
async function build(
  files: readonly (readonly (readonly string[])[])[],
  changed: Partial<CorpusOptions> = {},
): Promise<Built> {
  using dir = new TempDir();
  const sources = files.map((documents, i) => ({
    format: "lines" as const,
    headings: "keep" as const,
    path: dir.file(`${i}.txt`, documents.map((each) => each.join("\n")).join("\n\n") + "\n"),
  }));
  const outDir = dir.folder("out");
  const report = await buildCorpus({
    sources,
    seed: 0,
    validation: { fraction: 0.2 },
    overlapWords: 8,
    sourceBytes: 1,
    outDir,
    scratchDir: dir.folder("scratch"),
    signal: new AbortController().signal,
    ...changed,
  });
  assert.deepEqual([...Deno.readDirSync(`${dir.path}/scratch`)], []);
  const corpus = await Corpus.open(outDir);
  const { summary, ...origin } = report;
  assert.deepEqual(corpus.summary, asWritten({ ...summary, ...origin }));
  return {
    ...report,
    train: await Array.fromAsync(corpus.documents("train")),
    validation: await Array.fromAsync(corpus.documents("validation")),
  };
}

const asWritten = (value: unknown) => JSON.parse(JSON.stringify(value));

const numbered = (count: number) =>
  Array.from({ length: count }, (_, i) => [`Document ${i} is here.`, `It ends as ${i}.`]);

const sentence = fc.constantFrom("One cat.", "Two cats.", "one, CAT!", "A dog.", "No.", "Yes.");
const corpora = fc.array(fc.array(sentence, { minLength: 1, maxLength: 3 }), {
  minLength: 4,
  maxLength: 30,
});
const wordsOf = (document: readonly string[]) =>
  document.join(" ").toLowerCase().replace(/[^a-z]+/g, " ").trim();

Deno.test("buildCorpus() keeps each document once, on one side, whatever its spelling", async () => {
  await fc.assert(
    fc.asyncProperty(corpora, async (documents) => {
      const distinct = new Set(documents.map(wordsOf));
      fc.pre(distinct.size >= 3);
      const built = await build([documents], { validation: { words: 1 } });
      const kept = [...built.train, ...built.validation].map(wordsOf);
      assert.equal(new Set(kept).size, kept.length);
      assert.deepEqual(new Set(kept), distinct);
      assert.equal(built.leftOut.duplicateDocuments, documents.length - distinct.size);
    }),
    { numRuns: 30 },
  );
});

Deno.test("buildCorpus() gives the same corpus whatever the order of files and documents", async () => {
  const documents = numbered(40);
  const whole = await build([documents]);
  const shuffled = await build([documents.slice(25).toReversed(), documents.slice(0, 25)]);
  // What was read differs by the file, not what came of it.
  assert.deepEqual({ ...shuffled, sources: [] }, { ...whole, sources: [] });
  assert.notDeepEqual(whole.train, documents.slice(0, whole.train.length));
});

Deno.test("buildCorpus() gives the same corpus whatever the number of buckets", async () => {
  const documents = numbered(60);
  const whole = await build([documents]);
  for (const sourceBytes of [2 ** 25, 2 ** 28, 2 ** 40]) {
    assert.deepEqual(await build([documents], { sourceBytes }), whole);
  }
});

Deno.test("buildCorpus() makes a smaller corpus a prefix of a larger one", async () => {
  const options = { validation: { words: 20 } };
  const whole = await build([numbered(60)], options);
  for (const maxWords of [1, 50, 200]) {
    const part = await build([numbered(60)], { ...options, maxWords });
    assert.deepEqual(part.validation, whole.validation);
    assert.deepEqual(part.train, whole.train.slice(0, part.train.length));
    const { words } = part.summary.train;
    assert.ok(words >= maxWords && words < maxWords + 8, `${words} words for ${maxWords}`);
  }
});

Deno.test("buildCorpus() keeps documents in order and side when others are added", async () => {
  const options = { validation: { fraction: 0.2 } };
  const small = await build([numbered(50)], options);
  const large = await build([numbered(80)], options);
  const known = new Set(numbered(50).map(wordsOf).concat(numbered(50).map((each) => each[0]!)));
  const both = [...large.validation, ...large.train].filter(([first]) => known.has(first!));
  assert.deepEqual(both, [...small.validation, ...small.train]);
});

Deno.test("buildCorpus() holds out the share or the words asked for; the seed decides which", async () => {
  const share = await build([numbered(100)], { validation: { fraction: 0.25 } });
  assert.equal(share.validation.length, 25);
  const words = await build([numbered(100)], { validation: { words: 50 } });
  assert.equal(words.summary.validation.words, 56);
  const other = await build([numbered(100)], { validation: { fraction: 0.25 }, seed: 1 });
  assert.notDeepEqual(other.validation, share.validation);
  assert.notDeepEqual(other.train, share.train);
});

Deno.test("buildCorpus() leaves long held-out sentences out of training, and counts them", async () => {
  const long = "The authors declare that they have no competing interests.";
  const documents = Array.from({ length: 40 }, (_, i) => [`Trial ${i}.`, "Short one.", long]);
  const { validation, train, leftOut, summary } = await build([[...documents, [long]]]);
  assert.equal(countWords(long), 9);
  assert.ok(validation.every((each) => each.length === 3 || each[0] === long));
  assert.deepEqual([...new Set(train.map((each) => each.length))], [2]);
  const alone = validation.some((each) => each.length === 1) ? 0 : 1;
  assert.deepEqual(leftOut, {
    duplicateDocuments: 0,
    overlappingSentences: train.length + alone,
    overlappingDocuments: alone,
    documentsOverMaxWords: 0,
  });
  assert.equal(summary.train.sentences, 2 * train.length);
  const kept = await build([documents], { overlapWords: 10 });
  assert.equal(kept.leftOut.overlappingSentences, 0);
});

/** Documents that share long sentences with one another, so that splits overlap. */
const LONG = Array.from({ length: 12 }, (_, i) => `Sentence ${i} has as many as eight words here.`);
const overlapping = fc.array(
  fc.array(fc.oneof(fc.constantFrom(...LONG), fc.nat(40).map((i) => `Number ${i}.`)), {
    minLength: 1,
    maxLength: 5,
  }),
  { minLength: 12, maxLength: 40 },
);

Deno.test("buildCorpus() holds out the same text whatever maxWords: a function of sources and seed", async () => {
  const validation = fc.oneof(
    fc.record({ words: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ fraction: fc.constantFrom(0.05, 0.2, 0.4) }),
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 2, maxLength: 4 });
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(
      overlapping,
      validation,
      fc.nat(5),
      sizes,
      async (documents, amount, seed, all) => {
        const options = { validation: { ...amount }, seed };
        const whole = await build([documents], options).catch(refusedAsEmpty);
        fc.pre(whole !== undefined);
        const heldOut = new Set(whole.validation.flat().filter((each) => countWords(each) >= 8));
        assert.ok(
          !whole.train.flat().some((each) => heldOut.has(each)),
          "training has held-out text",
        );
        for (const maxWords of all) {
          const part = await build([documents], { ...options, maxWords });
          assert.deepEqual(part.validation, whole.validation);
          assert.deepEqual(part.train, whole.train.slice(0, part.train.length));
          compared++;
        }
      },
    ),
    { numRuns: 25 },
  );
  assert.ok(compared > 25);
});

/** `undefined` for a corpus in which one split has nothing. */
function refusedAsEmpty(error: unknown): undefined {
  assert.equal((error as { code?: string }).code, "text/empty-corpus");
  return undefined;
}

Deno.test("buildCorpus() keeps count of all that it read and of all that it left out", async () => {
  const documents = numbered(60);
  const report = await build([documents, documents.slice(0, 7)], { maxWords: 100 });
  const { sources, leftOut, summary } = report;
  assert.deepEqual(sources.map((each) => each.documents), [60, 7]);
  assert.deepEqual(sources.map(({ sentences, lines }) => lines - sentences), [59, 6]);
  assert.ok(leftOut.documentsOverMaxWords > 0);
  const written = summary.train.documents + summary.validation.documents;
  assert.equal(67, written + leftOut.documentsOverMaxWords + leftOut.duplicateDocuments);
});

Deno.test("buildCorpus() tells how many documents are sorted", async () => {
  const told: (readonly [number, number])[] = [];
  await build([numbered(250)], { onSorted: (done, total) => told.push([done, total]) });
  assert.deepEqual(told, Array.from({ length: 250 }, (_, i) => [i + 1, 250]));
});

Deno.test("buildCorpus() says when nothing is left for a split", async () => {
  const mend = " [text/empty-corpus]\n" +
    "  mend: give more text, hold out less of it, or cut long documents with splitWords";
  await assertFault(() => build([[]]), { text: `the sources hold no text${mend}` });
  await assertFault(() => build([numbered(3)], { validation: { words: 1000 } }), {
    text: `all 24 words of the sources went into the held-out text${mend}`,
  });
  const same = "This very long sentence stands in every one of them.";
  await assertFault(
    () => build([[[same], [same, same]]], { validation: { words: 1 } }),
    { text: `every sentence that is left for training also occurs in the held-out text${mend}` },
  );
});

Deno.test("buildCorpus() ends with the signal's reason and leaves no spool", async () => {
  using dir = new TempDir();
  const reason = new Error("stop");
  const path = dir.file("a.txt", "One.\n\nTwo.\n");
  await assert.rejects(
    buildCorpus({
      sources: [{ format: "lines", headings: "keep", path }],
      seed: 0,
      validation: { words: 1 },
      overlapWords: 8,
      sourceBytes: 1,
      outDir: dir.folder("out"),
      scratchDir: dir.folder("scratch"),
      signal: AbortSignal.abort(reason),
    }),
    reason,
  );
  assert.deepEqual([...Deno.readDirSync(`${dir.path}/scratch`)], []);
});

Deno.test("CorpusWriter writes what Corpus reads, and counts it", async () => {
  using dir = new TempDir();
  const line = fc.string({ unit: "grapheme", minLength: 1 }).filter((each) =>
    !/[\r\n]/.test(each) && each.trim() !== "" && each.isWellFormed() && !each.includes("\uFEFF")
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(line, { minLength: 1 })), async (documents) => {
      const writer = new CorpusWriter(dir.path);
      for (const each of documents) await writer.write("train", each);
      await writer.write("train", []);
      const { train } = await writer.close();
      const corpus = await Corpus.open(dir.path);
      assert.deepEqual(await Array.fromAsync(corpus.documents("train")), documents);
      assert.deepEqual(train, {
        documents: documents.length,
        sentences: documents.flat().length,
        words: documents.flat().reduce((sum, each) => sum + each.trim().split(/\s+/).length, 0),
        bytes: Deno.statSync(`${dir.path}/train.txt`).size,
      });
    }),
    { numRuns: 40 },
  );
  const writer = new CorpusWriter(dir.path);
  for (const bad of ["two\nlines", "", " \t"]) {
    await assert.rejects(() => writer.write("train", ["fine", bad]), /not one line of text/);
  }
  await writer.write("validation", ["x".repeat(3_000_000), "y"]);
  assert.equal((await writer.close()).validation.bytes, 3_000_003);
});

Deno.test("Corpus.pieces() are the pieces that a corpus names, if it does", async () => {
  using dir = new TempDir();
  const writer = await corpusArtifact.write(dir.path);
  await writer.close();
  assert.deepEqual(await (await corpusArtifact.open(dir.path)).pieces(), []);
  await writer.writePieces(["balo", "##min"]);
  assert.deepEqual(await (await corpusArtifact.open(dir.path)).pieces(), ["balo", "##min"]);
});

Deno.test("Corpus.open() refuses a folder that is no corpus", async () => {
  using dir = new TempDir();
  for (const content of ["", "{}", '{"train": {"words": 1}}']) {
    dir.file("corpus.json", content);
    await assertFault(() => Corpus.open(dir.path), {
      dir: dir.path,
      text: "corpus.json: cannot read the counts of the corpus [text/bad-corpus]\n" +
        "  mend: remove the artifact that this file belongs to, so that it is made anew",
    });
  }
});

Deno.test("Corpus.documents() refuses a split that is not what its counts say", async () => {
  using dir = new TempDir();
  const writer = await corpusArtifact.write(dir.path);
  for (const each of numbered(3)) await writer.write("train", each);
  await writer.close();
  const whole = Deno.readTextFileSync(`${dir.path}/train.txt`);
  const cases = [
    [whole.slice(0, whole.indexOf("\n\n")), "2 sentences in 1 documents"],
    [whole.replace("\n\n", "\n"), "6 sentences in 2 documents"],
    ["", "0 sentences in 0 documents"],
  ] as const;
  for (const [content, found] of cases) {
    dir.file("train.txt", content);
    const corpus = await Corpus.open(dir.path);
    await assertFault(() => Array.fromAsync(corpus.documents("train")), {
      dir: dir.path,
      text: `train.txt: there are ${found}, where 6 in 3 belong [text/bad-corpus]\n` +
        "  mend: remove the artifact that this file belongs to, so that it is made anew",
    });
  }
});
