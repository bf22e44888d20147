/**
 * What is wrong with a query: DuckDB's words, and the place in the text as a person counts it.
 *
 * DuckDB tells places in bytes of the whole text, but draws them on a line that it looks for
 * in a part of it, which is another one wherever something stands before: it is asked for the
 * number (`errors_as_json`), and the line is drawn here.
 */
import { ExperimentError, type SourcePosition } from "../../base/errors.ts";

/** A text of SQL, and where it is from. */
export interface Asked {
  /** As it was given. */
  readonly text: string;
  /** The file that it stands in; absent for one that was given in a call. */
  readonly file: string | undefined;
}

/** A query that is refused before it runs. */
export class Refusal extends Error {
  /** What to do about it. */
  readonly mend: string;
  /** Where in the text the reason is, in UTF-16 units; absent for all of it. */
  readonly offset: number | undefined;

  /** Says why. */
  constructor(message: string, { mend, offset }: { mend: string; offset?: number | undefined }) {
    super(message);
    this.mend = mend;
    this.offset = offset;
  }
}

/** What DuckDB says of an error, where it says it as JSON. */
interface Told {
  readonly exception_type: string;
  readonly exception_message: string;
  /** In bytes of UTF-8, from 0. */
  readonly position?: string;
  /** The name that was looked for there. */
  readonly name?: string;
}

/** Characters of a line that are drawn before and after the place, at the most. */
const DRAWN = 80;

/**
 * The error as one that a person can mend; what is no query's fault stays as it is.
 *
 * @param options.shift bytes that stood before the text when DuckDB was given it
 */
export function queryFault(
  error: unknown,
  asked: Asked,
  { shift = 0 }: { readonly shift?: number } = {},
): unknown {
  if (error instanceof Refusal) {
    const { message, mend, offset } = error;
    const at = positionOf(asked, offset);
    return new ExperimentError("store/sql", message, { at, mend, cause: error });
  }
  if (error instanceof ExperimentError) {
    const [fault] = error.faults;
    if (fault.code !== "store/sql" || fault.at !== undefined) return error;
    return new ExperimentError("store/sql", fault.message, {
      ...fault,
      at: positionOf(asked, undefined),
      cause: error,
    });
  }
  if (!(error instanceof Error)) return error;
  const told = toldBy(error.message);
  if (told === undefined) return faultOf(error.message.trim(), { asked, cause: error });
  const offset = offsetOf(told, asked.text, shift);
  const words = `${told.exception_type} Error: ${told.exception_message.trim()}`;
  const drawn = offset === undefined ? "" : `\n\n${drawing(asked.text, offset)}`;
  return faultOf(`${words}${drawn}`, { asked, offset, cause: error });
}

function faultOf(
  words: string,
  { asked, offset, cause }: {
    readonly asked: Asked;
    readonly offset?: number | undefined;
    readonly cause: Error;
  },
): ExperimentError {
  return new ExperimentError("store/sql", `cannot answer the query: ${words}`, {
    at: positionOf(asked, offset),
    mend: mendOf(words, asked.text),
    cause,
  });
}

/** Absent for words that are no JSON. */
function toldBy(message: string): Told | undefined {
  const start = message.indexOf("{");
  if (start === -1) return undefined;
  try {
    const told = JSON.parse(message.slice(start));
    return typeof told.exception_message === "string" ? told : undefined;
  } catch {
    return undefined;
  }
}

/** Where in the text, in UTF-16 units; absent where DuckDB means another text: that of a view. */
function offsetOf(
  { exception_type, position, name }: Told,
  text: string,
  shift: number,
): number | undefined {
  if (position === undefined) return undefined;
  const bytes = new TextEncoder().encode(text);
  const at = Number(position) - shift;
  if (!Number.isSafeInteger(at) || at < 0 || at > bytes.length) return undefined;
  const offset = new TextDecoder().decode(bytes.subarray(0, at)).length;
  const there = text.slice(offset).toLowerCase();
  if (name !== undefined && !there.includes(name.toLowerCase())) return undefined;
  // What is converted stands there, or the cast: a view has casts of its own.
  if (exception_type === "Conversion" && !/^(::|(try_)?cast\b|e?'|\d|")/.test(there)) {
    return undefined;
  }
  return offset;
}

interface LineColumn {
  readonly line: number;
  readonly column: number;
}

/** From 1, in UTF-16 units. */
function lineColumnOf(text: string, offset: number): LineColumn {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

function positionOf(
  { text, file }: Asked,
  offset: number | undefined,
): SourcePosition | undefined {
  if (file === undefined) return undefined;
  return offset === undefined ? { file } : { file, ...lineColumnOf(text, offset) };
}

/** The line of a place, with a mark below it, as DuckDB draws one. */
function drawing(text: string, offset: number): string {
  const { line, column } = lineColumnOf(text, offset);
  const whole = text.split("\n")[line - 1]!.replace(/\r$/, "").replaceAll("\t", " ");
  const start = Math.max(0, column - 1 - DRAWN), end = column - 1 + DRAWN;
  const head = `LINE ${line}: ${start > 0 ? "..." : ""}`;
  const shown = `${whole.slice(start, end)}${end < whole.length ? "..." : ""}`;
  return `${head}${shown}\n${" ".repeat(head.length + column - 1 - start)}^`;
}

function mendOf(message: string, query: string): string {
  if (/disabled by configuration|disabled through/.test(message)) {
    return "ask for results only, or add --allow-files to read other files too";
  }
  const isOfArrow = /^(Conversion|Binder) Error/.test(message) && query.includes("->");
  if (isOfArrow || /Malformed JSON/.test(message)) {
    return "put axes->>'name' in parentheses, or use results_of('experiment'): a column an axis";
  }
  if (/Table with name \S*[/.]\S* does not exist/.test(message)) {
    return "name a table or view that SHOW TABLES shows; files are read with --allow-files";
  }
  if (/Table with name \w+ of [^]* does not exist/.test(message)) {
    return "name one that is there: SELECT experiment FROM experiments";
  }
  if (/Referenced column "[^]*" not found/.test(message)) {
    return "DESCRIBE tells what columns there are; those of axes are in results_of('experiment')";
  }
  return "SHOW TABLES and DESCRIBE results tell what can be asked";
}
