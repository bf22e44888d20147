/**
 * The task kind `conll`: files of tagged sentences, checked, as a benchmark's three
 * parts.
 */
import { z } from "zod";
import { formatConll, readConll, type TaggedSentence } from "../benchmarks/conll.ts";
import { Stream } from "../base/rng.ts";
import type { FileParam, TaskContext, TaskKind, TaskOutcome } from "../graph/task.ts";
import { seedSchema } from "./training_params.ts";

const PARTS = ["train", "dev", "test"] as const;

const files = (about: string) => z.array(z.string().min(1)).min(1).describe(about);

const schema = z.strictObject({
  train: files(
    "Files of the training part, joined; plain or gzip. Word first, tag last on a line.",
  ),
  dev: files("Files of the part on which settings are chosen."),
  test: files("Files of the part that results are reported on."),
  maxTrainSentences: z.int().min(1).optional().describe(
    "Take so many training sentences, a seeded choice that keeps their order; absent: all.",
  ),
  seed: seedSchema,
});

/** The parameters of a CoNLL benchmark. */
export type ConllParams = z.output<typeof schema>;

/** The task kind `conll`. */
export const conll: TaskKind<ConllParams> = {
  kind: "conll",
  version: 1,
  about: "Reads and checks tagged sentences in CoNLL's form as train, dev and test parts.",
  params: schema,
  inputs: {},
  produces: { "": "ner-data" },
  isNumeric: false,
  entry: "lib/tasks/conll.ts",
  files: (params) => PARTS.flatMap((part) => filesOf(params, part)),
  seed: ({ seed }) => seed,
  run,
};

function filesOf(params: ConllParams, part: typeof PARTS[number]): FileParam[] {
  return params[part].map((file, index) => ({ path: `${part}[${index}]`, file }));
}

async function run({ params, outDir, emit }: TaskContext<ConllParams>): Promise<TaskOutcome> {
  const seen = new Map<string, string>();
  for (const part of PARTS) {
    const sentences: TaggedSentence[] = [];
    for (const { file } of filesOf(params, part)) sentences.push(...await readConll(file));
    const chosen = part === "train" ? choose(sentences, params) : sentences;
    const repeated = new Map<string, number>();
    for (const { words } of chosen) {
      const text = words.join(" ");
      const where = seen.get(text);
      if (where === undefined) seen.set(text, part);
      else repeated.set(where, (repeated.get(where) ?? 0) + 1);
    }
    for (const [where, count] of repeated) {
      const message = where === part
        ? `${count} of ${chosen.length} ${part} sentences stand there more than once`
        : `${count} of ${chosen.length} ${part} sentences stand in ${where} too`;
      emit({ type: "warning", message });
    }
    await Deno.writeTextFile(`${outDir}/${part}.tsv`, formatConll(chosen));
  }
  return { facts: {}, scores: [] };
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
