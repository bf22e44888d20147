/**
 * The task kind `conll`: files of tagged sentences, checked, as a benchmark's three
 * parts.
 */
import { z } from "zod";
import { countMetric } from "../benchmarks/counts.ts";
import type { TaggedSentence } from "../benchmarks/ner/conll.ts";
import { nerDataArtifact, nerWarnings } from "../benchmarks/ner/data.ts";
import { type Part, PARTS } from "../base/parts.ts";
import { Stream } from "../base/rng.ts";
import { filePath } from "../graph/schema.ts";
import type { FileParam, TaskContext, TaskKind, TaskOutcome } from "../graph/task.ts";
import { tellCounts } from "./counted.ts";
import { declaredRows, isDeclared, warnOfDeclared } from "./declared.ts";
import { leakageMetrics, leakageScores, maxLeakageSchema, tellLeakage } from "./leakage.ts";
import { seedSchema } from "./training_params.ts";

const files = (about: string) => z.array(filePath("A file.")).min(1).describe(about);

const schema = z.strictObject({
  train: files(
    "Files of the training part, one after the other, plain or compressed. The first column of a " +
      "line is the word, the last its tag (B, I, O, B-Type, I-Type, or BIOES); a blank line ends a sentence.",
  ),
  dev: files("Files of the part on which settings are chosen."),
  test: files("Files of the part that results are reported on."),
  maxTrainSentences: z.int().min(1).optional().describe(
    "Take so many training sentences, a seeded choice that keeps their order; absent: all.",
  ),
  declared: declaredRows,
  maxLeakage: maxLeakageSchema,
  seed: seedSchema.describe("Decides which sentences `maxTrainSentences` takes."),
});

/** The parameters of a CoNLL benchmark. */
export type ConllParams = z.output<typeof schema>;

/** The task kind `conll`. */
export const conll: TaskKind<ConllParams> = {
  kind: "conll",
  version: 2,
  about: "Reads and checks tagged sentences in CoNLL's form as train, dev and test parts.",
  params: schema,
  inputs: {},
  produces: { "": nerDataArtifact.type },
  metrics: {
    sentences: countMetric("Sentences."),
    words: countMetric("Words in them."),
    entities: countMetric("Entities in them, by type after a slash."),
    ...leakageMetrics,
  },
  scores: leakageScores,
  isNumeric: false,
  entry: import.meta.url,
  isDeclared,
  unkeyed: ["declared"],
  files: (params) => PARTS.flatMap((part) => filesOf(params, part)),
  seed: ({ seed }) => seed,
  run,
};

function filesOf(params: ConllParams, part: Part): FileParam[] {
  return params[part].map((file, index) => ({ path: `${part}[${index}]`, file }));
}

async function run(
  { params, outDir, emit, signal }: TaskContext<ConllParams>,
): Promise<TaskOutcome> {
  const { readConll } = await import("../benchmarks/ner/conll.ts");
  const parts: Record<Part, TaggedSentence[]> = { train: [], dev: [], test: [] };
  const fileOf = new Map<TaggedSentence, string>();
  const files = PARTS.flatMap((part) => filesOf(params, part).map(({ file }) => ({ part, file })));
  for (const [done, { part, file }] of files.entries()) {
    signal.throwIfAborted();
    emit({ type: "progress", phase: "reading", done, total: files.length, unit: "files" });
    for (const sentence of await readConll(file)) {
      parts[part].push(sentence);
      fileOf.set(sentence, file);
    }
  }
  const { declared } = params;
  warnOfDeclared(emit, {
    declared: declared?.train,
    found: parts.train.length,
    what: "sentences to train on",
  });
  const train = choose(parts.train, params);
  const summary = await nerDataArtifact.write(outDir, { ...parts, train });
  for (const split of PARTS) {
    const { sentences, words, entities } = summary.parts[split];
    const typed = Object.fromEntries(Object.entries(entities).filter(([type]) => type !== ""));
    const counts = [
      { name: "sentences", value: sentences },
      { name: "words", value: words },
      { name: "entities", value: Object.values(entities).reduce((sum, each) => sum + each, 0) },
      ...Object.entries(typed).map(([of, value]) => ({ name: "entities", of, value })),
    ];
    tellCounts(emit, { counts, split, step: 0 });
  }
  for (const message of nerWarnings(summary)) emit({ type: "warning", message });
  const compared = (sentences: readonly TaggedSentence[]) =>
    sentences.map((each) => ({
      text: each.words.join(" "),
      at: { file: fileOf.get(each)!, line: each.line },
    }));
  const scores = tellLeakage(
    { train: compared(train), dev: compared(parts.dev), test: compared(parts.test) },
    { rows: "sentences", maxLeakage: params.maxLeakage, emit },
  );
  return { facts: {}, scores };
}

/** A seeded choice of training sentences, in the order of the files. */
function choose(
  sentences: readonly TaggedSentence[],
  { maxTrainSentences, seed }: ConllParams,
): readonly TaggedSentence[] {
  if (maxTrainSentences === undefined || maxTrainSentences >= sentences.length) return sentences;
  const places = new Stream(seed, "conll/train").shuffle(sentences.map((_, place) => place));
  const chosen = places.slice(0, maxTrainSentences).sort((a, b) => a - b);
  return chosen.map((place) => sentences[place]!);
}
