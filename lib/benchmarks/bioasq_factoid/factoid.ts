/**
 * The benchmark of BioASQ's factoid questions: up to five answers a question, gathered from
 * all its passages, scored as its evaluator does.
 *
 * Per passage the best spans share a probability of 1; those of equal texts, ignoring case,
 * are added over passages; answers of more than 100 characters are dropped.
 */
import { meanOfClusters } from "../../analysis/clusters.ts";
import { trainOnParts } from "../../base/parts.ts";
import type { Metric } from "../../base/measures.ts";
import type { Benchmark, ScoredPart } from "../benchmark.ts";
import { countMetric } from "../counts.ts";
import { trainRows } from "../train_rows.ts";
import { nBestFile } from "../questions/files.ts";
import { questionParams, questionWindows } from "../questions/params.ts";
import {
  type Golden,
  type Question,
  type QuestionData,
  questionsArtifact,
} from "../questions/questions.ts";
import {
  decodeSpans,
  joinWindows,
  type QuestionAnswer,
  shares,
  type WindowAnswer,
} from "../questions/spans.ts";
import type { WindowExample } from "../questions/windows.ts";
import { factoidScores, standsIn } from "./evaluator.ts";

const rate = { unit: "fraction", better: "higher", range: [0, 1] } as const;

const metrics: Readonly<Record<"strict" | "lenient" | "mrr", Metric>> = {
  strict: { ...rate, isHeadline: true, about: "Questions whose first answer is right." },
  lenient: { ...rate, isHeadline: false, about: "Questions of whose five answers one is right." },
  mrr: { ...rate, isHeadline: true, about: "The mean of 1 / the rank of the first right answer." },
};

const counts: Readonly<Record<string, Metric>> = {
  support: countMetric("Questions."),
  strictRight: countMetric("Questions whose first answer is right."),
  lenientRight: countMetric("Questions of whose five answers one is right."),
  unanswered: countMetric("Questions that are given no answer."),
  outsidePassages: countMetric("Questions that no passage has a right answer to."),
};

const MAX_ANSWERS = 5, MAX_CHARACTERS = 100;

/** The benchmark `bioasq-factoid`. */
export const factoidBenchmark: Benchmark<
  QuestionData,
  typeof questionParams,
  WindowExample,
  WindowAnswer
> = {
  kind: "bioasq-factoid",
  version: 2,
  about: "Fine-tunes a model on factoid questions and scores it as BioASQ's evaluator does.",
  entry: import.meta.url,
  data: questionsArtifact,
  aboutData: "questions on passages: train, dev and test, with golden answers",
  rows: "questions",
  params: questionParams,
  metrics,
  counts,
  countTrain: (data) => trainRows(data, {}),
  trainOn: (data, parts) => ({ ...data, parts: trainOnParts(data.parts, parts) }),
  prepare(data, { encoder, length, params, warn }) {
    return {
      head: { kind: "span" },
      labels: [],
      examples: questionWindows(data, { encoder, length, params, warn }),
      decode: (row, outputs) => decodeSpans(row, outputs, params),
      score(part, windows) {
        const questions = data.parts[part], contexts = questions.map(({ context }) => context);
        const joined = joinWindows(windows, { contexts, nBest: params.nBest });
        const passages = questions.map(({ id }, i) => ({ id: questionOf(id), found: joined[i]! }));
        const answers = gatherAnswers(passages);
        const golden = goldenOf(data, part);
        const scored = factoidScores(golden, answers), ones = scored.map(() => 1);
        const mean = (metric: "strict" | "lenient" | "mrr") => {
          const values = scored.map((each) => each[metric]);
          if (values.length === 0) return { value: 0 };
          const value = values.reduce((sum, each) => sum + each, 0) / values.length;
          return { ...meanOfClusters(values, ones), value };
        };
        return {
          scores: { strict: mean("strict"), lenient: mean("lenient"), mrr: mean("mrr") },
          counts: Object.entries({
            support: golden.length,
            strictRight: scored.filter(({ strict }) => strict === 1).length,
            lenientRight: scored.filter(({ lenient }) => lenient === 1).length,
            unanswered: golden.filter(({ id }) => (answers.get(id) ?? []).length === 0).length,
            outsidePassages: outsidePassages(golden, questions),
          }).map(([name, value]) => ({ name, value })),
          details: { passages: questions.length, read: data.counts[part] },
          predictions: {
            "predictions.json": submission(golden, answers),
            "nbest_predictions.json": nBestFile(
              { ids: questions.map(({ id }) => id), answers: joined },
              { hasNone: false },
            ),
          },
        };
      },
    };
  },
};

/** How many questions have no right answer as words of any passage; they count as wrong. */
function outsidePassages(golden: readonly Golden[], passages: readonly Question[]): number {
  const byQuestion = Map.groupBy(passages, ({ id }) => questionOf(id));
  return golden.filter(({ id, synonyms }) =>
    !(byQuestion.get(id) ?? []).some(({ context }) =>
      synonyms.some((synonym) => standsIn(context, synonym))
    )
  ).length;
}

/** A passage's id less its number: 24 characters and "_001". */
function questionOf(id: string): string {
  return id.replace(/_\d+$/, "");
}

/** Golden answers; where no file gives them, the answers of the passages. */
function goldenOf({ golden, parts }: QuestionData, part: ScoredPart): readonly Golden[] {
  const given = golden[part];
  if (given !== undefined) return given;
  const byQuestion = Map.groupBy(parts[part], ({ id }) => questionOf(id));
  return [...byQuestion].map(([id, passages]) => ({
    id,
    synonyms: [...new Set(passages.flatMap(({ answers }) => answers))],
  }));
}

/**
 * The best five answers of each question, from all its passages, as BioBERT's script gathers
 * them: the likelier ones first, each added to the first that is equal but for case.
 */
export function gatherAnswers(
  passages: readonly { readonly id: string; readonly found: QuestionAnswer }[],
): Map<string, string[]> {
  const byQuestion = Map.groupBy(passages, ({ id }) => id);
  return new Map([...byQuestion].map(([id, own]) => {
    const all = own.flatMap(({ found: { answers } }) => {
      const probabilities = shares(answers);
      return answers.map(({ text }, i) => ({ text, probability: probabilities[i]! }));
    });
    const sums = new Map<string, { readonly text: string; probability: number }>();
    for (const { text, probability } of all.sort((a, b) => b.probability - a.probability)) {
      if (text === "" || [...text].length > MAX_CHARACTERS) continue;
      const same = sums.get(text.toLowerCase());
      if (same === undefined) sums.set(text.toLowerCase(), { text, probability });
      else same.probability += probability;
    }
    const ranked = [...sums.values()].sort((a, b) => b.probability - a.probability);
    return [id, ranked.slice(0, MAX_ANSWERS).map(({ text }) => text)];
  }));
}

/** What one hands in to BioASQ. */
function submission(
  golden: readonly Golden[],
  answers: ReadonlyMap<string, readonly string[]>,
): string {
  const questions = golden.map(({ id }) => ({
    id,
    type: "factoid",
    exact_answer: (answers.get(id) ?? []).map((answer) => [answer]),
    ideal_answer: "",
  }));
  return `${JSON.stringify({ questions }, null, 1)}\n`;
}
