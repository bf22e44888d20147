import assert from "node:assert/strict";
import fc from "fast-check";
import { SentenceIndex } from "../../../lib/text/pieces/sentence_index.ts";
import { ShardWriter, TokenShard, writeShardsSummary } from "../../../lib/text/pieces/shards.ts";
import { assertFault } from "../../_support/fault.ts";
import { TempDir } from "../../_support/temp_dir.ts";

const SEP = 3;

/** Documents of sentences of so many pieces, piece i of the stream being 5 + i but for [SEP]. */
async function write(dir: string, documents: readonly (readonly number[])[]): Promise<void> {
  const writer = new ShardWriter(dir, "train", { vocabSize: 60_000, sepId: SEP });
  for (const sentences of documents) {
    for (const length of sentences) {
      const at = writer.tokens;
      await writer.writeSentence(Int32Array.from({ length }, (_, i) => 5 + at + i));
    }
    await writer.endDocument();
  }
  await writer.close();
  const tokens = { train: writer.tokens, validation: 0 };
  const counts = { train: writer.documents, validation: 0 };
  await writeShardsSummary(dir, {
    tokens,
    documents: counts,
    vocabSize: 60_000,
    bytesPerToken: 2,
  });
}

const documents = fc.array(fc.array(fc.nat(5), { maxLength: 6 }), { maxLength: 12 });

Deno.test("SentenceIndex gives each document of a stream its place and its sentences' lengths", async () => {
  using dir = new TempDir();
  await fc.assert(fc.asyncProperty(documents, fc.nat(60), async (all, limit) => {
    await write(dir.path, all);
    using shard = await TokenShard.open(dir.path, "train");
    for (const limitTokens of [undefined, limit]) {
      using index = await SentenceIndex.open(dir.path, "train", { limitTokens });
      let at = 0;
      const wanted = all.flatMap((sentences) => {
        const start = at, kept: number[] = [];
        for (const length of sentences) {
          at += length;
          if (length > 0 && at <= (limitTokens ?? Infinity)) kept.push(length);
        }
        at++;
        return kept.length === 0 ? [] : [{ start, sentences: kept }];
      });
      const found = index.read(0, index.documents);
      assert.deepEqual(found.map((each) => ({ ...each, sentences: [...each.sentences] })), wanted);
      for (const [i, each] of found.entries()) {
        assert.deepEqual(index.read(i, i + 1), [each]);
        const pieces = each.sentences.reduce((sum, length) => sum + length, 0);
        const read = shard.read(each.start, pieces);
        assert(read.every((id, k) => id === 5 + each.start + k), "no [SEP] among them");
      }
    }
  }));
});

Deno.test("SentenceIndex of fewer tokens is the beginning of that of more", async () => {
  using dir = new TempDir();
  await write(dir.path, [[4, 3, 5], [2], [6, 1, 1], [9]]);
  const read = async (limitTokens: number) => {
    using index = await SentenceIndex.open(dir.path, "train", { limitTokens });
    return index.read(0, index.documents).map(({ start, sentences }) => [start, ...sentences]);
  };
  let before = await read(0);
  for (let limit = 1; limit <= 40; limit++) {
    const now = await read(limit);
    before.forEach((each, i) => assert.deepEqual(now[i]!.slice(0, each.length), each));
    before = now;
  }
  assert.deepEqual(before, [[0, 4, 3, 5], [13, 2], [16, 6, 1, 1], [25, 9]]);
});

Deno.test("SentenceIndex says what is wrong with its files", async () => {
  using dir = new TempDir();
  const mend = "\n  mend: remove the artifact that this file belongs to, so that it is made anew";
  await write(dir.path, [[4, 3], [2]]);
  Deno.truncateSync(`${dir.path}/train.sentences.bin`, 10);
  await assertFault(() => SentenceIndex.open(dir.path, "train"), {
    dir: dir.path,
    text: `train.documents.bin: the index of sentences is cut off [text/bad-shards]${mend}`,
  });
  Deno.truncateSync(`${dir.path}/train.sentences.bin`, 4);
  await assertFault(() => SentenceIndex.open(dir.path, "train"), {
    dir: dir.path,
    text: `train.sentences.bin: the index of sentences is cut off [text/bad-shards]${mend}`,
  });
  Deno.removeSync(`${dir.path}/train.documents.bin`);
  await assertFault(() => SentenceIndex.open(dir.path, "train"), {
    dir: dir.path,
    text: "train.documents.bin: the shards do not say where their sentences end " +
      `[text/bad-shards]${mend}`,
  });
});
