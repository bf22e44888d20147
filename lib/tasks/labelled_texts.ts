/**
 * The task kind `labelled-texts`: tables, JSON lines and published files of texts with labels,
 * checked, as a benchmark's three parts.
 */
import { z } from "zod";
import type { SourcePosition } from "../base/errors.ts";
import { byReason, countMetric } from "../benchmarks/counts.ts";
import { labelledTextsArtifact, labelledWarnings, wordsOf } from "../benchmarks/labelled/texts.ts";
import type { LabelGroup } from "../benchmarks/labelled/groups.ts";
import type { LabelledText } from "../benchmarks/labelled/texts.ts";
import { type Part, PARTS } from "../base/parts.ts";
import { Stream } from "../base/rng.ts";
import { filePath } from "../graph/schema.ts";
import type { FileParam, ParamFault, TaskContext, TaskKind, TaskOutcome } from "../graph/task.ts";
import { filesThatFit } from "../text/sources/file_pattern.ts";
import { tellCounts } from "./counted.ts";
import { declaredRows, isDeclared, warnOfDeclared } from "./declared.ts";
import { leakageMetrics, leakageScores, maxLeakageSchema, tellLeakage } from "./leakage.ts";
import { seedSchema } from "./training_params.ts";

const name = z.string().min(1);
const column = z.union([name, z.int().min(1)]);
const path = {
  path: filePath("A file, or a pattern with *, ? and ** (any folders); plain or compressed."),
};

const columns = {
  text: column.describe("The text: a column by its name or its place from 1, or a field."),
  pair: column.optional().describe("The second text of a pair, likewise."),
  label: column.describe("The label, likewise."),
  id: column.optional().describe("What names a text, likewise; each once in a file."),
};

const sourceSchema = z.discriminatedUnion("format", [
  z.strictObject({
    format: z.literal("tsv").describe("A table separated by tabs, without quoting."),
    ...path,
    header: z.boolean().default(true).describe("Whether the first line names the columns."),
    ...columns,
  }),
  z.strictObject({
    format: z.literal("jsonl").describe("A JSON object a line."),
    ...path,
    ...columns,
  }),
  z.strictObject({
    format: z.literal("gad").describe(
      "GAD and EU-ADR: sentence and label, or, below a header, index, sentence and label.",
    ),
    ...path,
  }),
  z.strictObject({
    format: z.literal("blurb-relations").describe(
      "ChemProt and DDI as BLURB has them: id, sentence and label, no header.",
    ),
    ...path,
  }),
  z.strictObject({
    format: z.literal("ddi").describe(
      "The XML of the DDI corpus, a pair of drugs a text: labels are false, mechanism, effect, " +
        "advise and int.",
    ),
    ...path,
  }),
  z.strictObject({
    format: z.literal("bioasq-yesno").describe(
      "BioASQ's yes or no as BLURB has it: id, question, passage and label, no header.",
    ),
    ...path,
  }),
  z.strictObject({
    format: z.literal("pubmedqa").describe(
      "PubMedQA's JSON: the question, its contexts joined, and final_decision as the label.",
    ),
    ...path,
  }),
]);

const sources = z.array(sourceSchema).min(1);
const fraction = z.number().gt(0).lt(1).default(0.1);

const schema = z.strictObject({
  labels: z.array(name).min(2).describe(
    "All labels there are, in the order in which they are numbered; another one in a file is " +
      "an error.",
  ),
  groups: z.union([
    z.enum(["chemprot"]),
    z.array(z.strictObject({
      label: name.describe("The class, one of `labels`."),
      of: z.array(name).min(1).describe("The names that files give it."),
    })),
  ]).default([]).describe(
    "Which labels of the files are one class. chemprot: ChemProt's 23 relations as CPR:3, CPR:4, " +
      "CPR:5, CPR:6, CPR:9 and, all else, false.",
  ),
  train: sources.describe("Files of the training part, one after the other."),
  dev: sources.optional().describe(
    "Files of the part on which settings are chosen; absent: taken from train.",
  ),
  test: sources.optional().describe(
    "Files of the part that results are reported on; absent: taken from train.",
  ),
  devFraction: fraction.describe(
    "The share of train that becomes dev where that has no files: a seeded choice in which equal " +
      "texts stay together.",
  ),
  testFraction: fraction.describe("Likewise for test."),
  markers: z.array(z.strictObject({
    open: name.describe('Stands before the entity: "<< ".'),
    close: name.describe('Stands after it: " >>".'),
    type: z.string().regex(/^[\p{L}\p{N}_-]+$/u).describe("What it is: GENE."),
  })).default([]).describe("How entities are marked in the files, where they are."),
  marking: z.enum(["keep", "anonymise", "typed"]).default("keep").describe(
    "What becomes of entities that `markers` describe or that the file tells the offsets of (ddi): " +
      "as they are, @GENE$, or <GENE> EGFR </GENE>.",
  ),
  maxTrainTexts: z.int().min(1).optional().describe(
    "Take so many training texts, a seeded choice that keeps their order; absent: all.",
  ),
  declared: declaredRows,
  maxLeakage: maxLeakageSchema,
  seed: seedSchema.describe("Decides what is taken from train, and what of it."),
});

/** The parameters of labelled texts. */
export type LabelledTextsParams = z.output<typeof schema>;

/** The task kind `labelled-texts`. */
export const labelledTexts: TaskKind<LabelledTextsParams> = {
  kind: "labelled-texts",
  version: 2,
  about: "Reads and checks texts or pairs of texts with labels as train, dev and test parts.",
  params: schema,
  inputs: {},
  produces: { "": labelledTextsArtifact.type },
  isNumeric: false,
  entry: import.meta.url,
  isDeclared,
  unkeyed: ["declared"],
  check: faultsOf,
  metrics: {
    texts: countMetric("Texts, or pairs, by label after a slash."),
    repaired: countMetric("Texts of which an entity was found near a wrong offset."),
    skipped: countMetric("Texts of the files that were left out, by reason after a slash."),
    ...leakageMetrics,
  },
  scores: leakageScores,
  files: (params) => PARTS.flatMap((part) => filesOf(params, part)),
  seed: ({ seed }) => seed,
  run,
};

function faultsOf(
  { labels, groups, markers, marking, ...parts }: LabelledTextsParams,
): ParamFault[] {
  const faults: ParamFault[] = PARTS.flatMap((part) =>
    (parts[part] ?? []).flatMap((source, index) => {
      if (source.format !== "jsonl") return [];
      const { text, pair, label, id } = source;
      return Object.entries({ text, pair, label, id }).flatMap(([name, field]) =>
        typeof field !== "number" ? [] : [{
          path: `${part}[${index}].${name}`,
          message: "a JSON object has no places, only fields with names",
          mend: "name the field",
        }]
      );
    })
  );
  const twice = labels.findIndex((label, i) => labels.indexOf(label) !== i);
  if (twice >= 0) {
    faults.push({
      path: `labels[${twice}]`,
      message: `the label ${JSON.stringify(labels[twice])} is given twice`,
      mend: "give each label once",
    });
  }
  if (typeof groups !== "string") faults.push(...faultsOfGroups(groups, labels));
  const withOffsets = PARTS.flatMap((part) =>
    (parts[part] ?? []).flatMap(({ format }, index) =>
      format === "ddi" ? [`${part}[${index}].format`] : []
    )
  );
  for (const path of marking === "keep" ? withOffsets : []) {
    faults.push({
      path,
      message: "without marks no one can tell which two drugs of a sentence are meant",
      mend: "write marking: anonymise, or marking: typed",
    });
  }
  if (marking !== "keep" && markers.length === 0 && withOffsets.length === 0) {
    faults.push({
      path: "marking",
      message: "no markers say which entities are to be written otherwise",
      mend: "describe them in markers, or remove marking",
    });
  }
  return faults;
}

/** Groups of labels that there are not, and names of two groups. */
function faultsOfGroups(groups: readonly LabelGroup[], labels: readonly string[]): ParamFault[] {
  const seen = new Map<string, string>();
  return groups.flatMap(({ label, of }, index) => {
    const faults: ParamFault[] = labels.includes(label) ? [] : [{
      path: `groups[${index}].label`,
      message: `${JSON.stringify(label)} is none of the labels`,
      mend: `write one of ${labels.join(", ")}, or add it to labels`,
    }];
    of.forEach((name, place) => {
      const before = seen.get(name);
      seen.set(name, label);
      if (before === undefined) return;
      faults.push({
        path: `groups[${index}].of[${place}]`,
        message: `${JSON.stringify(name)} is of the group ${JSON.stringify(before)} already`,
        mend: "name each label in one group",
      });
    });
    return faults;
  });
}

function filesOf(params: LabelledTextsParams, part: Part): FileParam[] {
  return (params[part] ?? []).flatMap(({ path }, index) =>
    filesThatFit(path).map((file) => ({ path: `${part}[${index}].path`, file }))
  );
}

async function run(
  { params, outDir, emit, signal }: TaskContext<LabelledTextsParams>,
): Promise<TaskOutcome> {
  const { readLabelled } = await import("../benchmarks/labelled/read.ts");
  const parts: Record<Part, LabelledText[]> = { train: [], dev: [], test: [] };
  const places = new Map<LabelledText, SourcePosition>();
  const nothing = (): Reading => ({ repaired: 0, skipped: {} });
  const reading: Record<Part, Reading> = { train: nothing(), dev: nothing(), test: nothing() };
  const sources = PARTS.flatMap((part) =>
    (params[part] ?? []).flatMap((source) =>
      filesThatFit(source.path).map((path) => ({ part, source: { ...source, path } }))
    )
  );
  for (const [done, { part, source }] of sources.entries()) {
    signal.throwIfAborted();
    emit({ type: "progress", phase: "reading", done, total: sources.length, unit: "files" });
    const { texts, lines, repaired, skipped } = await readLabelled(source, params);
    texts.forEach((text, i) => {
      parts[part].push(text);
      places.set(text, { file: source.path, line: lines[i]! });
    });
    reading[part].repaired += repaired;
    for (const [reason, count] of Object.entries(skipped)) {
      reading[part].skipped[reason] = (reading[part].skipped[reason] ?? 0) + count;
    }
  }
  const held = (["dev", "test"] as const).filter((part) => params[part] === undefined);
  const divided = divide(parts.train, { held, params });
  const { declared } = params;
  warnOfDeclared(emit, {
    declared: declared?.train,
    found: divided.train.length,
    what: "texts to train on",
  });
  const train = choose(divided.train, params);
  const all = { ...parts, ...divided, train };
  const summary = await labelledTextsArtifact.write(outDir, {
    labels: params.labels,
    parts: all,
    reading,
  });
  for (const split of PARTS) {
    const { texts, labels, repaired = 0, skipped = {} } = summary.parts[split];
    const counts = [
      { name: "texts", value: texts },
      ...Object.entries(labels).map(([of, value]) => ({ name: "texts", of, value })),
      { name: "repaired", value: repaired },
      ...byReason("skipped", skipped),
    ];
    tellCounts(emit, { counts, split, step: 0 });
  }
  for (const message of labelledWarnings(summary)) emit({ type: "warning", message });
  const compared = (part: Part) =>
    all[part].map((each) => ({ text: wordsOf(each), at: places.get(each)! }));
  const scores = tellLeakage(
    { train: compared("train"), dev: compared("dev"), test: compared("test") },
    { rows: "texts", maxLeakage: params.maxLeakage, emit },
  );
  return { facts: {}, scores };
}

/** What reading a part's files told so far. */
interface Reading {
  repaired: number;
  skipped: Record<string, number>;
}

/** Takes texts out of train for the parts that have no files; equal ones stay together. */
function divide(
  texts: readonly LabelledText[],
  { held, params }: {
    readonly held: readonly ("dev" | "test")[];
    readonly params: LabelledTextsParams;
  },
): { readonly train: readonly LabelledText[] } & Partial<Record<Part, readonly LabelledText[]>> {
  const byWords = Map.groupBy(texts, wordsOf);
  const order = new Stream(params.seed, "labelled-texts/parts").shuffle([...byWords.keys()]);
  const partOf = new Map<string, Part>();
  let next = 0;
  for (const part of held) {
    const wanted = Math.round(params[`${part}Fraction`] * texts.length);
    for (let taken = 0; taken < wanted && next < order.length; next++) {
      partOf.set(order[next]!, part);
      taken += byWords.get(order[next]!)!.length;
    }
  }
  const of = (part: Part) =>
    texts.filter((each) => (partOf.get(wordsOf(each)) ?? "train") === part);
  return { train: of("train"), ...Object.fromEntries(held.map((part) => [part, of(part)])) };
}

/** A seeded choice of training texts, in the order of the files. */
function choose(
  texts: readonly LabelledText[],
  { maxTrainTexts, seed }: LabelledTextsParams,
): readonly LabelledText[] {
  if (maxTrainTexts === undefined || maxTrainTexts >= texts.length) return texts;
  const places = new Stream(seed, "labelled-texts/train").shuffle(texts.map((_, place) => place));
  return places.slice(0, maxTrainTexts).sort((a, b) => a - b).map((place) => texts[place]!);
}
