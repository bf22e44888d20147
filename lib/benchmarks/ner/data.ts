/**
 * The artifact of an NER benchmark: `train.tsv`, `dev.tsv`, `test.tsv` and
 * `ner.json`, which says what is in them and what is odd about them.
 */
import { compareText } from "../../base/order.ts";
import { join } from "node:path";
import { formatConll, parseTag, type TaggedSentence } from "./conll.ts";
import { entitiesOf } from "./conlleval.ts";
import { labelsOf } from "./features.ts";

/** A part of the benchmark. */
export type NerPart = "train" | "dev" | "test";

/** The parts in the order in which they are listed. */
export const NER_PARTS: readonly NerPart[] = ["train", "dev", "test"];

/** The sentences of each part. */
export type NerSentences = Readonly<
  Record<NerPart, readonly Pick<TaggedSentence, "words" | "tags">[]>
>;

/** What a part holds. */
export interface NerPartSummary {
  /** Sentences. */
  readonly sentences: number;
  /** Words in them. */
  readonly words: number;
  /** Entities by type, alphabetically; those of bare tags have type "". */
  readonly entities: Readonly<Record<string, number>>;
  /** Sentences whose words an earlier sentence has too, by the part where that stands. */
  readonly repeated: Readonly<Partial<Record<NerPart, number>>>;
}

/** The content of `ner.json`. */
export interface NerSummary {
  /** O, then every other tag of any part, alphabetically. */
  readonly labels: readonly string[];
  /** By part. */
  readonly parts: Readonly<Record<NerPart, NerPartSummary>>;
}

/** Writes the artifact into an existing folder, and returns what `ner.json` holds. */
export async function writeNerData(dir: string, sentences: NerSentences): Promise<NerSummary> {
  const summary = summarizeNerData(sentences);
  for (const part of NER_PARTS) {
    await Deno.writeTextFile(join(dir, `${part}.tsv`), formatConll(sentences[part]));
  }
  await Deno.writeTextFile(join(dir, "ner.json"), `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}

/** Counts sentences, words, entities and repetitions. */
export function summarizeNerData(sentences: NerSentences): NerSummary {
  const seen = new Map<string, NerPart>();
  const parts = NER_PARTS.map((part): [NerPart, NerPartSummary] => {
    const entities = new Map<string, number>();
    const repeated: Partial<Record<NerPart, number>> = {};
    let words = 0;
    for (const sentence of sentences[part]) {
      words += sentence.words.length;
      for (const { type } of entitiesOf(sentence.tags)) {
        entities.set(type, (entities.get(type) ?? 0) + 1);
      }
      const text = sentence.words.join(" ");
      const where = seen.get(text);
      if (where === undefined) seen.set(text, part);
      else repeated[where] = (repeated[where] ?? 0) + 1;
    }
    const byType = Object.fromEntries([...entities].sort(([a], [b]) => compareText(a, b)));
    return [part, { sentences: sentences[part].length, words, entities: byType, repeated }];
  });
  return {
    labels: labelsOf(NER_PARTS.flatMap((part) => sentences[part])),
    parts: Object.fromEntries(parts) as NerSummary["parts"],
  };
}

/** What a reader of the scores should know, a sentence each; empty when nothing is odd. */
export function nerWarnings({ labels, parts }: NerSummary): string[] {
  const warnings: string[] = [];
  for (const part of NER_PARTS) {
    const { sentences, entities, repeated } = parts[part];
    for (const where of NER_PARTS) {
      const count = repeated[where];
      if (count === undefined) continue;
      warnings.push(
        where === part
          ? `${count} of ${sentences} ${part} sentences repeat an earlier one`
          : `${count} of ${sentences} ${part} sentences stand in ${where} too`,
      );
    }
    if (Object.keys(entities).length === 0) warnings.push(`the ${part} part has no entity`);
    for (const [type, count] of Object.entries(entities)) {
      if (parts.train.entities[type] !== undefined) continue;
      warnings.push(
        `${count} entities of the ${part} part are ${
          type === "" ? "untyped" : `of type ${type}`
        }, ` +
          "which the train part never shows",
      );
    }
  }
  const tags = labels.filter((label) => label !== "O").map((label) => parseTag(label)?.type);
  if (tags.includes("") && tags.some((type) => type !== "")) {
    warnings.push("tags with a type and tags without one are mixed");
  }
  return warnings;
}
