/** A model card in Markdown: what a model is, how it was made, what it scored. Pure text. */
import type { JsonObject } from "../../base/canonical.ts";
import { listOf } from "../../base/list.ts";
import { FACT_NAMES, FACTS, type Facts } from "../../base/facts.ts";
import type { TextFile } from "../../base/text_file.ts";
import type { Score } from "../../base/measures.ts";
import { formatExact, formatNumber } from "./format.ts";
import { fenced, literal, markdownTable } from "./markdown.ts";

/** A task that a model came from. */
export interface CardTask {
  /** Its stage and cell. */
  readonly label: string;
  /** Its kind with its version, "pretrain 2". */
  readonly kind: string;
  /** Its key. */
  readonly key: string;
  /** The files that it read, as the spec leads to them. */
  readonly files: readonly string[];
}

/** A model from elsewhere that another began from. */
export interface CardBase {
  /** What it is called: its name on the hub, or its folder. */
  readonly name: string;
  /** Its name on the Hugging Face Hub, if it is from there. */
  readonly hub?: string;
  /** The commit there. */
  readonly commit?: string;
  /** Its licence, where it is known, as the hub names it. */
  readonly license?: string;
}

/** What a card says. */
export interface ModelCard {
  /** The task that left the model. */
  readonly task: CardTask;
  /** The class of transformers that loads it. */
  readonly architecture: string;
  /** What of it that class does not fill or take; a sentence each. */
  readonly notes: readonly string[];
  /** The name of the experiment. */
  readonly experiment: string;
  /** What that asks. */
  readonly about: string | undefined;
  /** Which Titrate made it, "0.2.0". */
  readonly version: string;
  /** When its making began, ISO 8601. */
  readonly startedAt: string;
  /** How far its training had come. */
  readonly facts: Facts;
  /** Names of its classifier's labels by number; none without a classifier. */
  readonly labels: readonly string[];
  /** Its own scores and those of tasks that read it, with their labels. */
  readonly scores: readonly (Score & { readonly of: string })[];
  /** What was made before it, from the first on. */
  readonly before: readonly CardTask[];
  /** Models from elsewhere that it was made from, its own task's too. */
  readonly bases: readonly CardBase[];
  /** The spec with all that it extends. */
  readonly spec: readonly TextFile[];
  /** What was overridden of it. */
  readonly overrides: JsonObject;
}

/** The text of a README.md. */
export function formatModelCard(card: ModelCard): string {
  const { task, experiment, about, architecture } = card;
  const purpose = about === undefined ? "" : `: ${about}`;
  const parts = [
    frontMatter(card),
    `# ${task.label} of ${experiment}`,
    `A BERT of the experiment \`${experiment}\`${purpose}.`,
    table(["what", "value"], [
      ["key", `\`${task.key}\``],
      ["kind", task.kind],
      ["class", `\`${architecture}\``],
      ["made", `${card.startedAt}, by Titrate ${card.version}`],
      ...factRows(card.facts),
    ]),
    ...card.notes,
    "## Use",
    fenced(
      `from transformers import AutoTokenizer, ${architecture}

tokenizer = AutoTokenizer.from_pretrained("FOLDER")
model = ${architecture}.from_pretrained("FOLDER")`,
      "python",
    ),
    ...labelled(card.labels),
    "## Scores",
    card.scores.length === 0 ? "None are recorded." : table(
      ["task", "benchmark", "split", "metric", "value", "standard error"],
      card.scores.map(({ of, benchmark, split, metric, value, standardError }) => [
        ...[of, benchmark, split, metric].map(literal),
        formatNumber(value),
        standardError === undefined ? "" : formatNumber(standardError),
      ]),
    ),
    "## Made from",
    ...card.bases.map(({ name, hub, commit, license }) => {
      const where = hub === undefined ? "" : " of the Hugging Face Hub";
      const at = commit === undefined ? "" : `, commit ${commit}`;
      return `- the model \`${name}\`${where}${at}, licence ${license ?? "not known"}`;
    }),
    table(
      ["task", "kind", "files", "key"],
      [...card.before, task].map(({ label, kind, files, key }) => [
        ...[literal(label), kind, literal(listOf(files))],
        `\`${key}\``,
      ]),
    ),
    "## Spec",
    ...Object.keys(card.overrides).length === 0
      ? []
      : ["With these values in place of its own:", fenced(pretty(card.overrides), "json")],
    ...card.spec.flatMap(({ file, text }) => [`\`${file}\``, fenced(text.trimEnd(), "yaml")]),
  ];
  return `${parts.join("\n\n")}\n`;
}

function frontMatter({ bases }: ModelCard): string {
  const licenses = new Set(bases.map(({ license }) => license));
  const [license] = licenses;
  const hubs = bases.flatMap(({ hub }) => hub ?? []);
  return [
    "---",
    "library_name: transformers",
    "tags: [bert, titrate]",
    // Of several the strictest holds, which a person must find out.
    ...(licenses.size === 1 && license !== undefined
      ? [`license: ${JSON.stringify(license)}`]
      : []),
    ...(hubs.length === 0 ? [] : [`base_model: ${JSON.stringify(hubs)}`]),
    "---",
  ].join("\n");
}

function factRows(facts: Facts): string[][] {
  return FACT_NAMES.flatMap((name) => {
    const value = facts[name];
    if (value === undefined) return [];
    return [[name, `${formatExact(value)} (${FACTS[name].unit})`]];
  });
}

function labelled(labels: readonly string[]): string[] {
  if (labels.length === 0) return [];
  return [
    "## Labels",
    table(["id", "label"], labels.map((label, id) => [String(id), literal(label)])),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return markdownTable(head.map((name) => ({ name })), rows);
}

function pretty(value: JsonObject): string {
  return JSON.stringify(value, null, 2);
}
