/**
 * The artifact type "labelled-texts": texts, or pairs of texts, with a label each, in three
 * parts, the labels in the order that the spec gives them, and a summary that says what is in
 * the parts and what is odd about them.
 */
import { agreeing, counted } from "../../base/count.ts";
import { forEachPart, type Part, PARTS } from "../../base/parts.ts";
import type { ArtifactType } from "../../graph/task.ts";
import { readLines } from "../../text/sources/lines.ts";

/** A text with its label. */
export interface LabelledText {
  /** What its file calls it; absent where that names nothing. */
  readonly id?: string;
  /** The first segment, not empty. */
  readonly text: string;
  /** The second segment, of a pair. */
  readonly pair?: string;
  /** One of the data's labels. */
  readonly label: string;
}

/** What a part's files had besides its texts. */
export interface LabelledReading {
  /** Texts of which an entity was found near a wrong offset. */
  readonly repaired: number;
  /** By reason, how many texts were left out. */
  readonly skipped: Readonly<Record<string, number>>;
}

/** Labels and texts by part. */
export interface LabelledData {
  /** By number, as the model learns them. */
  readonly labels: readonly string[];
  /** The texts of each part. */
  readonly parts: Readonly<Record<Part, readonly LabelledText[]>>;
}

/** Labels and texts as they are written, with what reading them told. */
export interface NewLabelledData extends LabelledData {
  /** By part; absent where nothing was read from files. */
  readonly reading?: Readonly<Record<Part, LabelledReading>>;
}

/** What a part holds. */
export interface LabelledPartSummary {
  /** Texts, or pairs. */
  readonly texts: number;
  /** How many of them have each label. */
  readonly labels: Readonly<Record<string, number>>;
  /** Texts that an earlier one equals, by the part where that stands. */
  readonly repeated: Readonly<Partial<Record<Part, number>>>;
  /** How many of those have another label there. */
  readonly contradicted: number;
  /** Texts of which an entity was found near a wrong offset; absent where nothing was read. */
  readonly repaired?: number;
  /** By reason, how many texts of the files were left out. */
  readonly skipped?: Readonly<Record<string, number>>;
}

/** What the parts hold. */
export interface LabelledSummary {
  /** By number. */
  readonly labels: readonly string[];
  /** By part. */
  readonly parts: Readonly<Record<Part, LabelledPartSummary>>;
}

/** The folder of labelled texts. */
export interface LabelledTextsArtifact extends ArtifactType<LabelledData> {
  /** Writes texts and summary into an existing folder, and returns the latter. */
  write(dir: string, data: NewLabelledData): Promise<LabelledSummary>;
}

/** The artifact type "labelled-texts". */
export const labelledTextsArtifact: LabelledTextsArtifact = {
  type: "labelled-texts",
  async write(dir, data) {
    const summary = summarizeLabelled(data);
    for (const part of PARTS) {
      const lines = data.parts[part].map((each) => `${JSON.stringify(each)}\n`);
      await Deno.writeTextFile(partFile(dir, part), lines.join(""));
    }
    await Deno.writeTextFile(summaryFile(dir), `${JSON.stringify(summary, null, 2)}\n`);
    return summary;
  },
  async open(dir) {
    const { labels } = JSON.parse(await Deno.readTextFile(summaryFile(dir))) as LabelledSummary;
    const parts = await forEachPart(async (part) => {
      const texts: LabelledText[] = [];
      for await (const { text } of readLines(partFile(dir, part))) texts.push(JSON.parse(text));
      return texts;
    });
    return { labels, parts };
  },
};

function partFile(dir: string, part: Part): string {
  return `${dir}/${part}.jsonl`;
}

function summaryFile(dir: string): string {
  return `${dir}/texts.json`;
}

/** What makes two texts the same, whatever their labels. */
export function wordsOf({ text, pair }: Pick<LabelledText, "text" | "pair">): string {
  return `${text}\t${pair ?? ""}`;
}

/** Counts texts, labels and repetitions. */
function summarizeLabelled(
  { labels, parts, reading }: NewLabelledData,
): LabelledSummary {
  const seen = new Map<string, { readonly part: Part; readonly label: string }>();
  const summaries = PARTS.map((part): [Part, LabelledPartSummary] => {
    const counts = new Map(labels.map((label) => [label, 0]));
    const repeated: Partial<Record<Part, number>> = {};
    let contradicted = 0;
    for (const each of parts[part]) {
      counts.set(each.label, counts.get(each.label)! + 1);
      const words = wordsOf(each), before = seen.get(words);
      if (before === undefined) {
        seen.set(words, { part, label: each.label });
        continue;
      }
      repeated[before.part] = (repeated[before.part] ?? 0) + 1;
      if (before.label !== each.label) contradicted++;
    }
    const texts = parts[part].length;
    const summary = { texts, labels: Object.fromEntries(counts), repeated, contradicted };
    return [part, { ...summary, ...reading?.[part] }];
  });
  return { labels, parts: Object.fromEntries(summaries) as LabelledSummary["parts"] };
}

/** What a reader of the scores should know, a sentence each; empty when nothing is odd. */
export function labelledWarnings({ labels, parts }: LabelledSummary): string[] {
  const warnings: string[] = [];
  for (const part of PARTS) {
    const { texts, repeated, contradicted, labels: counts, repaired = 0, skipped = {} } =
      parts[part];
    if (repaired > 0) {
      warnings.push(
        `entities of ${repaired} of ${
          counted(texts, `${part} text`)
        } were found near wrong offsets`,
      );
    }
    for (const [reason, count] of Object.entries(skipped)) {
      const effect = part === "train" ? "not learned" : "not in the score";
      warnings.push(
        `${counted(count, `${part} text`)} besides ${texts} ${agreeing(count, "is", "are")} ` +
          `${effect}: ${reason}`,
      );
    }
    if (texts === 0) warnings.push(`the ${part} part is empty`);
    for (const where of PARTS) {
      const count = repeated[where];
      if (count === undefined) continue;
      warnings.push(
        where === part
          ? `${count} of ${counted(texts, `${part} text`)} ${
            agreeing(count, "repeats", "repeat")
          } ` +
            "an earlier one"
          : `${count} of ${counted(texts, `${part} text`)} ${agreeing(count, "stands", "stand")} ` +
            `in ${where} too`,
      );
    }
    if (contradicted > 0) {
      warnings.push(
        `${contradicted} of them ${agreeing(contradicted, "has", "have")} another label there`,
      );
    }
    if (part === "train") {
      const never = labels.filter((label) => counts[label] === 0);
      if (never.length > 0) warnings.push(`the train part never shows ${never.join(", ")}`);
    }
  }
  return warnings;
}
