import assert from "node:assert/strict";
import fc from "fast-check";
import { Corpus, CorpusWriter } from "../../../lib/text/corpus/format.ts";
import { writeShards } from "../../../lib/text/pieces/shards_build.ts";
import { ShardWriter, TokenShard } from "../../../lib/text/pieces/shards.ts";
import { SPECIAL_PIECES, WordPiece } from "../../../lib/text/pieces/wordpiece.ts";
import { TempDir } from "../../_support/temp_dir.ts";
import { assertFault } from "../../_support/fault.ts";

const encoder = new WordPiece([...SPECIAL_PIECES, "a", "b", "##a", "##b", "."]);
const signal = new AbortController().signal;

async function shardsOf(dir: TempDir, documents: readonly (readonly string[])[]): Promise<string> {
  const corpusDir = dir.folder("corpus"), outDir = dir.folder("shards");
  const writer = new CorpusWriter(corpusDir);
  for (const sentences of documents) await writer.write("train", sentences);
  await writer.write("validation", ["a x b."]);
  await writer.close();
  await writeShards(outDir, { corpus: await Corpus.open(corpusDir), encoder, signal });
  return outDir;
}

const sentence = fc.string({ unit: fc.constantFrom("a", "b", ".", " "), minLength: 1 })
  .filter((each) => each.trim() !== "");
const corpus = fc.array(fc.array(sentence, { minLength: 1 }), { minLength: 1 });

Deno.test("shards are the pieces of all sentences with [SEP] after each document", async () => {
  using dir = new TempDir();
  await fc.assert(
    fc.asyncProperty(corpus, async (documents) => {
      const wanted = documents.flatMap((sentences) => [
        ...sentences.flatMap((each) => [...encoder.encode(each)]),
        encoder.sepId,
      ]);
      using shard = await TokenShard.open(await shardsOf(dir, documents), "train");
      assert.equal(shard.tokens, wanted.length);
      assert.deepEqual([...shard.read(0, shard.tokens)], wanted);
    }),
    { numRuns: 30 },
  );
});

Deno.test("TokenShard reads any range, and a smaller subset is a prefix of a larger", async () => {
  using dir = new TempDir();
  const path = await shardsOf(dir, [["a b ab ba."], ["b b.", "aaa"], ["ba"]]);
  using whole = await TokenShard.open(path, "train");
  const all = whole.read(0, whole.tokens);
  for (let limitTokens = 0; limitTokens <= whole.tokens; limitTokens++) {
    using part = await TokenShard.open(path, "train", { limitTokens });
    assert.equal(part.tokens, limitTokens);
    for (let start = 0; start <= limitTokens; start++) {
      const count = limitTokens - start;
      assert.deepEqual(part.read(start, count), all.subarray(start, limitTokens));
    }
    assert.throws(() => part.read(0, limitTokens + 1), RangeError);
    assert.throws(() => part.read(-1, 1), RangeError);
  }
});

Deno.test("writeShards() tells counts, width and the share of unknown words", async () => {
  using dir = new TempDir();
  const corpusDir = dir.folder("corpus");
  const writer = new CorpusWriter(corpusDir);
  await writer.write("train", ["a b.", "xyz"]);
  await writer.write("validation", ["ab"]);
  await writer.close();
  const report = await writeShards(dir.folder("out"), {
    corpus: await Corpus.open(corpusDir),
    encoder,
    signal,
  });
  assert.deepEqual(report, {
    summary: {
      tokens: { train: 5, validation: 3 },
      documents: { train: 1, validation: 1 },
      vocabSize: 10,
      bytesPerToken: 2,
    },
    unknownShare: { train: 0.2, validation: 0 },
  });
  assert.deepEqual(
    [...Deno.readFileSync(`${dir.path}/out/train.bin`)],
    [5, 0, 6, 0, 9, 0, 1, 0, 3, 0],
  );
});

Deno.test("ShardWriter takes 4 bytes a piece above 65,536 pieces, in writes of any size", async () => {
  using dir = new TempDir();
  for (const [vocabSize, bytes] of [[65_536, 2], [65_537, 4]] as const) {
    const writer = new ShardWriter(dir.path, "train", { vocabSize, sepId: 3 });
    const ids = Int32Array.from({ length: 300_001 }, (_, i) => (i * 7) % vocabSize);
    await writer.writeSentence(ids);
    await writer.writeSentence(ids.subarray(0, 262_144));
    await writer.writeSentence(Int32Array.of(vocabSize - 1));
    await writer.close();
    const total = 300_001 + 262_144 + 1;
    assert.equal(writer.tokens, total);
    assert.equal(Deno.statSync(`${dir.path}/train.bin`).size, total * bytes);
    dir.file(
      "shards.json",
      JSON.stringify({ tokens: { train: total, validation: 0 }, vocabSize, bytesPerToken: bytes }),
    );
    using shard = await TokenShard.open(dir.path, "train");
    assert.deepEqual(shard.read(0, 300_001), ids);
    assert.deepEqual([...shard.read(total - 1, 1)], [vocabSize - 1]);
  }
});

Deno.test("TokenShard.open() refuses more tokens than there are, and damaged files", async () => {
  using dir = new TempDir();
  const path = await shardsOf(dir, [["a b."]]);
  await assertFault(() => TokenShard.open(path, "train", { limitTokens: 1200 }), {
    dir: path,
    text: "1,200 tokens of train text are asked for, but there are 4 " +
      "[text/short-corpus]\n  mend: ask for at most 4 tokens, or add text to the corpus",
  });
  Deno.truncateSync(`${path}/train.bin`, 6);
  const mend = "\n  mend: remove the artifact that this file belongs to, so that it is made anew";
  await assertFault(() => TokenShard.open(path, "train"), {
    dir: path,
    text: `train.bin: the token stream has 6 bytes where 8 belong [text/bad-shards]${mend}`,
  });
  using validation = await TokenShard.open(path, "validation");
  Deno.writeFileSync(`${path}/validation.bin`, new Uint8Array(10).fill(0xFF));
  await assertFault(() => validation.read(0, 1), {
    dir: path,
    text: "validation.bin: the id 65535 is not in the vocabulary of 10 [text/bad-shards]" + mend,
  });
  Deno.removeSync(`${path}/shards.json`);
  await assertFault(() => TokenShard.open(path, "validation"), {
    dir: path,
    text: `shards.json: cannot read the token counts [text/bad-shards]${mend}`,
  });
});
