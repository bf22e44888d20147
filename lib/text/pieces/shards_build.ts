/** Makes a shards artifact: both splits of a corpus, encoded in the corpus's order. */
import { readCorpus, type Split, splitPath, SPLITS } from "../corpus/format.ts";
import { bytesPerToken, shardPath, type ShardsSummary, ShardWriter } from "./shards.ts";
import type { WordPiece } from "./wordpiece.ts";

/** What shards are made from. */
export interface ShardFilesOptions {
  /** A corpus artifact. */
  readonly corpusDir: string;
  /** Cuts its sentences into pieces. */
  readonly encoder: WordPiece;
  /** An existing folder, in which `train.bin`, `validation.bin` and `shards.json` are made. */
  readonly outDir: string;
  /** Called after every document. */
  readonly onDocument?: () => void;
  /** Ends the work with its reason. */
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface ShardFilesReport {
  /** The content of `shards.json`. */
  readonly summary: ShardsSummary;
  /** [UNK] as a share of each split's pieces. */
  readonly unknownShare: Readonly<Record<Split, number>>;
}

/**
 * Writes the shards of a corpus.
 *
 * @throws ExperimentError those of `readCorpus`
 */
export async function writeShards(options: ShardFilesOptions): Promise<ShardFilesReport> {
  const { encoder, outDir } = options;
  const { size: vocabSize, sepId, unkId } = encoder;
  const tokens = { train: 0, validation: 0 };
  const documents = { train: 0, validation: 0 };
  const unknownShare = { train: 0, validation: 0 };
  for (const split of SPLITS) {
    let unknown = 0;
    await using writer = new ShardWriter(shardPath(outDir, split), { vocabSize, sepId });
    for await (const sentences of readCorpus(splitPath(options.corpusDir, split))) {
      options.signal.throwIfAborted();
      for (const sentence of sentences) {
        const ids = encoder.encode(sentence);
        for (const id of ids) if (id === unkId) unknown++;
        await writer.writeSentence(ids);
      }
      await writer.endDocument();
      options.onDocument?.();
    }
    tokens[split] = writer.tokens;
    documents[split] = writer.documents;
    unknownShare[split] = unknown / Math.max(1, writer.tokens);
  }
  const summary = { tokens, documents, vocabSize, bytesPerToken: bytesPerToken(vocabSize) };
  await Deno.writeTextFile(`${outDir}/shards.json`, `${JSON.stringify(summary, null, 2)}\n`);
  return { summary, unknownShare };
}
