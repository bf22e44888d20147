/**
 * Reads labelled texts: tables separated by tabs, JSON lines, and the forms in which known
 * benchmarks are published.
 *
 * Columns are named, and labels are those of the spec: nothing is guessed from a file that
 * may lack a class. What cannot be read is reported with its line. Tables have no quoting, as
 * BERT's scripts read them.
 */
import { counted } from "../../base/count.ts";
import { ExperimentError, type SourcePosition } from "../../base/errors.ts";
import { readLines } from "../../text/sources/lines.ts";
import { isBlank } from "../blank.ts";
import { readJsonFile } from "../json_file.ts";
import { readDdi } from "./ddi.ts";
import type { Found, Skipped } from "./found.ts";
import { type LabelGroups, labelReader } from "./groups.ts";
import { markEntities, type Marker, type Marking, writeMentions } from "./markers.ts";
import type { LabelledText } from "./texts.ts";

/** A column by its name in the header, or by its place from 1. */
export type Column = string | number;

/** Which columns or fields hold what. */
export interface Columns<Name> {
  /** The first segment. */
  readonly text: Name;
  /** The second one. */
  readonly pair?: Name | undefined;
  /** The label. */
  readonly label: Name;
  /** A name that occurs once in its file. */
  readonly id?: Name | undefined;
}

/** A file and its form. */
export type LabelledSource =
  & { readonly path: string }
  & (
    | { readonly format: "tsv"; readonly header: boolean } & Columns<Column>
    | { readonly format: "jsonl" } & Columns<Column>
    | { readonly format: "gad" | "blurb-relations" | "ddi" | "bioasq-yesno" | "pubmedqa" }
  );

/** How a source is read. */
export interface ReadOptions {
  /** The labels that there are. */
  readonly labels: readonly string[];
  /** Which labels of files stand for one of them; absent: none but itself. */
  readonly groups?: LabelGroups;
  /** How entities are marked in the first segment; empty where they are not. */
  readonly markers: readonly Marker[];
  /** What becomes of them. */
  readonly marking: Marking;
}

/** The texts of a file, and what became of the rest. */
export interface ReadTexts {
  /** In the order of the file. */
  readonly texts: readonly LabelledText[];
  /** The line of each, from 1. */
  readonly lines: readonly number[];
  /** Texts of which an entity was found near a wrong offset. */
  readonly repaired: number;
  /** By reason, how many texts were left out. */
  readonly skipped: Readonly<Record<string, number>>;
}

/**
 * The texts of a file, plain or compressed.
 *
 * @throws ExperimentError "benchmarks/columns", "benchmarks/no-column", "benchmarks/bad-json",
 *   "benchmarks/empty-text", "benchmarks/unknown-label", "benchmarks/duplicate-id",
 *   "benchmarks/markers" or "benchmarks/no-texts" with file and line, and what `readLines` throws
 */
export async function readLabelled(
  source: LabelledSource,
  { labels, groups = [], markers, marking }: ReadOptions,
): Promise<ReadTexts> {
  const labelOf = labelReader(labels, groups), ids = new Map<string, number>();
  const texts: LabelledText[] = [], lines: number[] = [], skipped: Record<string, number> = {};
  let repaired = 0;
  for await (const each of foundIn(source)) {
    if ("reason" in each) {
      skipped[each.reason] = (skipped[each.reason] ?? 0) + 1;
      continue;
    }
    const { line, mentions, isRepaired = false, ...found } = each;
    const at = { file: source.path, line };
    if (isBlank(found.text)) throw noText("text", at);
    if (found.pair !== undefined && isBlank(found.pair)) throw noText("pair", at);
    if (found.label === "") throw noText("label", at);
    const label = labelOf(found.label, at);
    if (found.id !== undefined) {
      const before = ids.get(found.id);
      if (before !== undefined) throw duplicateId(found.id, { before, at });
      ids.set(found.id, line);
    }
    const text = mentions === undefined
      ? markEntities(found.text, { markers, marking, at })
      : writeMentions(found.text, { mentions, marking });
    texts.push({ ...found, label, text });
    lines.push(line);
    if (isRepaired) repaired++;
  }
  // A document of the DDI corpus may name fewer than two drugs.
  if (texts.length === 0 && source.format !== "ddi") {
    throw new ExperimentError("benchmarks/no-texts", "the file has no labelled text", {
      at: { file: source.path },
      mend: "give a file with a text and its label on each line",
    });
  }
  return { texts, lines, repaired, skipped };
}

function foundIn(source: LabelledSource): AsyncGenerator<Found | Skipped, void> {
  const { path } = source;
  switch (source.format) {
    case "tsv":
      return readTable(path, source);
    case "jsonl":
      return readJsonLines(path, source);
    case "gad":
      return readGad(path);
    case "blurb-relations":
      return readTable(path, { header: false, id: 1, text: 2, label: 3 }, 3);
    case "ddi":
      return readDdi(path);
    case "bioasq-yesno":
      return readTable(path, { header: false, id: 1, text: 2, pair: 3, label: 4 }, 4);
    case "pubmedqa":
      return readPubMedQa(path);
  }
}

/** A table of which each line has as many columns as the first, or as many as are told. */
async function* readTable(
  path: string,
  columns: Columns<Column> & { readonly header: boolean },
  width?: number,
): AsyncGenerator<Found, void> {
  let usual = width === undefined ? undefined : { count: width, of: "this form" };
  let place: ((column: Column) => number) | undefined;
  for await (const { text, line } of readLines(path)) {
    // Tabs alone are columns without anything in them.
    if (text.trim() === "" && !text.includes("\t")) continue;
    const at = { file: path, line };
    const values = text.split("\t");
    usual ??= { count: values.length, of: `line ${line}` };
    if (values.length !== usual.count) throw oddColumns(values.length, { usual, at });
    if (place === undefined) {
      const header = columns.header ? values.map((value) => value.trim()) : undefined;
      place = (column) => placeOf(column, { header, width: values.length, at });
      // Every column that is named is there, or the first line tells.
      const { text, pair, label, id } = columns;
      for (const each of [text, pair, label, id]) if (each !== undefined) place(each);
      if (columns.header) continue;
    }
    const value = (column: Column) => values[place!(column)]!.trim();
    yield textOf(columns, { value, line });
  }
}

/**
 * The folds of GAD and EU-ADR as BioBERT and BLURB publish them: sentence and label without a
 * header, or index, sentence and label below one. An index counts anew in every file and
 * names nothing.
 */
async function* readGad(path: string): AsyncGenerator<Found, void> {
  let header: string | undefined;
  for await (const { text } of readLines(path)) {
    header = text;
    break;
  }
  const isNamed = header?.split("\t")[0]?.trim() === "index";
  yield* isNamed
    ? readTable(path, { header: true, text: "sentence", label: "label" }, 3)
    : readTable(path, { header: false, text: 1, label: 2 }, 2);
}

async function* readJsonLines(
  path: string,
  fields: Columns<Column>,
): AsyncGenerator<Found, void> {
  for await (const { text, line } of readLines(path)) {
    if (text.trim() === "") continue;
    const at = { file: path, line };
    const record = parseRecord(text, at);
    yield textOf(fields, { value: (field) => fieldOf(record, { field: String(field), at }), line });
  }
}

/** PubMedQA's file: questions by PMID; contexts are joined, the answer is final_decision. */
async function* readPubMedQa(path: string): AsyncGenerator<Found, void> {
  const { value, lines } = await readJsonFile(path, { mend: PUBLISHED });
  for (const [id, question] of Object.entries(objectOf(value, { file: path, line: 1 }))) {
    const line = lines.get(id)!, at = { file: path, line };
    if (question === null || typeof question !== "object") {
      throw badJson(`the question ${id} is no JSON object`, at);
    }
    const contexts = (question as Record<string, unknown>)["CONTEXTS"];
    if (!Array.isArray(contexts) || !contexts.every((each) => typeof each === "string")) {
      throw badJson(`the question ${id} has no list of texts CONTEXTS`, at);
    }
    const value = (field: string) => fieldOf(question, { field, at });
    yield {
      id,
      text: value("QUESTION"),
      pair: contexts.join(" "),
      label: value("final_decision"),
      line,
    };
  }
}

function textOf<Name>(
  { id, text, pair, label }: Columns<Name>,
  { value, line }: { readonly value: (name: Name) => string; readonly line: number },
): Found {
  return {
    ...(id === undefined ? {} : { id: value(id) }),
    text: value(text),
    ...(pair === undefined ? {} : { pair: value(pair) }),
    label: value(label),
    line,
  };
}

function placeOf(
  column: Column,
  { header, width, at }: {
    readonly header: readonly string[] | undefined;
    readonly width: number;
    readonly at: SourcePosition;
  },
): number {
  if (typeof column === "number") {
    if (column <= width) return column - 1;
    throw new ExperimentError(
      "benchmarks/no-column",
      `there is no column ${column}, the line has ${width}`,
      { at, mend: `name a column from 1 to ${width}; columns are separated by tabs` },
    );
  }
  if (header === undefined) {
    throw new ExperimentError(
      "benchmarks/no-column",
      `a file without a header has no column ${JSON.stringify(column)}`,
      { at, mend: "give the column's place from 1, or header: true" },
    );
  }
  const place = header.indexOf(column), again = header.indexOf(column, place + 1);
  if (again > place && place >= 0) {
    throw new ExperimentError(
      "benchmarks/no-column",
      `the header has the column ${JSON.stringify(column)} twice, as ${place + 1} and ${again + 1}`,
      { at, mend: "name the one that is meant by its place from 1" },
    );
  }
  if (place >= 0) return place;
  throw new ExperimentError(
    "benchmarks/no-column",
    `the header has no column ${JSON.stringify(column)}`,
    {
      at,
      mend: width === 1
        ? "separate columns by tabs: the line has none"
        : `name one of ${header.map((name) => JSON.stringify(name)).join(", ")}`,
    },
  );
}

function parseRecord(text: string, at: SourcePosition): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badJson("the line is not JSON", at);
  }
  return objectOf(value, at);
}

function objectOf(value: unknown, at: SourcePosition): object {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
  throw badJson("what stands here is no JSON object", at);
}

/** A field's text; numbers and booleans are read as they are written. */
function fieldOf(
  record: object,
  { field, at }: { readonly field: string; readonly at: SourcePosition },
): string {
  const value = Object.hasOwn(record, field)
    ? (record as Record<string, unknown>)[field]
    : undefined;
  if (typeof value === "string") return value.trim();
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const names = Object.keys(record).map((name) => JSON.stringify(name)).join(", ");
  throw new ExperimentError(
    "benchmarks/no-column",
    value === undefined
      ? `there is no field ${JSON.stringify(field)}`
      : `the field ${JSON.stringify(field)} holds no text`,
    { at, mend: `name a field that holds text on every line; this one has ${names}` },
  );
}

const PUBLISHED = "give the file as it was published, or name its format rightly";

function badJson(message: string, at: SourcePosition): ExperimentError {
  return new ExperimentError("benchmarks/bad-json", message, {
    at,
    mend: PUBLISHED,
  });
}

function noText(which: "text" | "pair" | "label", at: SourcePosition): ExperimentError {
  return new ExperimentError("benchmarks/empty-text", `the ${which} is empty`, {
    at,
    mend: `take the line out, or name the column that holds ${
      which === "label" ? "labels" : "text"
    }`,
  });
}

function duplicateId(
  id: string,
  { before, at }: { readonly before: number; readonly at: SourcePosition },
): ExperimentError {
  return new ExperimentError(
    "benchmarks/duplicate-id",
    `the id ${JSON.stringify(id)} stands on line ${before} already`,
    { at, mend: "give each text an id of its own, or name no id" },
  );
}

function oddColumns(
  columns: number,
  { usual, at }: {
    readonly usual: { readonly count: number; readonly of: string };
    readonly at: SourcePosition;
  },
): ExperimentError {
  return new ExperimentError(
    "benchmarks/columns",
    `the line has ${counted(columns, "column")}, but ${usual.of} has ${usual.count}`,
    { at, mend: "separate columns by tabs, as many on every line, none inside a text" },
  );
}
