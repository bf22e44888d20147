/**
 * Reads CoNLL files: a word and its tag a line, a blank line between sentences.
 *
 * Columns between the first and the last are passed over, as are -DOCSTART-
 * lines; all other lines of a file have equally many. Tags are B, I, O, alone or
 * with a type (B-Disease), or BIOES, which is read as B, I and O; nothing is mended
 * silently, what cannot be read is reported with its line.
 */
import { counted } from "../../base/count.ts";
import { ExperimentError, type SourcePosition } from "../../base/errors.ts";
import { readLines } from "../../text/sources/lines.ts";

/** A sentence of words and their tags. */
export interface TaggedSentence {
  /** As they stand in the file, none empty. */
  readonly words: readonly string[];
  /** One a word: "B", "I", "O", or "B-Type", "I-Type". */
  readonly tags: readonly string[];
  /** The line of the first word, from 1. */
  readonly line: number;
}

/** A tag taken apart; the type of a bare "B" or "I", and of "O", is "". */
export interface Tag {
  /** Whether the word begins an entity, goes on with one, or is outside. */
  readonly position: "B" | "I" | "O";
  /** What follows the first hyphen. */
  readonly type: string;
}

const TAG = /^(?:O|([BI])(?:-(\S+))?)$/;

/** A tag's position and type, `undefined` for a text that is no tag. */
export function parseTag(text: string): Tag | undefined {
  const match = TAG.exec(text);
  if (match === null) return undefined;
  return { position: (match[1] ?? "O") as Tag["position"], type: match[2] ?? "" };
}

const BIOES = /^[BIES](?=-\S|$)/;

/**
 * Tags of BIOES as tags of B, I and O that stand for the same entities: S is a B, E an I, and
 * what goes on after an end begins anew, as conlleval has it.
 */
export function fromBioes(tags: readonly string[]): string[] {
  let isOver = false;
  return tags.map((tag) => {
    const position = BIOES.exec(tag)?.[0];
    const begins = position === "B" || position === "S" || isOver;
    isOver = position === "S" || position === "E";
    return position === undefined ? tag : `${begins ? "B" : "I"}${tag.slice(1)}`;
  });
}

/**
 * The sentences of a CoNLL file, plain or compressed. Columns are separated by
 * tabs, in a line without tabs by spaces.
 *
 * @throws ExperimentError "benchmarks/no-tag", "benchmarks/bad-tag", "benchmarks/columns" or
 *   "benchmarks/no-sentences" with file and line, and what `readLines` throws
 */
export async function readConll(path: string): Promise<TaggedSentence[]> {
  const sentences: TaggedSentence[] = [];
  let words: string[] = [];
  let tags: string[] = [];
  let first = 0;
  let usual: { readonly columns: number; readonly line: number } | undefined;
  const finish = () => {
    if (words.length > 0) sentences.push({ words, tags: fromBioes(tags), line: first });
    [words, tags] = [[], []];
  };
  for await (const { text, line } of readLines(path)) {
    if (text.trim() === "") {
      finish();
      continue;
    }
    const columns = columnsOf(text);
    if (columns[0] === "-DOCSTART-") {
      finish();
      continue;
    }
    const [word, tag] = readColumns(columns, { file: path, line });
    usual ??= { columns: columns.length, line };
    if (columns.length !== usual.columns) {
      throw oddColumns(columns.length, { usual, at: { file: path, line } });
    }
    if (words.length === 0) first = line;
    words.push(word);
    tags.push(tag);
  }
  finish();
  if (sentences.length === 0) {
    throw new ExperimentError("benchmarks/no-sentences", "the file has no tagged sentence", {
      at: { file: path },
      mend: "give a file with a word, a tab and a tag on each line",
    });
  }
  return sentences;
}

/** The sentences as a CoNLL file's text, which `readConll` reads back. */
export function formatConll(
  sentences: Iterable<Pick<TaggedSentence, "words" | "tags">>,
): string {
  const lines: string[] = [];
  for (const { words, tags } of sentences) {
    words.forEach((word, index) => lines.push(`${word}\t${tags[index]}`));
    lines.push("");
  }
  return lines.map((line) => `${line}\n`).join("");
}

function columnsOf(text: string): string[] {
  return text.includes("\t")
    ? text.split("\t").map((column) => column.trim())
    : text.trim().split(/ +/);
}

/** Word and tag of a line. */
function readColumns(
  columns: readonly string[],
  at: SourcePosition,
): readonly [word: string, tag: string] {
  const word = columns[0]!;
  const tag = columns.length > 1 ? columns.at(-1)! : "";
  if (word === "") {
    throw new ExperimentError("benchmarks/no-tag", "the line has a tag but no word", {
      at,
      mend: "write the word, a tab and the tag, or leave the line blank to end a sentence",
    });
  }
  if (tag === "") {
    throw new ExperimentError(
      "benchmarks/no-tag",
      `the line has a word, ${JSON.stringify(word)}, but no tag`,
      { at, mend: "write the word, a tab and the tag" },
    );
  }
  if (tag !== "O" && !BIOES.test(tag)) {
    throw new ExperimentError("benchmarks/bad-tag", `cannot read the tag ${JSON.stringify(tag)}`, {
      at,
      mend: "write O, B, I, B-Type or I-Type, or E and S of BIOES; convert other schemes first",
    });
  }
  return [word, tag];
}

/** Lines that a broken line end has joined are read as one of too many columns. */
function oddColumns(
  columns: number,
  { usual, at }: {
    readonly usual: { readonly columns: number; readonly line: number };
    readonly at: SourcePosition;
  },
): ExperimentError {
  return new ExperimentError(
    "benchmarks/columns",
    `the line has ${counted(columns, "column")}, but line ${usual.line} has ${usual.columns}`,
    { at, mend: "give every line of a file the same columns: the word first, the tag last" },
  );
}
