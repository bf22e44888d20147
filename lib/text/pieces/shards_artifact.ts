/**
 * The artifact type "shards": a corpus as streams of piece ids, and the vocabulary that
 * says what they mean. How the streams lie in files is in `shards.ts`.
 */
import type { ArtifactType } from "../../graph/task.ts";
import type { Split } from "../corpus/format.ts";
import type { SentenceIndex } from "./sentence_index.ts";
import type { ShardsSummary, TokenShard } from "./shards.ts";
import type { ShardsOptions, ShardsReport } from "./shards_build.ts";
import { vocabArtifact } from "./vocab_artifact.ts";
import type { WordPiece } from "./wordpiece.ts";

/** A tokenised corpus. */
export interface Shards {
  /** Tokens and documents of each split. */
  readonly summary: ShardsSummary;
  /** What the ids mean. */
  readonly vocabulary: WordPiece;
  /** The file of the vocabulary, for messages. */
  readonly vocabularyFile: string;
  /** Opens a split, or its first `limitTokens` pieces, to be closed by the caller. */
  stream(
    split: Split,
    options?: { readonly limitTokens?: number | undefined },
  ): Promise<TokenShard>;
  /** Opens where the sentences of a split end, or of its first pieces, to be closed by the caller. */
  sentences(
    split: Split,
    options?: { readonly limitTokens?: number | undefined },
  ): Promise<SentenceIndex>;
}

/** The folder of a tokenised corpus. */
export interface ShardsArtifact extends ArtifactType<Shards> {
  /** Tokenises a corpus into an existing folder. */
  write(dir: string, options: ShardsOptions): Promise<ShardsReport>;
}

/** The artifact type "shards". */
export const shardsArtifact: ShardsArtifact = {
  type: "shards",
  async write(dir, options) {
    const { writeShards } = await import("./shards_build.ts");
    const report = await writeShards(dir, options);
    const { pieces, lowercase } = options.encoder;
    await vocabArtifact.write(dir, pieces, { lowercase });
    return report;
  },
  async open(dir) {
    const { readShardsSummary, TokenShard } = await import("./shards.ts");
    const { SentenceIndex } = await import("./sentence_index.ts");
    return {
      summary: await readShardsSummary(dir),
      vocabulary: await vocabArtifact.open(dir),
      vocabularyFile: vocabArtifact.file(dir),
      stream: (split, options) => TokenShard.open(dir, split, options),
      sentences: (split, options) => SentenceIndex.open(dir, split, options),
    };
  },
};
