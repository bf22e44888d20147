/**
 * The benchmark of BioASQ's factoid questions: up to five answers a question, gathered from
 * all its passages, scored as its evaluator does.
 *
 * Per passage the best spans share a probability of 1; those of equal texts, ignoring case,
 * are added over passages; answers of more than 100 characters are dropped.
 */
import { meanOfClusters } from "../../analysis/clusters.ts";
import type { Metric } from "../../graph/task.ts";
import type { Benchmark, ScoredPart } from "../benchmark.ts";
import { questionParams, questionWindows } from "../questions/params.ts";
import { type Golden, type QuestionData, questionsArtifact } from "../questions/questions.ts";
import {
  decodeSpans,
  joinWindows,
  type QuestionAnswer,
  type WindowAnswer,
} from "../questions/spans.ts";
import type { WindowExample } from "../questions/windows.ts";
import { factoidScores } from "./evaluator.ts";

const rate = { unit: "fraction", better: "higher", range: [0, 1] } as const;

const metrics: Readonly<Record<"strict" | "lenient" | "mrr", Metric>> = {
  strict: { ...rate, isHeadline: true, about: "Questions whose first answer is right." },
  lenient: { ...rate, isHeadline: false, about: "Questions of whose five answers one is right." },
  mrr: { ...rate, isHeadline: true, about: "The mean of 1 / the rank of the first right answer." },
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
          details: {
            questions: golden.length,
            unanswered: golden.filter(({ id }) => (answers.get(id) ?? []).length === 0).length,
            passages: questions.length,
            read: data.counts[part],
          },
          predictions: { extension: "json", text: submission(golden, answers) },
        };
      },
    };
  },
};

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

/** The best five answers of each question, from all its passages. */
export function gatherAnswers(
  passages: readonly { readonly id: string; readonly found: QuestionAnswer }[],
): Map<string, string[]> {
  const sums = new Map<string, Map<string, { text: string; probability: number }>>();
  for (const { id, found: { answers } } of passages) {
    const best = answers[0]?.score ?? 0;
    const weights = answers.map(({ score }) => Math.exp(score - best));
    const total = weights.reduce((sum, each) => sum + each, 0);
    const own = sums.get(id) ?? new Map<string, { text: string; probability: number }>();
    sums.set(id, own);
    answers.forEach(({ text }, i) => {
      if ([...text].length > MAX_CHARACTERS) return;
      const same = own.get(text.toLowerCase()) ?? { text, probability: 0 };
      same.probability += weights[i]! / total;
      own.set(text.toLowerCase(), same);
    });
  }
  return new Map([...sums].map(([id, own]) => {
    const ranked = [...own.values()].sort((a, b) => b.probability - a.probability);
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
