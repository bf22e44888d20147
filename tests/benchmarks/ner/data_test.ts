import assert from "node:assert/strict";
import { PARTS } from "../../../lib/base/parts.ts";
import {
  nerDataArtifact,
  type NerSentences,
  nerWarnings,
} from "../../../lib/benchmarks/ner/data.ts";
import { TempDir } from "../../_support/temp_dir.ts";

/** Sentences given as "word/tag word/tag". */
function tagged(...sentences: readonly string[]): NerSentences["train"] {
  return sentences.map((text) => {
    const pairs = text.split(" ").map((each) => each.split("/") as [string, string]);
    return { words: pairs.map(([word]) => word), tags: pairs.map(([, tag]) => tag) };
  });
}

Deno.test("nerDataArtifact writes parts that it opens, and counts what is in them", async () => {
  using dir = new TempDir();
  const sentences = {
    train: tagged("a/B-X b/I-X c/O", "d/O"),
    dev: tagged("e/B-Y f/B-X"),
    test: tagged("d/O", "g/B-X h/B-X"),
  };
  const summary = await nerDataArtifact.write(dir.path, sentences);
  assert.deepEqual(summary, {
    labels: ["O", "B-X", "B-Y", "I-X"],
    parts: {
      train: { sentences: 2, words: 4, entities: { X: 1 }, repeated: {} },
      dev: { sentences: 1, words: 2, entities: { X: 1, Y: 1 }, repeated: {} },
      test: { sentences: 2, words: 3, entities: { X: 2 }, repeated: { train: 1 } },
    },
  });
  assert.deepEqual(Object.keys(summary.parts.dev.entities), ["X", "Y"]);
  assert.deepEqual(JSON.parse(Deno.readTextFileSync(`${dir.path}/ner.json`)), summary);
  const opened = await nerDataArtifact.open(dir.path);
  for (const part of PARTS) {
    assert.deepEqual(opened[part].map(({ words, tags }) => ({ words, tags })), sentences[part]);
  }
  assert.deepEqual(nerWarnings(summary), [
    "1 entity of the dev part is of type Y, which the train part never shows",
    "1 of 2 test sentences stands in train too",
  ]);
});

Deno.test("nerWarnings() tells repetitions, parts without entities and mixed schemes", async () => {
  using dir = new TempDir();
  const summary = await nerDataArtifact.write(dir.path, {
    train: tagged("a/B-X", "a/B-X", "a/B-X"),
    dev: tagged("b/O", "a/O"),
    test: tagged("c/B", "b/O", "a/B-X"),
  });
  assert.deepEqual(nerWarnings(summary), [
    "2 of 3 train sentences repeat an earlier one",
    "1 of 2 dev sentences stands in train too",
    "the dev part has no entity",
    "1 of 3 test sentences stands in train too",
    "1 of 3 test sentences stands in dev too",
    "1 entity of the test part is untyped, which the train part never shows",
    "tags with a type and tags without one are mixed",
  ]);
});

Deno.test("nerWarnings() is silent when nothing is odd", async () => {
  using dir = new TempDir();
  const summary = await nerDataArtifact.write(dir.path, {
    train: tagged("a/B b/I"),
    dev: tagged("c/B"),
    test: tagged("d/I"),
  });
  assert.deepEqual(nerWarnings(summary), []);
});
