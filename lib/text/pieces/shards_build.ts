/** Makes a shards artifact: both splits of a corpus, encoded in the corpus's order. */
import { type Corpus, type Split, SPLITS } from "../corpus/format.ts";
import { bytesPerToken, type ShardsSummary, ShardWriter, writeShardsSummary } from "./shards.ts";
import type { WordPiece } from "./wordpiece.ts";

/** What shards are made from. */
export interface ShardsOptions {
  /** The text. */
  readonly corpus: Corpus;
  /** Cuts its sentences into pieces. */
  readonly encoder: WordPiece;
  /** Whether the names of special pieces in the text mean these; absent: no. */
  readonly specialPieces?: boolean;
  /** Called after every document. */
  readonly onDocument?: () => void;
  /** Ends the work with its reason. */
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface ShardsReport {
  /** Tokens and documents of each split. */
  readonly summary: ShardsSummary;
  /** [UNK] as a share of each split's pieces. */
  readonly unknownShare: Readonly<Record<Split, number>>;
}

/**
 * Writes the streams of a corpus and their summary into an existing folder.
 *
 * @throws ExperimentError those of `Corpus.documents`
 */
export async function writeShards(dir: string, options: ShardsOptions): Promise<ShardsReport> {
  const { encoder, corpus } = options;
  const { size: vocabSize, sepId, unkId } = encoder;
  const tokens = { train: 0, validation: 0 };
  const documents = { train: 0, validation: 0 };
  const unknownShare = { train: 0, validation: 0 };
  for (const split of SPLITS) {
    let unknown = 0;
    await using writer = new ShardWriter(dir, split, { vocabSize, sepId });
    for await (const sentences of corpus.documents(split)) {
      options.signal.throwIfAborted();
      for (const sentence of sentences) {
        const ids = encoder.encode(sentence, options);
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
  await writeShardsSummary(dir, summary);
  return { summary, unknownShare };
}
