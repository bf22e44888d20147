/**
 * JSON files of benchmarks, read whole: a fault in one is told with its line and column, and
 * a name that stands twice in the outermost object is one, where `JSON.parse` would keep the last.
 */
import { ExperimentError, type SourcePosition } from "../base/errors.ts";
import { readLines } from "../text/sources/lines.ts";

/** Leads to a value: names of objects and places of lists. */
export type JsonPath = readonly PropertyKey[];

/** A file and what stands in it. */
export interface JsonFile {
  /** The value. */
  readonly value: unknown;
  /** The line of each name of the outermost object, empty where that is none. */
  readonly lines: ReadonlyMap<string, number>;
  /** Where the value that a path leads to begins; where that is absent, what would hold it. */
  at(path: JsonPath): SourcePosition;
}

/**
 * Reads a JSON file, plain or compressed.
 *
 * @param options mend: what to do about a file that is no such JSON
 * @throws ExperimentError "benchmarks/bad-json" or "benchmarks/duplicate-id", and what `readLines`
 *   throws
 */
export async function readJsonFile(
  path: string,
  { mend }: { readonly mend: string },
): Promise<JsonFile> {
  const lines: string[] = [];
  for await (const { text } of readLines(path)) lines.push(text);
  const text = lines.join("\n");
  const at = (offset: number): SourcePosition => ({ file: path, ...placeIn(text, offset) });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const scan = scanJson(text, []);
    throw new ExperimentError("benchmarks/bad-json", "the file is not valid JSON from here on", {
      at: at(scan.error ?? text.length),
      mend,
    });
  }
  const { names, repeated } = scanJson(text, []);
  if (repeated !== undefined) {
    throw new ExperimentError(
      "benchmarks/duplicate-id",
      `${JSON.stringify(repeated.name)} stands twice in the file`,
      { at: at(repeated.offset), mend: "give each an id of its own, or take one of them out" },
    );
  }
  const found = new Map<string, number>();
  let line = 1, end = text.indexOf("\n");
  for (const [name, offset] of names) {
    for (; end >= 0 && end < offset; end = text.indexOf("\n", end + 1)) line++;
    found.set(name, line);
  }
  return { value, lines: found, at: (path) => at(scanJson(text, path).found) };
}

/** Line and column, from 1, of a UTF-16 unit. */
function placeIn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset), start = before.lastIndexOf("\n") + 1;
  let line = 1;
  for (let at = before.indexOf("\n"); at >= 0; at = before.indexOf("\n", at + 1)) line++;
  return { line, column: offset - start + 1 };
}

/** What a scan of a text finds, in UTF-16 units. */
interface Scanned {
  /** Where the value of the path begins, or the innermost that is there. */
  readonly found: number;
  /** Where it stops being JSON. */
  readonly error?: number;
  /** Names of the outermost object, and where they stand, in their order. */
  readonly names: ReadonlyMap<string, number>;
  /** The first name that stands twice in the outermost object. */
  readonly repeated?: { readonly name: string; readonly offset: number };
}

/** Deeper than any benchmark's file, and far from the end of the stack. */
const MAX_DEPTH = 500;

const SPACES = /[ \t\n\r]*/y;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

class NoJson extends Error {
  constructor(readonly offset: number) {
    super();
  }
}

function scanJson(text: string, path: JsonPath): Scanned {
  let at = 0, found = 0;
  let repeated: Scanned["repeated"];
  const names = new Map<string, number>();
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const [taken] = pattern.exec(text) ?? [];
    if (taken !== undefined) at += taken.length;
    return taken;
  };
  /** A string with its quotes; letter by letter, as an expression would keep a way back for each. */
  const takeString = (): string | undefined => {
    if (text[at] !== '"') return undefined;
    const start = at++;
    for (; text[at] !== '"'; at++) {
      if (text[at] === "\\") {
        expect(take(ESCAPE) !== undefined);
        at--;
      } else expect(at < text.length && text.charCodeAt(at) >= 0x20);
    }
    return text.slice(start, ++at);
  };
  const passes = (sign: string) => {
    take(SPACES);
    if (text[at] !== sign) return false;
    at++;
    return true;
  };
  const expect = (isThere: boolean) => {
    if (!isThere) throw new NoJson(at);
  };
  /** Reads a value; `wanted` is what of the path leads on from it, absent where it does not. */
  const read = (wanted: JsonPath | undefined, depth: number): void => {
    take(SPACES);
    if (wanted !== undefined) found = at;
    expect(depth < MAX_DEPTH);
    const next = (name: PropertyKey) => wanted?.[0] === name ? wanted.slice(1) : undefined;
    if (passes("{")) {
      if (passes("}")) return;
      do {
        take(SPACES);
        const offset = at, written = takeString();
        expect(written !== undefined);
        const name = JSON.parse(written!) as string;
        if (depth === 0) {
          if (names.has(name)) repeated ??= { name, offset };
          names.set(name, offset);
        }
        expect(passes(":"));
        read(next(name), depth + 1);
      } while (passes(","));
      expect(passes("}"));
    } else if (passes("[")) {
      if (passes("]")) return;
      let place = 0;
      do read(next(place++), depth + 1); while (passes(","));
      expect(passes("]"));
    } else expect((takeString() ?? take(SCALAR)) !== undefined);
  };
  try {
    read(path, 0);
    take(SPACES);
    expect(at === text.length);
  } catch (error) {
    if (error instanceof NoJson) return { found, names, error: error.offset };
    throw error;
  }
  return { found, names, ...repeated === undefined ? {} : { repeated } };
}
