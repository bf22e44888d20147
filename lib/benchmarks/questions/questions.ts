/**
 * The artifact type "questions": questions on contexts with their answers, in three parts,
 * BioASQ's golden answers where there are any, and a summary of what was repaired and left out.
 */
import { forEachPart, type Part, PARTS } from "../../base/parts.ts";
import type { ArtifactType } from "../../graph/task.ts";
import { readLines } from "../../text/sources/lines.ts";
import { isBlank } from "../blank.ts";

/** A question on a context. */
export interface Question {
  /** Once in its part. */
  readonly id: string;
  /** What is asked. */
  readonly question: string;
  /** Where the answer stands, if it does. */
  readonly context: string;
  /** What counts as right; empty where that is not known, or nothing answers it. */
  readonly answers: readonly string[];
  /** Whether the file says that the context does not answer it. */
  readonly isImpossible: boolean;
  /** UTF-16 units of the context to learn, the end not counted in; absent where there is none. */
  readonly span?: { readonly start: number; readonly end: number };
}

/** Whether a question has words of its own and a context to answer it from. */
export function isAsked({ question, context }: Question): boolean {
  return !isBlank(question) && !isBlank(context);
}

/** The right answers to a question of BioASQ, whatever its passages say. */
export interface Golden {
  /** The question's own id, without a passage's number. */
  readonly id: string;
  /** Any of them is right. */
  readonly synonyms: readonly string[];
}

/** What was repaired and left out of a part. */
export interface ReadCounts {
  /** Questions on a context. */
  readonly questions: number;
  /** Those that the file says cannot be answered. */
  readonly impossible: number;
  /** Answers that were found near a wrong offset. */
  readonly repaired: number;
  /** By reason, ids of questions that are not learned; in dev and test they stay in the score. */
  readonly rejected: Readonly<Record<string, readonly string[]>>;
}

/** Questions, golden answers and counts by part. */
export interface QuestionData {
  /** The questions of each part. */
  readonly parts: Readonly<Record<Part, readonly Question[]>>;
  /** Golden answers of a part, where a file gives them. */
  readonly golden: Readonly<Partial<Record<Part, readonly Golden[]>>>;
  /** What was repaired and left out. */
  readonly counts: Readonly<Record<Part, ReadCounts>>;
}

/** The folder of questions. */
export interface QuestionsArtifact extends ArtifactType<QuestionData> {
  /** Writes all into an existing folder. */
  write(dir: string, data: QuestionData): Promise<void>;
}

/** The artifact type "questions". */
export const questionsArtifact: QuestionsArtifact = {
  type: "questions",
  async write(dir, { parts, golden, counts }) {
    for (const part of PARTS) {
      const lines = parts[part].map((each) => `${JSON.stringify(each)}\n`);
      await Deno.writeTextFile(`${dir}/${part}.jsonl`, lines.join(""));
    }
    await Deno.writeTextFile(`${dir}/golden.json`, `${JSON.stringify(golden, null, 2)}\n`);
    await Deno.writeTextFile(`${dir}/questions.json`, `${JSON.stringify(counts, null, 2)}\n`);
  },
  async open(dir) {
    const parts = await forEachPart(async (part) => {
      const questions: Question[] = [];
      for await (const { text } of readLines(`${dir}/${part}.jsonl`)) {
        questions.push(JSON.parse(text));
      }
      return questions;
    });
    const golden = JSON.parse(await Deno.readTextFile(`${dir}/golden.json`));
    const counts = JSON.parse(await Deno.readTextFile(`${dir}/questions.json`));
    return { parts, golden, counts };
  },
};
