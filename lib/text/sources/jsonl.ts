/**
 * JSON lines: a line is a document, whose fields hold its text or sentences.
 */
import { ExperimentError, type SourcePosition } from "../../base/errors.ts";
import { type Block, END } from "./block.ts";
import type { OnBytes } from "./bytes.ts";
import { readLines } from "./lines.ts";
import { dropPmcHeadings } from "./pmc_headings.ts";

/** Which fields of a JSON line hold what. */
export interface JsonlFields {
  /**
   * Fields of running text, in order; each line of it is a paragraph. "abstract.text" is the field
   * `text` of `abstract`, or of each entry if that is a list.
   */
  readonly text?: readonly string[] | undefined;
  /** A field that holds a list of ready sentences; `text` is not needed then. */
  readonly sentences?: string | undefined;
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
  { fields, onBytes }: { readonly fields: JsonlFields; readonly onBytes?: OnBytes | undefined },
): AsyncGenerator<Block, void> {
  for await (const { text, line } of readLines(path, onBytes)) {
    if (text.trim() === "") continue;
    const at = { file: path, line };
    const record = parseObject(text, at);
    for (const field of fields.text ?? []) {
      for (const value of textsAt(record, { field, at })) {
        const lines = value.split("\n");
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
  let why: string;
  let cause: unknown;
  try {
    const value = JSON.parse(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
    why = "the line holds no JSON object";
  } catch (error) {
    why = "the line is not valid JSON";
    cause = error;
  }
  const mend = "write one JSON object a line, or use another format for this source";
  throw new ExperimentError("text/bad-json", why, { at, mend, cause });
}

/** The strings at a dotted path; lists on the way are gone through. */
function textsAt(
  record: object,
  { field, at }: { readonly field: string; readonly at: SourcePosition },
): string[] {
  let values: unknown[] = [record];
  for (const name of field.split(".")) {
    values = values.flatMap((value) => {
      const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
      if (!isObject || !Object.hasOwn(value, name)) throw missing(record, { field, at });
      return (value as Record<string, unknown>)[name];
    });
  }
  for (const value of values) {
    if (typeof value !== "string") throw missing(record, { field, at });
  }
  return values as string[];
}

function missing(
  record: object,
  { field, at }: { readonly field: string; readonly at: SourcePosition },
): ExperimentError {
  const names = Object.keys(record).map((name) => `"${name}"`).join(", ");
  return new ExperimentError("text/missing-field", `there is no text under "${field}"`, {
    at,
    mend: names === "" ? "the object is empty; remove the line" : `name one of its fields ${names}`,
  });
}
