/**
 * The task kind `synthetic-world`: general and biomedical text and benchmarks of entities,
 * relations and questions from a made-up world, so that an experiment needs no download.
 */
import { z } from "zod";
import { forEachPart, type Part } from "../base/parts.ts";
import { labelledTextsArtifact } from "../benchmarks/labelled/texts.ts";
import { nerDataArtifact } from "../benchmarks/ner/data.ts";
import { type Question, questionsArtifact } from "../benchmarks/questions/questions.ts";
import type { TaskContext, TaskKind, TaskOutcome } from "../graph/task.ts";
import { corpusArtifact } from "../text/corpus/corpus_artifact.ts";
import type { WorldQuestion } from "../text/synthetic/questions.ts";
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
  relationsTrain: count("Sentences of the benchmark of relations to train on.").default(400),
  relationsDev: count("Sentences of the benchmark of relations to choose settings on.").default(
    300,
  ),
  relationsTest: count("Sentences of the benchmark of relations to report on.").default(600),
  questionsTrain: count("Questions to train on.").default(400),
  questionsDev: count("Questions to choose settings on.").default(300),
  questionsTest: count("Questions to report on.").default(600),
  stems: count("Beginnings of names, shared by all classes.", 20).max(1000).default(60),
  suffixes: count(
    "Endings of names in each class: a third of them for each part of a benchmark. With more " +
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
  version: 2,
  about: "Makes general and biomedical text and benchmarks of entities, relations and questions " +
    "from a seeded world of names.",
  params: schema,
  inputs: {},
  produces: {
    "": worldArtifact.type,
    general: corpusArtifact.type,
    domain: corpusArtifact.type,
    ner: nerDataArtifact.type,
    relations: labelledTextsArtifact.type,
    questions: questionsArtifact.type,
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
  const { worldQuestions } = await import("../text/synthetic/questions.ts");
  const { RELATION_LABELS, relationTexts } = await import("../text/synthetic/relations.ts");
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
  /** Draws the three parts of a benchmark, and tells of it. */
  const drawParts = <T>(
    name: "ner" | "relations" | "questions",
    draw: (part: Part, count: number, onEach: () => void) => T,
  ) => {
    const countOf = (part: Part) =>
      params[`${name}${({ train: "Train", dev: "Dev", test: "Test" } as const)[part]}`];
    const total = countOf("train") + countOf("dev") + countOf("test");
    let done = 0;
    const onEach = () => {
      emit({ type: "progress", phase: `writing ${name}`, done: ++done, total, unit: "sentences" });
    };
    return forEachPart((part) => Promise.resolve(draw(part, countOf(part), onEach)));
  };
  await nerDataArtifact.write(
    await outputDir("ner"),
    await drawParts("ner", (part, count, onEach) => nerSentences(world, { part, count, onEach })),
  );
  await labelledTextsArtifact.write(await outputDir("relations"), {
    labels: RELATION_LABELS,
    parts: await drawParts(
      "relations",
      (part, count, onEach) => relationTexts(world, { part, count, onEach }),
    ),
  });
  const questions = await drawParts(
    "questions",
    (part, count, onEach) => worldQuestions(world, { part, count, onEach }).map(questionOf(part)),
  );
  await questionsArtifact.write(await outputDir("questions"), {
    parts: questions,
    golden: {},
    counts: await forEachPart((part) =>
      Promise.resolve({
        questions: questions[part].length,
        impossible: 0,
        repaired: 0,
        rejected: {},
      })
    ),
  });
  await worldArtifact.write(outDir, describeWorld(world));
  return { facts: {}, scores: [] };
}

/** A question of a part as a file would give it. */
function questionOf(part: Part): (question: WorldQuestion, place: number) => Question {
  return ({ question, context, answer, start }, place) => ({
    id: `${part}-${place}`,
    question,
    context,
    answers: [answer],
    isImpossible: false,
    span: { start, end: start + answer.length },
  });
}
