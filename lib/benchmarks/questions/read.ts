/**
 * Reads questions in SQuAD's form, v1.1, v2 or without answers, and BioASQ's golden files.
 *
 * Offsets count code points, as Python does. An answer that does not stand at its offset is
 * looked for near it; one that is not found there is left out of training with a reason.
 */
import { z } from "zod";
import { ExperimentError, type SourcePosition } from "../../base/errors.ts";
import { type JsonFile, readJsonFile } from "../json_file.ts";
import { type Located, locateText, unitsOf } from "../offsets.ts";
import { isBlank } from "../blank.ts";
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
  const { value: { data }, at } = await readForm(path, squadFile);
  const questions: Question[] = [], rejected: { id: string; reason: string }[] = [];
  let repaired = 0;
  const asked = data.flatMap(({ paragraphs }, article) =>
    paragraphs.flatMap(({ context, qas }, paragraph) =>
      qas.map((each, place) => ({
        ...each,
        context,
        place: ["data", article, "paragraphs", paragraph, "qas", place],
      }))
    )
  );
  for (const { id, question, context, answers = [], is_impossible, place } of asked) {
    const isImpossible = is_impossible ?? false;
    const before = seen.get(id);
    if (before !== undefined) throw duplicateId(id, { at: at([...place, "id"]), before });
    seen.set(id, path);
    const texts = isImpossible ? [] : answers.map(({ text }) => text);
    const asks = { id, question, context, isImpossible, answers: texts };
    const found = toLearn(asks, answers[0]);
    if (typeof found === "string") rejected.push({ id, reason: found });
    if (found === undefined || typeof found === "string") {
      questions.push(asks);
      continue;
    }
    if (found.isRepaired) repaired++;
    const { start, end } = found;
    questions.push({ ...asks, span: { start, end } });
  }
  if (questions.length === 0) throw badJson("the file has no question", { file: path });
  return { questions, repaired, rejected };
}

/** Where the answer to learn stands, nothing where the file says that there is none, or why not. */
function toLearn(
  { question, context, isImpossible }: Question,
  first: z.output<typeof answer> | undefined,
): Located | undefined | string {
  if (isBlank(question)) return "empty question";
  if (isBlank(context)) return "empty context";
  if (isImpossible) return undefined;
  if (first === undefined) return "no answer";
  const { text, answer_start } = first;
  if (isBlank(text)) return "empty answer";
  return locateText(context, { text, offset: unitsOf(context, answer_start) }) ??
    "the answer does not stand near its offset";
}

/**
 * The factoid questions of a golden file of BioASQ; synonyms of all its answers are one list.
 *
 * @param seen the file of each id so far, of a part's other files too; added to
 * @throws ExperimentError "benchmarks/bad-json" or "benchmarks/duplicate-id", and what
 *   `readLines` throws
 */
export async function readGolden(
  path: string,
  seen: Map<string, string> = new Map(),
): Promise<Golden[]> {
  const { value: { questions }, at } = await readForm(path, goldenFile);
  const golden: Golden[] = [];
  for (const [place, { id, type, exact_answer = [] }] of questions.entries()) {
    if (type !== "factoid") continue;
    const before = seen.get(id);
    if (before !== undefined) {
      throw duplicateId(id, { at: at(["questions", place, "id"]), before });
    }
    seen.set(id, path);
    golden.push({ id, synonyms: [exact_answer].flat(2) });
  }
  if (golden.length > 0) return golden;
  throw badJson("the file has no factoid question", { file: path });
}

const MEND = "give the file as it was published, in SQuAD's form, or as BioASQ's golden file";

/** A file's value, checked; a fault is told where it stands. */
async function readForm<T>(
  path: string,
  schema: z.ZodType<T>,
): Promise<{ readonly value: T; readonly at: JsonFile["at"] }> {
  const { value, at } = await readJsonFile(path, { mend: MEND });
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data, at };
  const { path: place, message } = parsed.error.issues[0]!;
  throw badJson(`${place.join(".") || "the file"}: ${message}`, at(place));
}

function badJson(message: string, at: SourcePosition): ExperimentError {
  return new ExperimentError("benchmarks/bad-json", message, { at, mend: MEND });
}

function duplicateId(
  id: string,
  { at, before }: { readonly at: SourcePosition; readonly before: string },
): ExperimentError {
  const where = before === at.file ? "twice" : `in ${before} too`;
  return new ExperimentError(
    "benchmarks/duplicate-id",
    `the id ${JSON.stringify(id)} stands ${where}`,
    { at, mend: "give each question an id of its own, or take one of them out" },
  );
}
