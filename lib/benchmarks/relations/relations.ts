/**
 * The benchmark of relations: the label of a sentence with two marked entities, scored over
 * the classes that name a relation.
 *
 * One class gives GAD's and EU-ADR's binary scores, several ChemProt's and DDI's
 * micro-average without "false".
 */
import { z } from "zod";
import { ExperimentError } from "../../base/errors.ts";
import { trainOnParts } from "../../base/parts.ts";
import type { Metric } from "../../base/measures.ts";
import type { Benchmark, MetricScore } from "../benchmark.ts";
import { RIGHT_AND_WRONG, rightAndWrong } from "../counts.ts";
import { trainRows } from "../train_rows.ts";
import { answersTable, decodeLabel, type LabelAnswer } from "../labelled/answers.ts";
import { namedClassRates, type RateName, ratesByClass } from "../labelled/counts.ts";
import { encodeParts, type LabelledExample } from "../labelled/features.ts";
import { type LabelledData, labelledTextsArtifact } from "../labelled/texts.ts";

const params = {
  positive: z.array(z.string().min(1)).min(1).describe(
    'The labels that name a relation, such as ["1"], or the five CPR classes: precision, recall ' +
      "and F1 are theirs, pooled. The label of no relation is not among them.",
  ),
};

const rate = { unit: "fraction", better: "higher", range: [0, 1] } as const;

const metrics: Readonly<Record<RateName, Metric>> = {
  precision: { ...rate, isHeadline: false, about: "Relations said that are right, of all said." },
  recall: { ...rate, isHeadline: false, about: "Relations that were found, of all there are." },
  f1: { ...rate, isHeadline: true, about: "Harmonic mean of precision and recall." },
};

/** The benchmark `relations`. */
export const relationsBenchmark: Benchmark<
  LabelledData,
  typeof params,
  LabelledExample,
  LabelAnswer
> = {
  kind: "relations",
  version: 2,
  about: "Fine-tunes a model on relations of two entities and scores the classes that name one.",
  entry: import.meta.url,
  data: labelledTextsArtifact,
  aboutData: "sentences with a label each: train, dev and test",
  rows: "texts",
  params,
  metrics,
  counts: RIGHT_AND_WRONG,
  countTrain: (data) => trainRows(data, { world: "relationsTrain", limit: "maxTrainTexts" }),
  trainOn: (data, parts) => ({ ...data, parts: trainOnParts(data.parts, parts) }),
  prepare(data, { encoder, length, params: { positive }, warn }) {
    const { labels, parts } = data;
    const classes = positive.map((label) => classOf(label, labels));
    return {
      head: { kind: "sequence", labels: labels.length },
      labels,
      examples: encodeParts(data, { encoder, length, warn }),
      decode: (_, outputs) => decodeLabel(outputs),
      score(part, answers) {
        const gold = parts[part].map(({ label }) => labels.indexOf(label));
        const predicted = answers.map(({ label }) => label);
        const counted = namedClassRates({ gold, predicted }, classes);
        const byClass = ratesByClass({ gold, predicted }, labels);
        const scoreOf = (metric: RateName): MetricScore => {
          const value = counted[metric], standardError = counted.standardErrors[metric];
          return standardError === undefined ? { value } : { value, standardError };
        };
        return {
          scores: { precision: scoreOf("precision"), recall: scoreOf("recall"), f1: scoreOf("f1") },
          details: { ...counted, byClass },
          counts: rightAndWrong(counted, byClass),
          predictions: { "predictions.tsv": answersTable(parts[part], { answers, labels }) },
        };
      },
    };
  },
};

function classOf(label: string, labels: readonly string[]): number {
  const number = labels.indexOf(label);
  if (number >= 0) return number;
  throw new ExperimentError(
    "benchmarks/unknown-label",
    `positive names ${JSON.stringify(label)}, which is none of the data's labels`,
    { mend: `name some of ${labels.join(", ")}` },
  );
}
