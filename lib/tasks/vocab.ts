/**
 * The task kind `vocab`: a WordPiece vocabulary, trained on corpora or taken from
 * a file.
 */
import { z } from "zod";
import { agreeing, counted, grouped } from "../base/count.ts";
import { many } from "../graph/kind.ts";
import { filePath } from "../graph/schema.ts";
import type { FileParam, TaskContext, TaskKind, TaskOutcome } from "../graph/task.ts";
import { corpusArtifact } from "../text/corpus/corpus_artifact.ts";
import type { Corpus } from "../text/corpus/format.ts";
import { lowercasingConfigBeside, readLowercase } from "../text/pieces/tokenizer_config.ts";
import { vocabArtifact } from "../text/pieces/vocab_artifact.ts";

/** The schema of a vocabulary's parameters. */
const schema = z.strictObject({
  file: filePath(
    "A vocab.txt to take as it is, one piece a line; nothing is trained then.",
  ).optional(),
  lowercase: z.boolean().optional().describe(
    "Lower-case all text and take its accents away before it is cut, as uncased BERT does; absent: " +
      "as a tokenizer_config.json beside file says, else no.",
  ),
  size: z.int().min(6).default(8000).describe("Pieces in all, special ones counted."),
  minPairCount: z.int().min(1).default(2).describe(
    "Two neighbouring pieces are merged only if they stand together so often.",
  ),
  alphabet: z.enum(["ascii", "corpus"]).default("ascii").describe(
    "Characters known from the start: all printable ASCII besides the text's, or just the text's.",
  ),
  minCharacterCount: z.int().min(1).default(20).describe(
    "A character of the text enters the alphabet if it occurs so often; words with others are " +
      "[UNK].",
  ),
  maxCharacters: z.int().min(1).default(1000).describe(
    "At most so many characters of the text enter the alphabet, the most frequent ones.",
  ),
  seedPieces: z.array(z.string().regex(/^(##)?[^\s#]+$/, "a piece has no spaces, and # only as ##"))
    .default([]).describe(
      "Pieces put in before training, those inside words with ##; two of them are never merged.",
    ),
  useCorpusPieces: z.boolean().default(true).describe(
    "Seed the pieces that a corpus names itself, as the synthetic world does with its stems and " +
      "suffixes.",
  ),
  maxWords: z.int().min(1).optional().describe(
    "Train on so many words of each corpus, from its beginning; absent: all.",
  ),
});

/** The parameters of a vocabulary. */
export type VocabParams = z.output<typeof schema>;

const inputs = {
  corpora: many(
    corpusArtifact,
    "The corpora whose training text is counted; not needed with file.",
    { optional: true },
  ),
};

type Context = TaskContext<VocabParams, typeof inputs>;

/** The task kind `vocab`. */
export const vocab: TaskKind<VocabParams, typeof inputs> = {
  kind: "vocab",
  version: 2,
  about: "Trains a WordPiece vocabulary on the training text of corpora, or takes a file.",
  params: schema,
  inputs,
  produces: { "": vocabArtifact.type },
  isNumeric: false,
  entry: import.meta.url,
  check: faultsOf,
  files: filesOf,
  run,
};

/** The file, and what beside it says that its text is lower-cased. */
function filesOf({ file, lowercase }: VocabParams): FileParam[] {
  if (file === undefined) return [];
  const beside = lowercase === undefined ? lowercasingConfigBeside(file) : undefined;
  return [file, ...(beside === undefined ? [] : [beside])].map((each) => ({
    path: "file",
    file: each,
  }));
}

function faultsOf({ file, lowercase: _, ...rest }: VocabParams, roles?: readonly string[]) {
  const hasCorpora = roles?.includes("corpora");
  if (file === undefined) {
    return hasCorpora !== false ? [] : [{
      path: "corpora",
      message: "a vocabulary needs text to be trained on, or a file",
      mend: "give corpora: [$(stages.<a corpus>), ...] or file: <vocab.txt>",
    }];
  }
  const defaults: Readonly<Record<string, unknown>> = schema.parse({});
  const idle = Object.entries(rest)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name]))
    .map(([name]) => name);
  return [...(hasCorpora === true ? ["corpora"] : []), ...idle].map((name) => ({
    path: name,
    message: `${name} has no effect on a vocabulary that is taken from a file`,
    mend: `remove ${name}, or remove file`,
  }));
}

async function run(context: Context): Promise<TaskOutcome> {
  const { refuseUncased, WordPiece } = await import("../text/pieces/wordpiece.ts");
  const { file } = context.params;
  // The constructor checks the pieces, whether they were read or trained.
  const vocabulary = file === undefined
    ? new WordPiece(await train(context), { lowercase: context.params.lowercase ?? false })
    : await WordPiece.load(file, { lowercase: await isLowercase(context.params, file) });
  if (file !== undefined) refuseUncased(vocabulary, file);
  const { pieces, lowercase } = vocabulary;
  await vocabArtifact.write(context.outDir, pieces, { lowercase });
  return { facts: {}, scores: [] };
}

async function isLowercase({ lowercase }: VocabParams, file: string): Promise<boolean> {
  if (lowercase !== undefined) return lowercase;
  const beside = lowercasingConfigBeside(file);
  return beside !== undefined && await readLowercase(beside) === true;
}

async function train(context: Context): Promise<string[]> {
  const { WordCounts } = await import("../text/pieces/word_counts.ts");
  const { fold } = await import("../text/pieces/fold.ts");
  const { trainWordPiece } = await import("../text/pieces/wordpiece_training.ts");
  const { params, inputs, emit } = context;
  const lowercase = params.lowercase ?? false;
  const words = new WordCounts({ lowercase });
  const seedPieces = new Set(params.seedPieces);
  for (const artifact of inputs.corpora) {
    const corpus = await artifact.open();
    for await (const sentence of trainingSentences(corpus, context)) words.add(sentence);
    if (!params.useCorpusPieces) continue;
    for (const piece of await corpus.pieces()) seedPieces.add(piece);
  }
  if (words.tooLong > 0) {
    const message = `left out ${counted(words.tooLong, "word")} that ` +
      `${agreeing(words.tooLong, "is", "are")} too long to be encoded`;
    emit({ type: "warning", message });
  }
  if (words.forgotten > 0) {
    const message =
      `left out ${grouped(words.forgotten)} occurrences of rare words, as there are ` +
      "too many different ones to count them all";
    emit({ type: "warning", message });
  }
  const seeds = [...seedPieces];
  return await trainWordPiece(words.counts, {
    ...params,
    seedPieces: lowercase ? [...new Set(seeds.map(fold))] : seeds,
    signal: context.signal,
    onProgress: (progress) => emit({ type: "progress", ...progress }),
  });
}

/** The training sentences of a corpus, up to `maxWords` words. */
async function* trainingSentences(
  corpus: Corpus,
  { params, signal, emit }: Context,
): AsyncGenerator<string, void> {
  const { countWords } = await import("../text/sources/words.ts");
  const total = corpus.summary.train.documents;
  let words = 0, documents = 0;
  for await (const sentences of corpus.documents("train")) {
    signal.throwIfAborted();
    emit({ type: "progress", phase: "counting", done: documents, total, unit: "documents" });
    for (const sentence of sentences) {
      yield sentence;
      words += countWords(sentence);
      if (words >= (params.maxWords ?? Infinity)) return;
    }
    documents++;
  }
}
