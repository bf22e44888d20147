/** Parameters that every benchmark of questions has, and its windows. */
import { z } from "zod";
import { agreeing, counted } from "../../base/count.ts";
import { type Part, PARTS } from "../../base/parts.ts";
import type { WordPiece } from "../../text/pieces/wordpiece.ts";
import { isAsked, type Question, type QuestionData } from "./questions.ts";
import { type WindowExample, windowsOf } from "./windows.ts";

/** The parameters. */
export const questionParams = {
  stride: z.int().min(1).default(128).describe(
    "Pieces from the beginning of one window of a long context to the next one's.",
  ),
  maxQuestionPieces: z.int().min(1).default(64).describe(
    "What a question has beyond is cut; it never takes more than half of a row.",
  ),
  nBest: z.int().min(1).default(20).describe("How many begins, ends and answers are looked at."),
  maxAnswerPieces: z.int().min(1).default(30).describe("The most pieces of an answer."),
};

/** A question without a span teaches that nothing answers it, where the file says so. */
function isLearned(question: Question): boolean {
  return isAsked(question) && (question.span !== undefined || question.isImpossible);
}

/** Windows of all parts; questions without a span to learn are left out of training. */
export function questionWindows(
  { parts }: QuestionData,
  options: {
    readonly encoder: WordPiece;
    readonly length: number;
    readonly params: z.output<z.ZodObject<typeof questionParams>>;
    readonly warn: (message: string) => void;
  },
): Readonly<Record<Part, readonly WindowExample[]>> {
  const { encoder, length, params, warn } = options;
  const made = PARTS.map((part) => {
    const windows = parts[part].flatMap((question, index) => {
      if (part === "train" && !isLearned(question)) return [];
      return windowsOf(question, { encoder, length, ...params, index });
    });
    const questions = new Set(windows.map(({ question }) => question)).size;
    if (windows.length > questions) {
      warn(
        `${counted(questions, `${part} question`)} ${agreeing(questions, "is", "are")} ` +
          `${windows.length} windows of ${length} pieces`,
      );
    }
    return [part, windows];
  });
  return Object.fromEntries(made) as Record<Part, readonly WindowExample[]>;
}
