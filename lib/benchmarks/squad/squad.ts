/** The benchmark of answers that stand in a context, scored as SQuAD's scripts do. */
import { z } from "zod";
import { agreeing, counted } from "../../base/count.ts";
import { meanOfClusters } from "../../analysis/clusters.ts";
import { ExperimentError } from "../../base/errors.ts";
import { trainOnParts } from "../../base/parts.ts";
import type { Metric } from "../../base/measures.ts";
import { type Benchmark, SCORED_PARTS } from "../benchmark.ts";
import { type Count, countMetric } from "../counts.ts";
import { trainRows } from "../train_rows.ts";
import { nBestFile, nullOddsFile, predictionsFile } from "../questions/files.ts";
import { questionParams, questionWindows } from "../questions/params.ts";
import { type Question, type QuestionData, questionsArtifact } from "../questions/questions.ts";
import { decodeSpans, joinWindows, nullOdds, type WindowAnswer } from "../questions/spans.ts";
import { answerScore, hasAnswer, printedScores } from "../questions/squad_score.ts";
import type { WindowExample } from "../questions/windows.ts";

const params = {
  ...questionParams,
  form: z.enum(["1.1", "2.0"]).default("1.1").describe(
    "Whose script scores: v1.1, in which every question has an answer, or v2.0.",
  ),
  nullThreshold: z.number().default(0).describe(
    "(2.0) No answer is given where its score is above the best answer's by more than this.",
  ),
};

const rate = { unit: "fraction", better: "higher", range: [0, 1] } as const;

const metrics: Readonly<Record<"exactMatch" | "f1", Metric>> = {
  exactMatch: { ...rate, isHeadline: false, about: "Questions whose answer is a right one." },
  f1: {
    ...rate,
    isHeadline: true,
    about: "The mean over questions of the F1 of an answer's words.",
  },
};

const counts: Readonly<Record<string, Metric>> = {
  support: countMetric("Questions, by answerable and unanswerable after a slash."),
  exactMatches: countMetric("Questions whose answer is a right one, likewise."),
  unanswered: countMetric("Questions that are given no answer, likewise."),
};

/** The benchmark `squad`. */
export const squadBenchmark: Benchmark<QuestionData, typeof params, WindowExample, WindowAnswer> = {
  kind: "squad",
  version: 2,
  about: "Fine-tunes a model to find answers in contexts and scores it as SQuAD's scripts do.",
  entry: import.meta.url,
  data: questionsArtifact,
  aboutData: "questions on contexts: train, dev and test",
  rows: "questions",
  params,
  metrics,
  counts,
  countTrain: (data) => trainRows(data, { world: "questionsTrain" }),
  trainOn: (data, parts) => ({ ...data, parts: trainOnParts(data.parts, parts) }),
  prepare(data, { encoder, length, params, warn }) {
    const { form, nBest, nullThreshold } = params, { parts } = data;
    for (const part of SCORED_PARTS) {
      const without = parts[part].filter(({ answers, isImpossible }) =>
        form === "1.1" && (answers.length === 0 || isImpossible)
      );
      if (without.length > 0) throw noAnswers(part, { count: without.length, id: without[0]!.id });
    }
    return {
      head: { kind: "span" },
      labels: [],
      examples: questionWindows(data, { encoder, length, params, warn }),
      decode: (row, outputs) => decodeSpans(row, outputs, params),
      score(part, windows) {
        const questions = parts[part], contexts = questions.map(({ context }) => context);
        const joined = joinWindows(windows, { contexts, nBest });
        const ids = questions.map(({ id }) => id), file = { ids, answers: joined };
        const texts = joined.map((each) =>
          form === "2.0" && nullOdds(each) > nullThreshold ? "" : each.answers[0]?.text ?? ""
        );
        const scored = questions.map(({ answers }, i) => answerScore(texts[i]!, { answers, form }));
        const ones = scored.map(() => 1);
        const exact = scored.map((each) => each.exact), f1 = scored.map((each) => each.f1);
        const sum = (values: readonly number[]) => values.reduce((total, each) => total + each, 0);
        const total = questions.length;
        return {
          scores: {
            exactMatch: {
              ...meanOfClusters(exact, ones),
              value: total === 0 ? 0 : sum(exact) / total,
            },
            f1: { ...meanOfClusters(f1, ones), value: total === 0 ? 0 : sum(f1) / total },
          },
          details: {
            ...printedScores(scored, { form, hasAnswer: questions.map(hasAnswer) }),
            read: data.counts[part],
          },
          counts: countsOf(questions, { texts, exact, form }),
          predictions: {
            "predictions.json": predictionsFile(ids, texts),
            "nbest_predictions.json": nBestFile(file, { hasNone: form === "2.0" }),
            ...(form === "2.0" ? { "null_odds.json": nullOddsFile(file) } : {}),
          },
        };
      },
    };
  },
};

/** Questions, right answers and empty ones; of form 2.0 by what the file says of the question. */
function countsOf(
  questions: readonly Question[],
  { texts, exact, form }: {
    readonly texts: readonly string[];
    readonly exact: readonly number[];
    readonly form: "1.1" | "2.0";
  },
): Count[] {
  const of = (isCounted: (question: Question) => boolean, name?: string): Count[] => {
    const places = questions.flatMap((question, i) => isCounted(question) ? [i] : []);
    return Object.entries({
      support: places.length,
      exactMatches: places.filter((i) => exact[i] === 1).length,
      unanswered: places.filter((i) => texts[i] === "").length,
    }).map(([count, value]) =>
      name === undefined ? { name: count, value } : { name: count, of: name, value }
    );
  };
  if (form === "1.1") return of(() => true);
  return [
    ...of(() => true),
    ...of(({ isImpossible }) => !isImpossible, "answerable"),
    ...of(({ isImpossible }) => isImpossible, "unanswerable"),
  ];
}

function noAnswers(
  part: string,
  { count, id }: { readonly count: number; readonly id: string },
): ExperimentError {
  return new ExperimentError(
    "benchmarks/no-answers",
    `${counted(count, `${part} question`)} ${
      agreeing(count, "has", "have")
    } no answer to be scored ` +
      `by, the first is ${id}`,
    { mend: 'give files with answers, write form: "2.0", or score BioASQ with bioasq-factoid' },
  );
}
