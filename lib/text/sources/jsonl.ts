/**
 * JSON lines: a line is a document, whose fields hold its text or sentences.
 */
import { ExperimentError, type SourcePosition } from "../../base/errors.ts";
import { listOf } from "../../base/list.ts";
import { type Block, END } from "./block.ts";
import { dropPmcHeadings } from "./pmc_headings.ts";
import type { Tally } from "./tally.ts";

/**
 * Leads to a field: "abstract.text" and ["abstract", "text"] are the field `text` of `abstract`, or
 * of each entry if that is a list; ["abstract.text"] is a field whose name has a dot.
 */
export type FieldPath = string | readonly string[];

/** Which fields of a JSON line hold what. */
export interface JsonlFields {
  /** Fields of running text, in order; each line of it is a paragraph. */
  readonly text?: readonly FieldPath[] | undefined;
  /** A field that holds a list of ready sentences; `text` is not needed then. */
  readonly sentences?: FieldPath | undefined;
  /** "pmc" leaves out the section headings of PMC full text, see `dropPmcHeadings`. */
  readonly headings: "keep" | "pmc";
}

/**
 * The documents of a file of JSON lines; blank lines are passed over.
 *
 * @throws ExperimentError "text/bad-json" or "text/missing-field" with the line
 */
export async function* readJsonl(
  path: string,
  { fields, tally }: { readonly fields: JsonlFields; readonly tally: Tally },
): AsyncGenerator<Block, void> {
  for await (const { text, line } of tally.readLines(path)) {
    if (text.trim() === "") continue;
    const at = { file: path, line };
    const record = parseObject(text, at);
    yield { type: "begin", line };
    for (const field of fields.text ?? []) {
      for (const value of textsAt(record, { field, at })) {
        const lines = value.split(/\r\n?|\n/);
        for (const paragraph of fields.headings === "pmc" ? dropPmcHeadings(lines) : lines) {
          yield { type: "paragraph", text: paragraph };
        }
      }
    }
    if (fields.sentences !== undefined) {
      for (const sentence of textsAt(record, { field: fields.sentences, at })) {
        yield { type: "sentence", text: sentence };
      }
    }
    yield END;
  }
}

function parseObject(text: string, at: SourcePosition): object {
  let cause: unknown;
  try {
    const value = JSON.parse(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
    throw new ExperimentError("text/bad-json", `the line holds ${nameOf(value)}, no JSON object`, {
      at,
      mend: "write one JSON object a line, or use another format for this source",
    });
  } catch (error) {
    if (error instanceof ExperimentError) throw error;
    cause = error;
  }
  throw new ExperimentError("text/bad-json", "the line is not valid JSON", {
    at,
    mend: mendOf(text),
    cause,
  });
}

/** What most likely keeps a line from being JSON. */
function mendOf(text: string): string {
  if (text.startsWith("\uFEFF")) {
    return "remove the byte order mark (U+FEFF) at its beginning, which joining files leaves";
  }
  const bare = text.slice(0, LOOKED_CHARACTERS).replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '""');
  const number = /(?<![\w.])-?(?:NaN|Infinity)(?![\w.])/.exec(bare)?.[0];
  return number === undefined
    ? "write one JSON object a line, or use another format for this source"
    : `JSON has no ${number}: write "" in place of it where it stands for text, null elsewhere`;
}

/** So much of a broken line is searched for what broke it. */
const LOOKED_CHARACTERS = 1_000_000;

/** The strings that a path leads to; lists on the way are gone through. */
function textsAt(
  record: object,
  { field, at }: { readonly field: FieldPath; readonly at: SourcePosition },
): string[] {
  let values: unknown[] = [record];
  let way = "";
  for (const name of typeof field === "string" ? field.split(".") : field) {
    values = values.flatMap((value) => {
      if (value === null || typeof value !== "object" || Array.isArray(value)) {
        throw noText(`"${way}" holds ${nameOf(value)}, no object with the field "${name}"`, {
          at,
          mend: "remove the line, or name a field that every line has",
        });
      }
      if (!Object.hasOwn(value, name)) {
        throw noText(`there is no field "${way}${way === "" ? "" : "."}${name}"`, {
          at,
          mend: mendOfName(value, { field, record }),
        });
      }
      return (value as Record<string, unknown>)[name];
    });
    way += way === "" ? name : `.${name}`;
  }
  for (const value of values) {
    if (typeof value === "string") continue;
    throw noText(`"${way}" holds ${nameOf(value)}, not text`, {
      at,
      mend: typeof value === "object" && value !== null
        ? "name the field inside it that holds text"
        : 'remove the line, or write "" where there is no text',
    });
  }
  return values as string[];
}

function mendOfName(
  holder: object,
  { field, record }: { readonly field: FieldPath; readonly record: object },
): string {
  if (typeof field === "string" && field.includes(".") && Object.hasOwn(record, field)) {
    return `write ["${field}"]: a name with a dot in it stands in a list of its own`;
  }
  const names = Object.keys(holder).map((name) => JSON.stringify(cut(name)));
  return names.length === 0
    ? "the object is empty; remove the line"
    : `name one of its fields ${listOf(names)}`;
}

/** Longer names of fields are not told whole. */
const NAME_CHARACTERS = 80;

function cut(name: string): string {
  return name.length <= NAME_CHARACTERS ? name : `${name.slice(0, NAME_CHARACTERS - 1)}…`;
}

function noText(
  message: string,
  options: { readonly at: SourcePosition; readonly mend: string },
): ExperimentError {
  return new ExperimentError("text/missing-field", message, options);
}

/** As in "the line holds ...". */
function nameOf(value: unknown): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : typeof value === "number" ? "a number" : "text";
}
