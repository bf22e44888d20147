/**
 * YAML text -> located value tree.
 *
 * YAML 1.2 with anchors, aliases and merge keys. What YAML would read as
 * something else than it looks like is refused: tags, other versions of YAML,
 * leading zeros, numbers that a double cannot hold, keys given twice, a comma that
 * cuts an expression in two. So is what is too large to have been written by hand.
 */
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { SourcePosition } from "../../base/errors.ts";
import type { FaultList } from "../check/fault_list.ts";
import type { MapEntry, MapNode, SpecNode } from "./node.ts";
import { MAX_NODES, reportRefused } from "./_refused.ts";

/** Characters that values may have in all once aliases are written out. */
const MAX_CHARACTERS = 4_000_000;
/** Levels that mappings and lists may be nested. */
const MAX_DEPTH = 100;

/** How to turn places of the text into positions. */
export interface YamlOptions {
  /** The file's name in positions. */
  readonly file: string;
  /** Where faults go. */
  readonly faults: FaultList;
  /** False for text that is no file, of which only `file` is shown. */
  readonly hasLines?: boolean;
}

/**
 * Reads one YAML document; its faults go to `options.faults`.
 *
 * @returns undefined when the text holds nothing, a broken node when it is no YAML
 */
export function parseYaml(text: string, options: YamlOptions): SpecNode | undefined {
  const isLone = options.hasLines === false;
  const lines = linesOf(text);
  const place = (offset: number): SourcePosition => {
    if (isLone) return { file: options.file };
    const { line, col } = lines.linePos(offset);
    return { file: options.file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (reportRefused(text, { place, faults: options.faults, isLone })) {
    return { type: "broken", at: place(0) };
  }
  const document = parseDocument(text, {
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "error",
  });
  const problems = [...document.errors, ...document.warnings];
  const seenLines = new Set<number | undefined>();
  for (const problem of problems) {
    const at = place(problem.pos[0]);
    if (seenLines.has(at.line)) continue;
    seenLines.add(at.line);
    if (problem.message.includes("call stack")) { // the parser's, which ran over
      const { column: _, ...line } = at;
      addTooDeep(options.faults, line);
      continue;
    }
    options.faults.add("experiment/yaml", `cannot read this as YAML: ${lowered(problem.message)}`, {
      at,
      mend: YAML_MENDS[problem.code] ??
        "compare indentation, quotes and brackets with the lines around it",
    });
  }
  if (problems.length > 0) return { type: "broken", at: place(0) };
  if (document.contents === null) return undefined;
  return new Converter(text, place, options.faults).convert(document.contents, 0);
}

/** Where each line begins; known before the text is read, for what is refused. */
function linesOf(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) {
    lines.addNewLine(end + 1);
  }
  return lines;
}

function addTooDeep(faults: FaultList, at: SourcePosition): void {
  faults.add("experiment/yaml", "mappings and lists are nested too deeply", {
    at,
    mend: `nest at most ${MAX_DEPTH} levels`,
  });
}

const YAML_MENDS: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "keep one document a file: remove the line ---",
  TAB_AS_INDENT: "indent with spaces",
  BAD_SCALAR_START: "put the value in quotes",
  BLOCK_AS_IMPLICIT_KEY: "put a value that holds a colon in quotes, or start a new line",
  MISSING_CHAR: "close the quote or bracket",
  BAD_INDENT: "close the bracket, or indent the line as its neighbours",
};

function lowered(message: string): string {
  if (message.includes("multiple documents")) return "there is more than one document";
  return message.charAt(0).toLowerCase() + message.slice(1).split("\n")[0];
}

/** How much a node is once its aliases are written out. */
interface Size {
  readonly nodes: number;
  readonly characters: number;
}

interface Anchored {
  readonly node: SpecNode;
  readonly size: Size;
  /** Levels of mappings and lists in it. */
  readonly height: number;
}

class Converter {
  readonly #text: string;
  readonly #place: (offset: number) => SourcePosition;
  readonly #faults: FaultList;
  readonly #anchors = new Map<string, Anchored>();
  #nodes = 0;
  #characters = 0;
  /** The deepest level that was reached since it was last set back. */
  #deepest = 0;
  #isTooLarge = false;

  constructor(text: string, place: (offset: number) => SourcePosition, faults: FaultList) {
    this.#text = text;
    this.#place = place;
    this.#faults = faults;
  }

  convert(node: Node, depth: number): SpecNode {
    const at = this.#place(node.range?.[0] ?? 0);
    if (depth > MAX_DEPTH) {
      addTooDeep(this.#faults, at);
      return { type: "broken", at };
    }
    if (isAlias(node)) return this.#alias(node.source, { at, depth });
    if (!this.#take({ nodes: 1, characters: scalarText(node).length }, at)) {
      return { type: "broken", at };
    }
    const before = { nodes: this.#nodes - 1, characters: this.#characters };
    const deepestBefore = this.#deepest;
    this.#deepest = depth;
    const result = isMap(node)
      ? this.#map(node, at, depth)
      : isSeq(node)
      ? this.#list(node, at, depth)
      : this.#scalar(node as Scalar, at);
    if ("anchor" in node && node.anchor !== undefined) {
      const size = {
        nodes: this.#nodes - before.nodes,
        characters: this.#characters - before.characters + scalarText(node).length,
      };
      this.#anchors.set(node.anchor, { node: result, size, height: this.#deepest - depth });
    }
    this.#deepest = Math.max(this.#deepest, deepestBefore);
    return result;
  }

  /** Counts what is read, or read again; false, and a fault, once it is too much. */
  #take({ nodes, characters }: Size, at: SourcePosition, isAgain = false): boolean {
    this.#nodes += nodes;
    this.#characters += characters;
    if (this.#nodes <= MAX_NODES && this.#characters <= MAX_CHARACTERS) return true;
    if (this.#isTooLarge) return false;
    this.#isTooLarge = true;
    const limit = this.#nodes > MAX_NODES
      ? `${MAX_NODES} values`
      : `${MAX_CHARACTERS} characters of text`;
    if (isAgain) {
      this.#faults.add("experiment/alias", "aliases make this file too large to read", {
        at,
        mend: `use fewer aliases: written out, a file may have ${limit}`,
      });
    } else {
      this.#faults.add("experiment/too-large", "this file is too large to read", {
        at,
        mend: `remove what is not needed: a file may have ${limit}`,
      });
    }
    return false;
  }

  #alias(
    name: string,
    { at, depth }: { readonly at: SourcePosition; readonly depth: number },
  ): SpecNode {
    const anchored = this.#anchors.get(name);
    if (anchored === undefined) {
      this.#faults.add("experiment/alias", `the alias *${name} has no anchor before it`, {
        at,
        mend: `write &${name} before the value that is meant, above this line`,
      });
      return { type: "broken", at };
    }
    if (depth + anchored.height > MAX_DEPTH) {
      addTooDeep(this.#faults, at);
      return { type: "broken", at };
    }
    this.#deepest = Math.max(this.#deepest, depth + anchored.height);
    return this.#take(anchored.size, at, true) ? anchored.node : { type: "broken", at };
  }

  #list(node: YAMLSeq, at: SourcePosition, depth: number): SpecNode {
    const items: SpecNode[] = [];
    let open = 0;
    for (const item of node.items as Node[]) {
      if (open > 0) {
        open += openParentheses(scalarText(item));
        continue;
      }
      open = node.flow === true ? this.#cutExpression(item) : 0;
      items.push(
        open > 0
          ? { type: "broken", at: this.#place(item.range?.[0] ?? 0) }
          : this.convert(item, depth + 1),
      );
    }
    return { type: "list", at, items };
  }

  #map(node: YAMLMap, at: SourcePosition, depth: number): MapNode {
    const entries = new Map<string, MapEntry>();
    let merged: readonly SpecNode[] = [];
    let mergeAt: SourcePosition | undefined;
    let open = 0;
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      if (open > 0) {
        open += openParentheses(scalarText(pair.key)) + openParentheses(scalarText(pair.value));
        continue;
      }
      const keyAt = this.#place(pair.key.range?.[0] ?? 0);
      const key = this.#key(pair.key, keyAt);
      open = node.flow === true && pair.value !== null ? this.#cutExpression(pair.value) : 0;
      const value: SpecNode = open > 0
        ? { type: "broken", at: keyAt }
        : isNode(pair.value)
        ? this.convert(pair.value, depth + 1)
        : { type: "scalar", at: keyAt, value: null, raw: "" };
      if (key === undefined) continue;
      if (key === "<<" && isScalar(pair.key) && pair.key.type === "PLAIN") {
        if (mergeAt !== undefined) {
          this.#twice(key, { at: keyAt, first: mergeAt, mend: "write one <<: [*name, *other]" });
        } else merged = this.#mergeSources(value);
        mergeAt ??= keyAt;
        continue;
      }
      const first = entries.get(key);
      if (first !== undefined) {
        this.#twice(key, { at: keyAt, first: first.keyAt, mend: "remove one of the two" });
        continue;
      }
      entries.set(key, { keyAt, value });
    }
    for (const source of merged) {
      if (source.type !== "map") continue;
      for (const [key, entry] of source.entries) if (!entries.has(key)) entries.set(key, entry);
    }
    return { type: "map", at, entries };
  }

  #twice(
    key: string,
    { at, first, mend }: {
      readonly at: SourcePosition;
      readonly first: SourcePosition;
      readonly mend: string;
    },
  ): void {
    const where = first.line === undefined ? "" : ` (first in line ${first.line})`;
    const message = `key ${JSON.stringify(key)} is given twice${where}`;
    this.#faults.add("experiment/yaml", message, { at, mend });
  }

  #mergeSources(value: SpecNode): readonly SpecNode[] {
    const sources = value.type === "list" ? value.items : [value];
    for (const source of sources) {
      if (source.type === "map" || source.type === "broken") continue;
      this.#faults.add("experiment/yaml", 'the merge key "<<" takes a mapping', {
        at: source.at,
        mend: "write <<: *name, where &name stands before a mapping",
      });
    }
    return sources;
  }

  #key(node: Node, at: SourcePosition): string | undefined {
    const key = isScalar(node) && node.value !== null ? scalarText(node) : undefined;
    if (key !== undefined && key !== "__proto__" && key.isWellFormed()) return key;
    this.#faults.add("experiment/yaml", "a key must be a name", { at, mend: "write a plain name" });
    return undefined;
  }

  #scalar(node: Scalar, at: SourcePosition): SpecNode {
    const raw = this.#text.slice(node.range?.[0] ?? 0, node.range?.[1] ?? 0);
    const { value } = node;
    if (typeof value === "string" && !value.isWellFormed()) {
      this.#faults.add("experiment/yaml", "half a surrogate pair is no text", {
        at,
        mend: "write the character itself, or both halves of it",
      });
      return { type: "broken", at };
    }
    if (value === null || typeof value === "boolean" || typeof value === "string") {
      return { type: "scalar", at, value, raw };
    }
    if (typeof value !== "number") throw new Error(`YAML gave a ${typeof value}`);
    const source = node.source ?? raw;
    const mend = numberMend(value, source);
    if (mend === undefined) return { type: "scalar", at, value, raw };
    this.#faults.add("experiment/yaml", `${source} would be read as ${shown(value)}`, { at, mend });
    return { type: "broken", at };
  }

  /** How many parentheses of a `$(` a comma left open in a value of `{...}` or `[...]`. */
  #cutExpression(node: Node): number {
    if (!isScalar(node) || node.type !== "PLAIN" || typeof node.value !== "string") return 0;
    const start = node.value.indexOf("$(");
    const open = start < 0 ? 0 : openParentheses(node.value.slice(start));
    if (open > 0) {
      this.#faults.add("experiment/yaml", `a comma cuts ${JSON.stringify(node.value)} off`, {
        at: this.#place(node.range?.[0] ?? 0),
        mend: "put the whole value in quotes: inside { } and [ ], a comma ends a value",
      });
    }
    return Math.max(open, 0);
  }
}

function scalarText(node: Node | null): string {
  if (!isScalar(node)) return "";
  return typeof node.value === "string" ? node.value : node.source ?? String(node.value ?? "");
}

function openParentheses(text: string): number {
  let open = 0;
  for (const character of text) open += character === "(" ? 1 : character === ")" ? -1 : 0;
  return open;
}

/** How to mend a number that is not what it looks like; undefined if it is. */
function numberMend(value: number, source: string): string | undefined {
  if (!Number.isFinite(value)) return "write a finite number";
  if (Object.is(value, -0)) return "write 0";
  if (/^[-+]?0\d/.test(source)) return `write ${value}, or "${source}" if text is meant`;
  if (Number.isInteger(value) && /^[-+]?\d+$/.test(source) && !Number.isSafeInteger(value)) {
    return `write a smaller number, or "${source}" if text is meant`;
  }
  return undefined;
}

function shown(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
