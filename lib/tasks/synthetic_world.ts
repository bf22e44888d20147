/**
 * The task kind `synthetic-world`: general and biomedical text and a benchmark from
 * a made-up world, so that an experiment needs no download.
 */
import { z } from "zod";
import { nerDataArtifact } from "../benchmarks/ner/data.ts";
import type { TaskContext, TaskKind, TaskOutcome } from "../graph/task.ts";
import { corpusArtifact } from "../text/corpus/corpus_artifact.ts";
import { worldArtifact } from "../text/synthetic/world_artifact.ts";
import { seedSchema } from "./training_params.ts";

const count = (about: string, least = 1) => z.int().min(least).describe(about);

const schema = z.strictObject({
  seed: seedSchema.describe("The world and all that is said of it follow from it."),
  generalWords: count("Words of general text to train on.").default(100_000),
  domainWords: count("Words of biomedical text to train on.").default(60_000),
  validationSentences: count(
    "Sentences of each kind of text to hold out; none of them occurs in training.",
  ).default(500),
  nerTrain: count("Sentences of the NER benchmark to train on.").default(200),
  nerDev: count("Sentences of the NER benchmark to choose settings on.").default(300),
  nerTest: count("Sentences of the NER benchmark to report on.").default(600),
  stems: count("Beginnings of names, shared by all classes.", 20).max(1000).default(60),
  suffixes: count(
    "Endings of names in each class: a third of them for each part of the benchmark. With more " +
      "of them each is rarer, and more text is needed to learn them.",
    3,
  ).max(60).default(24),
  namesPerSuffix: count("Names of each ending.", 4).default(25),
});

/** The parameters of a synthetic world. */
export type SyntheticWorldParams = z.output<typeof schema>;

/** The task kind `synthetic-world`. */
export const syntheticWorld: TaskKind<SyntheticWorldParams> = {
  kind: "synthetic-world",
  version: 1,
  about: "Makes general and biomedical text and an NER benchmark from a seeded world of names.",
  params: schema,
  inputs: {},
  produces: {
    "": worldArtifact.type,
    general: corpusArtifact.type,
    domain: corpusArtifact.type,
    ner: nerDataArtifact.type,
  },
  isNumeric: false,
  entry: import.meta.url,
  check: ({ namesPerSuffix, stems }) =>
    namesPerSuffix <= stems ? [] : [{
      path: "namesPerSuffix",
      message: `${stems} stems make no ${namesPerSuffix} names of one suffix`,
      mend: `lower namesPerSuffix to ${stems}, or raise stems`,
    }],
  run,
};

async function run(context: TaskContext<SyntheticWorldParams>): Promise<TaskOutcome> {
  const { writeText } = await import("../text/synthetic/write_text.ts");
  const { nerSentences } = await import("../text/synthetic/ner.ts");
  const { buildWorld, describeWorld } = await import("../text/synthetic/world.ts");
  const { params, outDir, emit, signal } = context;
  const world = buildWorld(params);
  const words = { general: params.generalWords, domain: params.domainWords };
  const outputDir = async (output: string) => {
    const dir = `${outDir}/${output}`;
    await Deno.mkdir(dir);
    return dir;
  };
  for (const kind of ["general", "domain"] as const) {
    const tell = (phase: string, progress: { done: number; total: number; unit: string }) => {
      signal.throwIfAborted();
      emit({ type: "progress", phase: `${phase} ${kind} text`, ...progress });
    };
    const total = words[kind], sentences = params.validationSentences;
    await writeText(world, {
      ...params,
      kind,
      dir: await outputDir(kind),
      words: total,
      onHeldOut: (done) => tell("holding out", { done, total: sentences, unit: "sentences" }),
      onDocument: (done) => tell("writing", { done: Math.min(total, done), total, unit: "words" }),
    });
  }
  const total = params.nerTrain + params.nerDev + params.nerTest;
  let done = 0;
  const onSentence = () => {
    emit({ type: "progress", phase: "writing ner", done: ++done, total, unit: "sentences" });
  };
  await nerDataArtifact.write(await outputDir("ner"), {
    train: nerSentences(world, { part: "train", sentences: params.nerTrain, onSentence }),
    dev: nerSentences(world, { part: "dev", sentences: params.nerDev, onSentence }),
    test: nerSentences(world, { part: "test", sentences: params.nerTest, onSentence }),
  });
  await worldArtifact.write(outDir, describeWorld(world));
  return { facts: {}, scores: [] };
}
