/**
 * The task kind `questions`: files in SQuAD's form and BioASQ's golden files, checked, as a
 * benchmark's three parts.
 */
import { z } from "zod";
import { agreeing, counted } from "../base/count.ts";
import { isBlank } from "../benchmarks/blank.ts";
import { byReason, countMetric } from "../benchmarks/counts.ts";
import {
  type Golden,
  type Question,
  questionsArtifact,
} from "../benchmarks/questions/questions.ts";
import type { ReadCounts } from "../benchmarks/questions/questions.ts";
import { forEachPart, type Part, PARTS } from "../base/parts.ts";
import { filePath } from "../graph/schema.ts";
import type { FileParam, TaskContext, TaskKind, TaskOutcome } from "../graph/task.ts";
import { tellCounts } from "./counted.ts";
import { declaredRows, isDeclared, warnOfDeclared } from "./declared.ts";
import { leakageMetrics, leakageScores, maxLeakageSchema, tellLeakage } from "./leakage.ts";

const files = (about: string) => z.array(filePath("A file.")).min(1).describe(about);

const schema = z.strictObject({
  train: files("Files of the training part in SQuAD's form, plain or compressed."),
  dev: files("Files of the part on which settings are chosen."),
  test: files("Files of the part that results are reported on."),
  golden: z.strictObject({
    dev: files("Golden files of BioASQ for dev.").optional(),
    test: files("Golden files of BioASQ for test.").optional(),
  }).default({}).describe(
    "The right answers to factoid questions, whatever their passages say; absent: those of the " +
      "passages.",
  ),
  declared: declaredRows,
  maxLeakage: maxLeakageSchema,
});

/** The parameters of questions. */
export type QuestionsParams = z.output<typeof schema>;

/** The task kind `questions`. */
export const questions: TaskKind<QuestionsParams> = {
  kind: "questions",
  version: 2,
  about: "Reads and checks questions on contexts in SQuAD's form as train, dev and test parts.",
  params: schema,
  inputs: {},
  produces: { "": questionsArtifact.type },
  isNumeric: false,
  entry: import.meta.url,
  isDeclared,
  unkeyed: ["declared"],
  files: filesOf,
  metrics: {
    questions: countMetric("Questions on a context."),
    impossible: countMetric("Those that the file says cannot be answered."),
    repaired: countMetric("Answers that were found near a wrong offset."),
    rejected: countMetric("Questions without an answer to learn, by reason after a slash."),
    unanswerable: countMetric("Questions of golden files that these have no answer to."),
    ...leakageMetrics,
  },
  scores: leakageScores,
  run,
};

function filesOf({ golden, declared: _, ...parts }: QuestionsParams): FileParam[] {
  const named = (path: string, files: readonly string[] = []) =>
    files.map((file, index) => ({ path: `${path}[${index}]`, file }));
  return [
    ...PARTS.flatMap((part) => named(part, parts[part])),
    ...named("golden.dev", golden.dev),
    ...named("golden.test", golden.test),
  ];
}

async function run(
  { params, outDir, emit, signal }: TaskContext<QuestionsParams>,
): Promise<TaskOutcome> {
  const { readGolden, readSquad } = await import("../benchmarks/questions/read.ts");
  const total = filesOf(params).length;
  let done = 0;
  const next = () => {
    signal.throwIfAborted();
    emit({ type: "progress", phase: "reading", done: done++, total, unit: "files" });
  };
  const counts: Partial<Record<Part, ReadCounts>> = {}, fileOf = new Map<Question, string>();
  const parts = await forEachPart(async (part) => {
    const all: Question[] = [], ids = new Map<string, string>();
    const rejected: Record<string, string[]> = {};
    let repaired = 0;
    for (const file of params[part]) {
      next();
      const read = await readSquad(file, ids);
      for (const question of read.questions) {
        all.push(question);
        fileOf.set(question, file);
      }
      repaired += read.repaired;
      for (const { id, reason } of read.rejected) (rejected[reason] ??= []).push(id);
    }
    const impossible = all.filter(({ isImpossible }) => isImpossible).length;
    counts[part] = { questions: all.length, impossible, repaired, rejected };
    const { length: questions } = all;
    const told = [
      ...Object.entries({ questions, impossible, repaired }).map(([name, value]) => ({
        name,
        value,
      })),
      ...byReason(
        "rejected",
        Object.fromEntries(Object.entries(rejected).map(([of, ids]) => [of, ids.length])),
      ),
    ];
    tellCounts(emit, { counts: told, split: part, step: 0 });
    for (const message of warningsOf(part, counts[part])) emit({ type: "warning", message });
    return all;
  });
  const { declared } = params;
  warnOfDeclared(emit, {
    declared: declared?.train,
    found: parts.train.length,
    what: "questions to train on",
  });
  const golden: Partial<Record<Part, Golden[]>> = {};
  for (const part of ["dev", "test"] as const) {
    const ids = new Map<string, string>();
    for (const file of params.golden[part] ?? []) {
      next();
      golden[part] = [...golden[part] ?? [], ...await readGolden(file, ids)];
    }
    if (golden[part] !== undefined) tellUnanswerable(golden[part], { part, emit });
  }
  await questionsArtifact.write(outDir, {
    parts,
    golden,
    counts: counts as Record<Part, ReadCounts>,
  });
  const compared = (part: Part) =>
    parts[part].map((each) => ({
      text: `${each.question} ${each.context}`,
      at: { file: `${fileOf.get(each)}#${each.id}` },
    }));
  const scores = tellLeakage(
    { train: compared("train"), dev: compared("dev"), test: compared("test") },
    { rows: "questions", maxLeakage: params.maxLeakage, emit },
  );
  return { facts: {}, scores };
}

/** Golden questions that no answer is right to stay in the score, as its evaluator has it. */
function tellUnanswerable(
  golden: readonly Golden[],
  { part, emit }: { readonly part: Part; readonly emit: TaskContext<unknown>["emit"] },
): void {
  const value = golden.filter(({ synonyms }) => synonyms.every(isBlank)).length;
  tellCounts(emit, { counts: [{ name: "unanswerable", value }], split: part, step: 0 });
  if (value === 0) return;
  const message = `${value} of ${counted(golden.length, `${part} question`)} of golden files ` +
    `${agreeing(value, "has", "have")} no answer there: ${
      agreeing(value, "it is", "they are")
    } in the score as wrong`;
  emit({ type: "warning", message });
}

function warningsOf(part: Part, { questions, repaired, rejected }: ReadCounts): string[] {
  return [
    ...repaired === 0 ? [] : [
      `${repaired} of ${counted(questions, `${part} answer`)} ${
        agreeing(repaired, "was", "were")
      } ` +
      "found near a wrong offset",
    ],
    ...Object.entries(rejected).map(([reason, { length: count }]) => {
      const effect = part === "train"
        ? `${agreeing(count, "is", "are")} not learned`
        : `${agreeing(count, "stays", "stay")} in the score as ${
          agreeing(count, "it is", "they are")
        }`;
      return `${count} of ${counted(questions, `${part} question`)} ${effect}: ${reason}`;
    }),
  ];
}
