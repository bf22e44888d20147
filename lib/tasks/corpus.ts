/**
 * The task kind `corpus`: text files of any layout into one corpus artifact with a
 * seeded order and a held-out split.
 */
import { z } from "zod";
import { agreeing, counted, grouped } from "../base/count.ts";
import { filePath } from "../graph/schema.ts";
import type { FileParam, TaskContext, TaskKind, TaskOutcome } from "../graph/task.ts";
import type { CorpusReport } from "../text/corpus/build.ts";
import { corpusArtifact } from "../text/corpus/corpus_artifact.ts";
import { declaredWords, isDeclared, warnOfDeclared } from "./declared.ts";
import { filesThatFit } from "../text/sources/file_pattern.ts";
import { compressionOf, MAGIC_BYTES } from "../text/sources/magic.ts";

const amount = (about: string) => z.int().min(1).describe(about);

const name = z.string().min(1);
const field = z.union([name, z.array(name).min(1)]);

/** What every source has, whatever its layout. */
const common = {
  path: filePath(
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
      "Fields of running text, in order, each line a paragraph. abstract.text, or [abstract, text], " +
        "is a field of a field and goes through lists; [abstract.text] is one with a dot in its name.",
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
    "Held-out text. It follows from sources and seed alone; documents of equal words are one.",
  ),
  overlapWords: amount(
    "A sentence of at least so many words that the held-out text has is left out of training.",
  ).default(8),
  maxWords: amount("Take training documents until there are so many words; absent: all.")
    .optional(),
  declared: declaredWords,
  seed: z.int().min(0).max(2 ** 32 - 1).default(0).describe(
    "Decides the order of documents and which are held out.",
  ),
});

/** The parameters of a corpus. */
export type CorpusParams = z.output<typeof schema>;

/** The task kind `corpus`. */
export const corpus: TaskKind<CorpusParams> = {
  kind: "corpus",
  version: 2,
  about: "Reads text files into sentences and documents, in a seeded order, with a held-out part.",
  params: schema,
  inputs: {},
  produces: { "": corpusArtifact.type },
  isNumeric: false,
  entry: import.meta.url,
  isDeclared,
  unkeyed: ["declared"],
  estimate: ({ declared }) => declared === undefined ? {} : { bytes: declared.words * WORD_BYTES },
  bytesOf,
  check: faultsOf,
  files: filesOf,
  seed: ({ seed }) => seed,
  run,
};

/** Of a word and the space behind it, as English scientific text has them. */
const WORD_BYTES = 6.6;

/** Text is so many times larger than packed. */
const PACKED = 3.5;

/** As many bytes as the sources have, unpacked, or as many words as are asked for. */
function bytesOf(params: CorpusParams): number | undefined {
  try {
    const bytes = filesOf(params).reduce((sum, { file }) => sum + textBytes(file), 0);
    return Math.round(Math.min(bytes, (params.maxWords ?? Infinity) * WORD_BYTES));
  } catch {
    // What is wrong with a file is told by its reader.
    return undefined;
  }
}

function textBytes(path: string): number {
  const { isFile, size } = Deno.statSync(path);
  if (!isFile) return 0;
  using file = Deno.openSync(path);
  const head = new Uint8Array(MAGIC_BYTES);
  const length = file.readSync(head) ?? 0;
  return compressionOf(head.subarray(0, length)) === undefined ? size : size * PACKED;
}

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

async function run(context: TaskContext<CorpusParams>): Promise<TaskOutcome> {
  const { buildCorpus } = await import("../text/corpus/build.ts");
  const { params, emit } = context;
  const sourceBytes = await sizeOf(params);
  let bytes = 0;
  const report = await buildCorpus({
    ...params,
    sources: params.sources.map((source) => ({ headings: "keep", ...source })),
    sourceBytes,
    outDir: context.outDir,
    scratchDir: context.scratchDir,
    signal: context.signal,
    onBytes: (count) => {
      bytes += count;
      const [done, total] = [Math.floor(bytes / 1e6), Math.ceil(sourceBytes / 1e6)];
      emit({ type: "progress", phase: "reading", done, total, unit: "MB" });
    },
    onSorted: (done, total) => {
      emit({ type: "progress", phase: "sorting", done, total, unit: "documents" });
    },
  });
  const { train, validation } = report.summary;
  warnOfDeclared(emit, {
    declared: params.declared?.words,
    found: train.words + validation.words,
    what: "words",
  });
  for (const message of warningsOf(report, params)) emit({ type: "warning", message });
  return { facts: {}, scores: [] };
}

/** Bytes of all files; what cannot be read is reported by its reader. */
async function sizeOf(params: CorpusParams): Promise<number> {
  const sizes = await Promise.all(
    filesOf(params).map(async ({ file }) => {
      return (await Deno.stat(file).catch(() => ({ size: 0 }))).size;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** What was left out, and what is less than was asked for. */
function warningsOf({ sources, leftOut, summary }: CorpusReport, params: CorpusParams): string[] {
  const { duplicateDocuments, overlappingSentences, overlappingDocuments } = leftOut;
  const warnings = sources.flatMap(({ emptyDocuments }, index) =>
    emptyDocuments === 0 ? [] : [
      `left out ${counted(emptyDocuments, "document")} of sources[${index}]` +
      " without text",
    ]
  );
  if (duplicateDocuments > 0) {
    warnings.push(
      `left out ${counted(duplicateDocuments, "document")} whose words equal another's`,
    );
  }
  if (overlappingSentences > 0) {
    const documents = overlappingDocuments === 0
      ? ""
      : `, among them all of ${counted(overlappingDocuments, "document")}`;
    warnings.push(
      `left out of training ${counted(overlappingSentences, "sentence")} that ` +
        `${agreeing(overlappingSentences, "is", "are")} held out${documents}`,
    );
  }
  const { maxWords } = params;
  if (maxWords !== undefined && summary.train.words < maxWords) {
    warnings.push(
      `maxWords asks for ${grouped(maxWords)} words to train on, but there are ` +
        grouped(summary.train.words),
    );
  }
  return warnings;
}
