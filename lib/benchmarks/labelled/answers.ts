/**
 * What a model says of labelled texts: the likeliest label with all probabilities, and a table
 * of them for others' scripts.
 */
import type { LabelledText } from "./texts.ts";

/** What a model says of a text. */
export interface LabelAnswer {
  /** The number of the likeliest label, of equal ones the first. */
  readonly label: number;
  /** By label; their sum is 1. */
  readonly probabilities: Float64Array;
}

/** The answer that a row's outputs, [labels], stand for. */
export function decodeLabel(outputs: Float32Array): LabelAnswer {
  let label = 0;
  for (let i = 1; i < outputs.length; i++) if (outputs[i]! > outputs[label]!) label = i;
  const probabilities = Float64Array.from(outputs, (each) => Math.exp(each - outputs[label]!));
  const sum = probabilities.reduce((total, each) => total + each, 0);
  return { label, probabilities: probabilities.map((each) => each / sum) };
}

/**
 * A table with a header: id (or the place from 0), label, prediction, and the probability of
 * each label.
 */
export function answersTable(
  texts: readonly Pick<LabelledText, "id" | "label">[],
  { answers, labels }: {
    readonly answers: readonly LabelAnswer[];
    readonly labels: readonly string[];
  },
): string {
  const header = ["id", "label", "prediction", ...labels.map((label) => `p(${label})`)];
  const rows = texts.map(({ id, label }, i) => {
    const { label: predicted, probabilities } = answers[i]!;
    const shown = Array.from(probabilities, (each) => each.toFixed(6));
    return [id ?? String(i), label, labels[predicted]!, ...shown];
  });
  return [header, ...rows].map((row) => `${row.join("\t")}\n`).join("");
}
