/**
 * Which of transformers' classes a model is for, by what parameters it has.
 *
 * It knows what each class asks for and takes, so that a folder loads without anything drawn
 * afresh or left over, or so that it is told what will be.
 */
import type { Head } from "../../benchmarks/benchmark.ts";
import { ARCHITECTURES, type BertConfig, type NamedHead } from "../config.ts";
import {
  classifierSpecs,
  encoderSpecs,
  maskedLanguageHeadSpecs,
  nextSentenceHeadSpecs,
  poolerSpecs,
} from "../params.ts";

/** A class of transformers, and how a model's parameters fit it. */
export interface Architecture {
  /** "BertForMaskedLM". */
  readonly name: string;
  /** What the class has and the model lacks. */
  readonly missing: readonly string[];
  /** What the model has and the class takes nothing of. */
  readonly unexpected: readonly string[];
}

/**
 * The class that a model is for.
 *
 * @param names of its parameters
 * @param options head: the classifier of a fine-tuned model
 */
export function architectureOf(
  config: BertConfig,
  names: Iterable<string>,
  { head }: { readonly head?: NamedHead | undefined } = {},
): Architecture {
  const has = new Set(names);
  const isWhole = (wanted: readonly string[]) => wanted.every((each) => has.has(each));
  const pooler = namesOf(poolerSpecs(config)), masked = namesOf(maskedLanguageHeadSpecs(config));
  const next = namesOf(nextSentenceHeadSpecs(config));
  const candidates: readonly (readonly [name: string, parts: readonly string[]])[] = [
    ["BertForPreTraining", [...pooler, ...masked, ...next]],
    ["BertForMaskedLM", masked],
    ["BertForNextSentencePrediction", [...pooler, ...next]],
  ];
  const [name, parts] = head === undefined
    ? candidates.find(([, parts]) => isWhole(parts)) ?? ["BertModel", pooler]
    : [ARCHITECTURES[head.kind], namesOf(classifierSpecs(config, headShape(head)))];
  const wanted = new Set([...namesOf(encoderSpecs(config)), ...parts]);
  return {
    name,
    missing: [...wanted].filter((each) => !has.has(each)),
    unexpected: [...has].filter((each) => !wanted.has(each)),
  };
}

function headShape({ kind, labels }: NamedHead): Head {
  return kind === "span" ? { kind } : { kind, labels: labels.length };
}

function namesOf(specs: readonly { readonly name: string }[]): string[] {
  return specs.map(({ name }) => name);
}
