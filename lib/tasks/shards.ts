/**
 * The task kind `shards`: a corpus as streams of piece ids, tokenised once and read
 * by prefix ever after.
 */
import { z } from "zod";
import { one } from "../graph/kind.ts";
import type { TaskContext, TaskKind, TaskOutcome } from "../graph/task.ts";
import { modelArtifact } from "../model/weights/model_artifact.ts";
import { corpusArtifact } from "../text/corpus/corpus_artifact.ts";
import { shardsArtifact } from "../text/pieces/shards_artifact.ts";
import { vocabArtifact } from "../text/pieces/vocab_artifact.ts";

/** More [UNK] than this share of a stream is worth a warning. */
const UNKNOWN_SHARE = 0.005;

/** As a general vocabulary cuts scientific text, about. */
const PIECES_A_WORD = 1.5;
/** Of a piece's number, of a vocabulary below 65,536. */
const PIECE_BYTES = 2;

const schema = z.strictObject({
  specialPieces: z.boolean().default(false).describe(
    "Whether the names of special pieces in the text, such as [MASK], mean these and are no text.",
  ),
});

/** The parameters of shards. */
export type ShardsParams = z.output<typeof schema>;

const inputs = {
  corpus: one(corpusArtifact, "The corpus to tokenise, both its splits."),
  vocab: one(
    { types: [vocabArtifact.type, modelArtifact.type], open: (dir) => vocabArtifact.open(dir) },
    "The WordPiece vocabulary, or a model that has one.",
  ),
};

/** The task kind `shards`. */
export const shards: TaskKind<ShardsParams, typeof inputs> = {
  kind: "shards",
  version: 1,
  about: "Tokenises a corpus with a vocabulary; smaller corpora are prefixes of its stream.",
  params: schema,
  inputs,
  produces: { "": shardsArtifact.type },
  isNumeric: false,
  entry: import.meta.url,
  estimate(_, { corpus }) {
    const { words } = (corpus?.[0]?.params["declared"] ?? {}) as { readonly words?: number };
    return words === undefined ? {} : { bytes: words * PIECES_A_WORD * PIECE_BYTES };
  },
  run,
};

async function run(context: TaskContext<ShardsParams, typeof inputs>): Promise<TaskOutcome> {
  const { emit } = context;
  const corpus = await context.inputs.corpus.open();
  const { train, validation } = corpus.summary;
  const total = train.documents + validation.documents;
  let done = 0;
  const { unknownShare } = await shardsArtifact.write(context.outDir, {
    corpus,
    encoder: await context.inputs.vocab.open(),
    specialPieces: context.params.specialPieces,
    signal: context.signal,
    onDocument: () => emit({ type: "progress", done: ++done, total, unit: "documents" }),
  });
  for (const [split, share] of Object.entries(unknownShare)) {
    if (share <= UNKNOWN_SHARE) continue;
    const percent = (100 * share).toFixed(1);
    emit({ type: "warning", message: `${percent} percent of the ${split} pieces are [UNK]` });
  }
  return { facts: {}, scores: [] };
}
