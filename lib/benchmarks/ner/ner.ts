/** The benchmark of named entities: a tag for each word, scored as conlleval counts. */
import { z } from "zod";
import { agreeing, counted } from "../../base/count.ts";
import { type Part, PARTS, trainOnParts } from "../../base/parts.ts";
import type { Metric } from "../../base/measures.ts";
import type { Benchmark, MetricScore, Prepared } from "../benchmark.ts";
import { RIGHT_AND_WRONG, rightAndWrong } from "../counts.ts";
import { trainRows } from "../train_rows.ts";
import type { TaggedSentence } from "./conll.ts";
import { scoreEntities } from "./conlleval.ts";
import { type NerData, nerDataArtifact } from "./data.ts";
import {
  decodeTags,
  encodeSentence,
  encodeWindows,
  labelsOf,
  type NerExample,
} from "./features.ts";
import { countSentences } from "./sentence_count.ts";

const params = {
  labelPiece: z.enum(["first", "last"]).default("first").describe(
    "Which piece of a word carries its label, in training and in prediction.",
  ),
  windowContext: z.int().min(0).optional().describe(
    "Sentences longer than `length` become windows with so many pieces, at most a third of a row, " +
      "of context on each side; absent: they are cut.",
  ),
};

const rate = { unit: "fraction", better: "higher", range: [0, 1] } as const;

/** What NER is scored by. */
const metrics: Readonly<Record<"precision" | "recall" | "f1", Metric>> = {
  precision: {
    ...rate,
    isHeadline: false,
    about: "Predicted entities that are right, of all predicted.",
  },
  recall: { ...rate, isHeadline: false, about: "Entities that were found, of all there are." },
  f1: { ...rate, isHeadline: true, about: "Harmonic mean of precision and recall." },
};

/** The benchmark `ner`. */
export const nerBenchmark: Benchmark<NerData, typeof params, NerExample, readonly string[]> = {
  kind: "ner",
  version: 3,
  about: "Fine-tunes a model on named entities and scores it as conlleval does.",
  entry: import.meta.url,
  data: nerDataArtifact,
  aboutData: "sentences with tags: train, dev and test",
  rows: "sentences",
  params,
  metrics,
  counts: RIGHT_AND_WRONG,
  countTrain(data) {
    const { kind, params: { train } } = data;
    const there = kind === "conll" && Array.isArray(train)
      ? countSentences(train.map(String))
      : undefined;
    return trainRows(data, { world: "nerTrain", limit: "maxTrainSentences", there });
  },
  trainOn: trainOnParts,
  prepare(data, { encoder, length, params: { labelPiece, windowContext }, labels: given, warn }) {
    const labels = given ?? labelsOf(data.train);
    const known = new Set(labels);
    const encode = (sentence: TaggedSentence): readonly NerExample[] => {
      // A tag that training has not cannot be predicted; in the score it stays what it is.
      const tags = sentence.tags.map((tag) => known.has(tag) ? tag : "O");
      const options = { encoder, labels, length, labelPiece };
      return windowContext === undefined
        ? [encodeSentence({ ...sentence, tags }, options)]
        : encodeWindows({ ...sentence, tags }, { ...options, context: windowContext });
    };
    const windows = {
      train: data.train.map(encode),
      dev: data.dev.map(encode),
      test: data.test.map(encode),
    };
    const examples = {
      train: windows.train.flat(),
      dev: windows.dev.flat(),
      test: windows.test.flat(),
    };
    for (const part of PARTS) {
      warnOfWindows(part, { windows: windows[part], length, warn });
      warnOfCuts(part, { examples: examples[part], length, warn });
    }
    return {
      head: { kind: "tokens", labels: labels.length },
      labels,
      examples,
      decode: (example, outputs) => decodeTags(example, outputs, labels),
      score(part, predicted) {
        let next = 0;
        const bySentence = windows[part].map((own) => own.flatMap(() => predicted[next++]!));
        return score(data[part], bySentence);
      },
    };
  },
};

/** Sentences that are split are told. */
function warnOfWindows(
  part: Part,
  { windows, length, warn }: {
    readonly windows: readonly (readonly NerExample[])[];
    readonly length: number;
    readonly warn: (message: string) => void;
  },
): void {
  const split = windows.filter((own) => own.length > 1);
  if (split.length === 0) return;
  const { length: count } = split.flat();
  warn(
    `${counted(split.length, `${part} sentence`)} ${
      agreeing(split.length, "is", "are")
    } longer than ` +
      `${length} pieces and ${agreeing(split.length, "is", "are")} ${count} windows`,
  );
}

/** Words beyond the length are told: they are neither learned nor predicted. */
function warnOfCuts(
  part: Part,
  { examples, length, warn }: {
    readonly examples: readonly NerExample[];
    readonly length: number;
    readonly warn: (message: string) => void;
  },
): void {
  let words = 0, all = 0, sentences = 0;
  for (const { wordPieces } of examples) {
    const cut = wordPieces.reduce((count, place) => place < 0 ? count + 1 : count, 0);
    all += wordPieces.length;
    words += cut;
    if (cut > 0) sentences++;
  }
  if (words === 0) return;
  const effect = part === "train"
    ? `${agreeing(words, "is", "are")} not learned`
    : `${agreeing(words, "counts", "count")} as O`;
  warn(
    `${words} of ${counted(all, `${part} word`)}, in ${counted(sentences, "sentence")}, ` +
      `${agreeing(words, "lies", "lie")} beyond the length of ${length} pieces and ${effect}`,
  );
}

function score(
  sentences: readonly TaggedSentence[],
  predicted: readonly (readonly string[])[],
): ReturnType<Prepared<NerExample, readonly string[]>["score"]> {
  const counted = scoreEntities(sentences.map(({ tags }) => tags), predicted);
  const scoreOf = (metric: keyof typeof metrics): MetricScore => {
    const value = counted[metric], standardError = counted.standardErrors[metric];
    return standardError === undefined ? { value } : { value, standardError };
  };
  return {
    scores: { precision: scoreOf("precision"), recall: scoreOf("recall"), f1: scoreOf("f1") },
    details: counted,
    counts: rightAndWrong(counted, byNamedType(counted.byType)),
    predictions: { "predictions.conll": predictionsText(sentences, predicted) },
  };
}

/** Without the entities of bare tags, which have no type and are all that there are. */
function byNamedType<T>(byType: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(byType).filter(([type]) => type !== ""));
}

/**
 * Word, gold tag and predicted tag a line, a space between them: what the conlleval script
 * reads unless it is told otherwise. It wants as many columns on every line, so white space
 * inside a word becomes "_".
 */
function predictionsText(
  sentences: readonly TaggedSentence[],
  predicted: readonly (readonly string[])[],
): string {
  const blocks = sentences.map(({ words, tags }, i) =>
    words.map((word, j) => `${word.replace(/\s+/gu, "_")} ${tags[j]} ${predicted[i]![j]}\n`).join(
      "",
    )
  );
  return blocks.map((block) => `${block}\n`).join("");
}
