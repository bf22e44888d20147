/**
 * The artifact type "ner-data": tagged sentences in three parts, and a summary that says
 * what is in them and what is odd about them.
 */
import { agreeing, counted } from "../../base/count.ts";
import { compareText } from "../../base/order.ts";
import { forEachPart, type Part, PARTS } from "../../base/parts.ts";
import type { ArtifactType } from "../../graph/task.ts";
import { formatConll, parseTag, readConll, type TaggedSentence } from "./conll.ts";
import { entitiesOf } from "./conlleval.ts";
import { labelsOf } from "./features.ts";

/** The sentences of each part. */
export type NerSentences = Readonly<
  Record<Part, readonly Pick<TaggedSentence, "words" | "tags">[]>
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
  readonly repeated: Readonly<Partial<Record<Part, number>>>;
}

/** What the parts hold. */
export interface NerSummary {
  /** O, then every other tag of any part, alphabetically. */
  readonly labels: readonly string[];
  /** By part. */
  readonly parts: Readonly<Record<Part, NerPartSummary>>;
}

/** The tagged sentences of each part, as they were read back. */
export type NerData = Readonly<Record<Part, readonly TaggedSentence[]>>;

/** The folder of an NER benchmark. */
export interface NerDataArtifact extends ArtifactType<NerData> {
  /** Writes sentences and summary into an existing folder, and returns the latter. */
  write(dir: string, sentences: NerSentences): Promise<NerSummary>;
}

/** The artifact type "ner-data". */
export const nerDataArtifact: NerDataArtifact = {
  type: "ner-data",
  async write(dir, sentences) {
    const summary = summariseNerData(sentences);
    for (const part of PARTS) {
      await Deno.writeTextFile(fileOf(dir, part), formatConll(sentences[part]));
    }
    await Deno.writeTextFile(`${dir}/ner.json`, `${JSON.stringify(summary, null, 2)}\n`);
    return summary;
  },
  open: (dir) => forEachPart((part) => readConll(fileOf(dir, part))),
};

function fileOf(dir: string, part: Part): string {
  return `${dir}/${part}.tsv`;
}

/** Counts sentences, words, entities and repetitions. */
function summariseNerData(sentences: NerSentences): NerSummary {
  const seen = new Map<string, Part>();
  const parts = PARTS.map((part): [Part, NerPartSummary] => {
    const entities = new Map<string, number>();
    const repeated: Partial<Record<Part, number>> = {};
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
    labels: labelsOf(PARTS.flatMap((part) => sentences[part])),
    parts: Object.fromEntries(parts) as NerSummary["parts"],
  };
}

/** What a reader of the scores should know, a sentence each; empty when nothing is odd. */
export function nerWarnings({ labels, parts }: NerSummary): string[] {
  const warnings: string[] = [];
  for (const part of PARTS) {
    const { sentences, entities, repeated } = parts[part];
    for (const where of PARTS) {
      const count = repeated[where];
      if (count === undefined) continue;
      warnings.push(
        where === part
          ? `${count} of ${counted(sentences, `${part} sentence`)} ${
            agreeing(count, "repeats", "repeat")
          } ` +
            "an earlier one"
          : `${count} of ${counted(sentences, `${part} sentence`)} ${
            agreeing(count, "stands", "stand")
          } ` +
            `in ${where} too`,
      );
    }
    if (Object.keys(entities).length === 0) warnings.push(`the ${part} part has no entity`);
    for (const [type, count] of Object.entries(entities)) {
      if (parts.train.entities[type] !== undefined) continue;
      warnings.push(
        `${counted(count, "entity")} of the ${part} part ${agreeing(count, "is", "are")} ${
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
