/**
 * The task kind `corpus`: text files of any layout into one corpus artifact with a
 * seeded order and a held-out split.
 */
import { z } from "zod";
import { ExperimentError } from "../base/errors.ts";
import type { FileParam, TaskContext, TaskKind, TaskOutcome } from "../graph/task.ts";
import { corpusArtifact } from "../text/corpus/corpus_artifact.ts";
import { expandPattern } from "../text/sources/file_pattern.ts";

const amount = (about: string) => z.int().min(1).describe(about);

const field = z.string().min(1);

/** What every source has, whatever its layout. */
const common = {
  path: z.string().min(1).describe(
    "A file, or a pattern with *, ? and ** (any folders); plain, gzip or zstd, told by its content.",
  ),
  maxDocuments: amount("Take at most so many documents, the first ones.").optional(),
  maxWords: amount("Take documents until there are so many words.").optional(),
  splitWords: amount(
    "Cut a document after the sentence that brings it to so many words. The parts count as " +
      "documents of their own, in the order and in the held-out split: advisable for books.",
  ).optional(),
};

const sourceSchema = z.discriminatedUnion("format", [
  z.strictObject({
    format: z.literal("text").describe("A file is a document, a blank line ends a paragraph."),
    ...common,
  }),
  z.strictObject({
    format: z.literal("lines").describe("A line is a sentence, a blank line ends a document."),
    ...common,
  }),
  z.strictObject({
    format: z.literal("wikitext").describe(
      'A line " = Title = " opens a document; headings are left out.',
    ),
    ...common,
  }),
  z.strictObject({
    format: z.literal("jsonl").describe("A line is a JSON object, and that a document."),
    ...common,
    text: z.array(field).min(1).optional().describe(
      "Fields of running text, in order, each line a paragraph; abstract.text goes through lists.",
    ),
    sentences: field.optional().describe("A field that holds a list of ready sentences."),
    headings: z.enum(["keep", "pmc"]).default("keep").describe(
      "pmc leaves out lines such as BODY.RESULTS: and takes TITLE: off.",
    ),
  }),
]);

/** The schema of a corpus's parameters. */
const schema = z.strictObject({
  sources: z.array(sourceSchema).min(1).describe("Where the text comes from."),
  validation: z.union([
    z.strictObject({ words: amount("Hold out documents until there are so many words.") }),
    z.strictObject({
      fraction: z.number().gt(0).lt(1).describe("Hold out documents until they are this share."),
    }),
  ]).default({ fraction: 0.02 }).describe(
    "Held-out text, split by content: documents of equal words are one. It is held in memory.",
  ),
  overlapWords: amount(
    "A held-out sentence of at least so many words that training has too is left out.",
  ).default(8),
  maxWords: amount("Take training documents until there are so many words; absent: all.")
    .optional(),
  seed: z.int().min(0).max(2 ** 32 - 1).default(0).describe(
    "Decides the order of documents and which are held out.",
  ),
});

/** The parameters of a corpus. */
export type CorpusParams = z.output<typeof schema>;

/** The task kind `corpus`. */
export const corpus: TaskKind<CorpusParams> = {
  kind: "corpus",
  version: 1,
  about: "Reads text files into sentences and documents, in a seeded order, with a held-out part.",
  params: schema,
  inputs: {},
  produces: { "": corpusArtifact.type },
  isNumeric: false,
  entry: import.meta.url,
  check: faultsOf,
  files: filesOf,
  seed: ({ seed }) => seed,
  run,
};

function faultsOf({ sources }: CorpusParams) {
  return sources.flatMap((source, index) => {
    if (source.format !== "jsonl") return [];
    if (source.text !== undefined || source.sentences !== undefined) return [];
    return [{
      path: `sources[${index}]`,
      message: "a jsonl source needs to know which fields hold its text",
      mend: "give text: [<field>, ...] or sentences: <field>",
    }];
  });
}

function filesOf({ sources }: CorpusParams): FileParam[] {
  return sources.flatMap(({ path }, index) =>
    filesThatFit(path).map((file) => ({ path: `sources[${index}].path`, file }))
  );
}

/** The files of a pattern; the pattern itself where none fits, a file that is missing. */
function filesThatFit(pattern: string): string[] {
  try {
    return expandPattern(pattern);
  } catch (error) {
    if (error instanceof ExperimentError && error.code === "text/no-match") return [pattern];
    throw error;
  }
}

async function run(context: TaskContext<CorpusParams>): Promise<TaskOutcome> {
  const { buildCorpus } = await import("../text/corpus/build.ts");
  const { params, emit } = context;
  const sizes = await Promise.all(
    filesOf(params).map(async ({ file }) => (await Deno.stat(file)).size),
  );
  const sourceBytes = sizes.reduce((sum, size) => sum + size, 0);
  let bytes = 0, shownMegabytes = 0;
  const report = await buildCorpus({
    ...params,
    sources: params.sources.map((source) => ({ headings: "keep", ...source })),
    sourceBytes,
    outDir: context.outDir,
    scratchDir: context.scratchDir,
    signal: context.signal,
    onBytes: (count) => {
      bytes += count;
      const megabytes = Math.floor(bytes / 1e6);
      if (megabytes === shownMegabytes) return;
      shownMegabytes = megabytes;
      const total = Math.ceil(sourceBytes / 1e6);
      emit({ type: "progress", done: megabytes, total, unit: "MB" });
    },
  });
  const { duplicateDocuments, overlappingSentences } = report;
  if (duplicateDocuments > 0) {
    const message = `left out ${duplicateDocuments} documents whose words equal another's`;
    emit({ type: "warning", message });
  }
  if (overlappingSentences > 0) {
    const message = `left out ${overlappingSentences} held-out sentences that training has too`;
    emit({ type: "warning", message });
  }
  return { facts: {}, scores: [] };
}
