import assert from "node:assert/strict";
import { shards } from "../../lib/tasks/shards.ts";
import { CorpusWriter } from "../../lib/text/corpus/format.ts";
import { TokenShard } from "../../lib/text/pieces/shards.ts";
import { SPECIAL_PIECES, WordPiece } from "../../lib/text/pieces/wordpiece.ts";
import { TempDir } from "../_support/temp_dir.ts";
import { assertFault } from "../_support/fault.ts";
import { runKind } from "./made_inputs.ts";

async function inputs(dir: TempDir) {
  const vocabText = [...SPECIAL_PIECES, "a", "b", "##b"].join("\n") + "\n";
  dir.file("vocab/vocab.txt", vocabText);
  const corpusDir = dir.folder("corpus");
  const writer = new CorpusWriter(corpusDir);
  for (let i = 0; i < 250; i++) await writer.write("train", ["ab b", "a"]);
  await writer.write("validation", ["b x"]);
  await writer.close();
  const artifact = (path: string) => [{ key: path, dir: path, facts: {} }];
  return {
    vocabText,
    roles: { corpus: artifact(corpusDir), vocab: artifact(`${dir.path}/vocab`) },
  };
}

Deno.test("shards makes streams of both splits and keeps the vocabulary beside them", async () => {
  using dir = new TempDir();
  const { vocabText, roles } = await inputs(dir);
  const { artifact, outcome, events } = await runKind(shards, { dir: dir.path, inputs: roles });
  assert.deepEqual(outcome, { facts: {}, scores: [] });
  assert.equal(Deno.readTextFileSync(`${artifact.dir}/vocab.txt`), vocabText);
  const encoder = await WordPiece.load(`${artifact.dir}/vocab.txt`);
  using train = await TokenShard.open(artifact.dir, "train");
  assert.equal(train.tokens, 250 * 5);
  assert.deepEqual([...train.read(0, 5)].map((id) => encoder.pieces[id]), [
    "a",
    "##b",
    "b",
    "a",
    "[SEP]",
  ]);
  using validation = await TokenShard.open(artifact.dir, "validation");
  assert.deepEqual([...validation.read(0, 3)], [6, encoder.unkId, encoder.sepId]);
  assert.deepEqual(events, [
    ...Array.from({ length: 251 }, (_, i) => {
      return { type: "progress", done: i + 1, total: 251, unit: "documents" };
    }),
    { type: "warning", message: "33.3 percent of the validation pieces are [UNK]" },
  ]);
});

Deno.test("shards refuses a corpus that has lost a document", async () => {
  using dir = new TempDir();
  const { roles } = await inputs(dir);
  const path = `${dir.path}/corpus/train.txt`;
  Deno.writeTextFileSync(path, Deno.readTextFileSync(path).replace("ab b\na\n\n", ""));
  await assertFault(() => runKind(shards, { dir: dir.path, inputs: roles }), {
    dir: `${dir.path}/corpus`,
    text: "train.txt: there are 498 sentences in 249 documents, where 500 in 250 belong " +
      "[text/bad-corpus]\n" +
      "  mend: remove the artifact that this file belongs to, so that it is made anew",
  });
});

Deno.test("shards ends with the signal's reason", async () => {
  using dir = new TempDir();
  const { roles } = await inputs(dir);
  const reason = new Error("stop");
  const signal = AbortSignal.abort(reason);
  await assert.rejects(runKind(shards, { dir: dir.path, inputs: roles, signal }), reason);
});
