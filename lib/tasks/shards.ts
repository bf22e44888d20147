/**
 * The task kind `shards`: a corpus as streams of piece ids, tokenised once and read
 * by prefix ever after.
 */
import { z } from "zod";
import type { TaskContext, TaskKind, TaskOutcome } from "../graph/task.ts";

/** More [UNK] than this share of a stream is worth a warning. */
const UNKNOWN_SHARE = 0.005;

const schema = z.strictObject({});

/** The parameters of shards: none. */
export type ShardsParams = z.output<typeof schema>;

/** The task kind `shards`. */
export const shards: TaskKind<ShardsParams> = {
  kind: "shards",
  version: 1,
  about: "Tokenises a corpus with a vocabulary; smaller corpora are prefixes of its stream.",
  params: schema,
  inputs: {
    corpus: { types: ["corpus"], about: "The corpus to tokenise, both its splits." },
    vocab: { types: ["vocab"], about: "The WordPiece vocabulary." },
  },
  produces: { "": "shards" },
  isNumeric: false,
  entry: "lib/tasks/shards.ts",
  run,
};

async function run(context: TaskContext<ShardsParams>): Promise<TaskOutcome> {
  const { readCorpusSummary } = await import("../text/corpus/format.ts");
  const { writeShards } = await import("../text/pieces/shards_build.ts");
  const { WordPiece } = await import("../text/pieces/wordpiece.ts");
  const { inputs, emit } = context;
  const corpusDir = inputs["corpus"]![0]!.dir;
  const vocabPath = `${inputs["vocab"]![0]!.dir}/vocab.txt`;
  const { train, validation } = await readCorpusSummary(corpusDir);
  const total = train.documents + validation.documents;
  let done = 0;
  const { unknownShare } = await writeShards({
    corpusDir,
    encoder: await WordPiece.load(vocabPath),
    outDir: context.outDir,
    signal: context.signal,
    onDocument: () => {
      if (++done % 100 === 0) emit({ type: "progress", done, total, unit: "documents" });
    },
  });
  await Deno.copyFile(vocabPath, `${context.outDir}/vocab.txt`);
  for (const [split, share] of Object.entries(unknownShare)) {
    if (share <= UNKNOWN_SHARE) continue;
    const percent = (100 * share).toFixed(1);
    emit({ type: "warning", message: `${percent} percent of the ${split} pieces are [UNK]` });
  }
  return { facts: {}, scores: [] };
}
