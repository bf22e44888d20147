/**
 * Reads questions in SQuAD's form, v1.1, v2 or without answers, and BioASQ's golden files.
 *
 * Offsets count code points, as Python does. An answer that does not stand at its offset is
 * looked for near it; one that is not found there is left out of training with a reason.
 */
import { z } from "zod";
import { ExperimentError } from "../../base/errors.ts";
import { readLines } from "../../text/sources/lines.ts";
import { type Located, locateText, unitsOf } from "../offsets.ts";
import type { Golden, Question } from "./questions.ts";

const answer = z.object({ text: z.string(), answer_start: z.int().min(0) });
const squadFile = z.object({
  data: z.array(z.object({
    paragraphs: z.array(z.object({
      context: z.string(),
      qas: z.array(z.object({
        id: z.string().min(1),
        question: z.string(),
        answers: z.array(answer).optional(),
        is_impossible: z.boolean().optional(),
      })),
    })),
  })),
});

const exactAnswer = z.union([z.string(), z.array(z.union([z.string(), z.array(z.string())]))]);
const goldenFile = z.object({
  questions: z.array(z.object({
    id: z.string().min(1),
    type: z.string(),
    exact_answer: exactAnswer.optional(),
  })),
});

/** Questions of a file, and what became of their answers. */
export interface ReadQuestions {
  /** In the order of the file. */
  readonly questions: readonly Question[];
  /** Answers that were found near a wrong offset. */
  readonly repaired: number;
  /** Questions without a span to learn: id and reason. */
  readonly rejected: readonly { readonly id: string; readonly reason: string }[];
}

/**
 * The questions of a file in SQuAD's form, plain or compressed.
 *
 * @param seen the file of each id so far, of a part's other files too; added to
 * @throws ExperimentError "benchmarks/bad-json" or "benchmarks/duplicate-id", and what
 *   `readLines` throws
 */
export async function readSquad(
  path: string,
  seen: Map<string, string> = new Map(),
): Promise<ReadQuestions> {
  const { data } = await readJson(path, squadFile);
  const questions: Question[] = [], rejected: { id: string; reason: string }[] = [];
  let repaired = 0;
  for (const { context, qas } of data.flatMap(({ paragraphs }) => paragraphs)) {
    for (const { id, question, answers = [], is_impossible: isImpossible = false } of qas) {
      const before = seen.get(id);
      if (before !== undefined) throw duplicateId(id, { path, before });
      seen.set(id, path);
      const base = { id, question, context, isImpossible };
      if (isImpossible) {
        questions.push({ ...base, answers: [] });
        continue;
      }
      const texts = answers.map(({ text }) => text);
      const [first] = answers;
      const found = first === undefined ? "no answer" : locate(context, first);
      if (typeof found === "string") {
        rejected.push({ id, reason: found });
        questions.push({ ...base, answers: texts });
        continue;
      }
      if (found.isRepaired) repaired++;
      const { start, end } = found;
      questions.push({ ...base, answers: texts, span: { start, end } });
    }
  }
  if (questions.length === 0) {
    throw badJson("the file has no question", path);
  }
  return { questions, repaired, rejected };
}

/** Where an answer stands, or why it is not to be learned. */
function locate(
  context: string,
  { text, answer_start }: z.output<typeof answer>,
): Located | string {
  if (text.trim() === "") return "empty answer";
  return locateText(context, { text, offset: unitsOf(context, answer_start) }) ??
    "the answer does not stand near its offset";
}

/**
 * The factoid questions of a golden file of BioASQ; synonyms of all its answers are one list.
 *
 * @throws ExperimentError "benchmarks/bad-json", and what `readLines` throws
 */
export async function readGolden(path: string): Promise<Golden[]> {
  const { questions } = await readJson(path, goldenFile);
  const factoids = questions.filter(({ type }) => type === "factoid");
  if (factoids.length === 0) throw badJson("the file has no factoid question", path);
  return factoids.map(({ id, exact_answer = [] }) => ({ id, synonyms: [exact_answer].flat(2) }));
}

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const lines: string[] = [];
  for await (const { text } of readLines(path)) lines.push(text);
  let value: unknown;
  try {
    value = JSON.parse(lines.join("\n"));
  } catch {
    throw badJson("the file is not valid JSON", path);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path: place, message } = parsed.error.issues[0]!;
  throw badJson(`${place.join(".") || "the file"}: ${message}`, path);
}

function badJson(message: string, file: string): ExperimentError {
  return new ExperimentError("benchmarks/bad-json", message, {
    at: { file },
    mend: "give the file as it was published, in SQuAD's form, or as BioASQ's golden file",
  });
}

function duplicateId(
  id: string,
  { path, before }: { readonly path: string; readonly before: string },
): ExperimentError {
  const where = before === path ? "twice" : `in ${before} too`;
  return new ExperimentError(
    "benchmarks/duplicate-id",
    `the id ${JSON.stringify(id)} stands ${where}`,
    { at: { file: path }, mend: "give each question an id of its own, or take one of them out" },
  );
}
