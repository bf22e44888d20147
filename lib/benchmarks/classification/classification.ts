/**
 * The benchmark of texts, or pairs of texts, with a label each, all classes of equal rank:
 * yes and no of BioASQ's questions, yes, no and maybe of PubMedQA's, and whatever a table holds.
 */
import { trainOnParts } from "../../base/parts.ts";
import type { Metric } from "../../base/measures.ts";
import type { Benchmark, MetricScore } from "../benchmark.ts";
import { RIGHT_AND_WRONG, rightAndWrong } from "../counts.ts";
import { trainRows } from "../train_rows.ts";
import { answersTable, decodeLabel, type LabelAnswer } from "../labelled/answers.ts";
import { overallScore, ratesByClass } from "../labelled/counts.ts";
import { encodeParts, type LabelledExample } from "../labelled/features.ts";
import { type LabelledData, labelledTextsArtifact } from "../labelled/texts.ts";

const rate = { unit: "fraction", better: "higher", range: [0, 1], isHeadline: true } as const;

const metrics: Readonly<Record<"accuracy" | "macroF1", Metric>> = {
  accuracy: { ...rate, about: "Texts whose label is told right, of all." },
  macroF1: { ...rate, about: "The plain mean of the F1 of all classes." },
};

/** The benchmark `classification`. */
export const classificationBenchmark: Benchmark<
  LabelledData,
  Record<never, never>,
  LabelledExample,
  LabelAnswer
> = {
  kind: "classification",
  version: 2,
  about: "Fine-tunes a model to label texts or pairs of texts and scores accuracy and macro-F1.",
  entry: import.meta.url,
  data: labelledTextsArtifact,
  aboutData: "texts or pairs with a label each: train, dev and test",
  rows: "texts",
  params: {},
  metrics,
  counts: RIGHT_AND_WRONG,
  countTrain: (data) => trainRows(data, { limit: "maxTrainTexts" }),
  trainOn: (data, parts) => ({ ...data, parts: trainOnParts(data.parts, parts) }),
  prepare(data, { encoder, length, warn }) {
    const { labels, parts } = data;
    return {
      head: { kind: "sequence", labels: labels.length },
      labels,
      examples: encodeParts(data, { encoder, length, warn }),
      decode: (_, outputs) => decodeLabel(outputs),
      score(part, answers) {
        const gold = parts[part].map(({ label }) => labels.indexOf(label));
        const predicted = answers.map(({ label }) => label);
        const { standardErrors, ...overall } = overallScore({ gold, predicted }, labels.length);
        const byClass = ratesByClass({ gold, predicted }, labels);
        const scoreOf = (metric: "accuracy" | "macroF1"): MetricScore => {
          const value = overall[metric], standardError = standardErrors[metric];
          return standardError === undefined ? { value } : { value, standardError };
        };
        return {
          scores: { accuracy: scoreOf("accuracy"), macroF1: scoreOf("macroF1") },
          details: { ...overall, texts: gold.length, standardErrors, byClass },
          counts: rightAndWrong({
            gold: gold.length,
            predicted: gold.length,
            correct: rightOf(gold, predicted),
          }, byClass),
          predictions: { "predictions.tsv": answersTable(parts[part], { answers, labels }) },
        };
      },
    };
  },
};

function rightOf(gold: readonly number[], predicted: readonly number[]): number {
  return gold.filter((label, i) => label === predicted[i]).length;
}
