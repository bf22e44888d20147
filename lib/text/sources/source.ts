/**
 * Sources of a corpus: files in one of several layouts, as a stream of documents.
 *
 * A document is a list of sentences. Memory is bounded by the longest document,
 * and that is bounded too; `splitWords` cuts longer ones. What was read is counted
 * against what came out.
 */
import { ExperimentError, type SourcePosition } from "../../base/errors.ts";
import type { Block } from "./block.ts";
import { expandPattern } from "./file_pattern.ts";
import { type JsonlFields, readJsonl } from "./jsonl.ts";
import { readSentenceLines, readText } from "./plain.ts";
import { splitSentences } from "./sentences.ts";
import { Tally } from "./tally.ts";
import { readWikiText } from "./wikitext.ts";
import { countWords } from "./words.ts";

/** Files of one layout and how much of them is taken. */
export interface Source extends JsonlFields {
  /** "text", "lines" (one sentence each), "wikitext" or "jsonl"; see the file of each. */
  readonly format: "text" | "lines" | "wikitext" | "jsonl";
  /** A file, or a pattern that `expandPattern` knows; read in sorted order. */
  readonly path: string;
  /** At most so many documents, the first ones. */
  readonly maxDocuments?: number | undefined;
  /** Documents are taken until there are so many words. */
  readonly maxWords?: number | undefined;
  /** A document is ended after the sentence that brings it to so many words. */
  readonly splitWords?: number | undefined;
}

/** A document of more characters is refused: it would be held in memory, several times over. */
const MOST_CHARACTERS = 20_000_000;

/** So many characters of a paragraph without the end of a sentence are no sentence. */
const MOST_CARRIED_CHARACTERS = 2_000_000;

/**
 * The documents of a source, none empty, each as its sentences.
 *
 * @param tally counts what is read, and is whole when the documents have come to their end
 * @throws ExperimentError "text/long-document", "text/lost-text", those of `expandPattern`, of
 *   `readLines` and of `readJsonl`
 */
export async function* readSource(
  source: Source,
  tally = new Tally(),
): AsyncGenerator<string[], void> {
  for (const path of expandPattern(source.path)) {
    for await (const sentences of new FileReader(source, { path, tally }).documents()) {
      yield sentences;
      if (tally.documents >= (source.maxDocuments ?? Infinity)) return;
      if (tally.words >= (source.maxWords ?? Infinity)) return;
    }
  }
}

/** One file on its way from blocks to documents. */
class FileReader {
  readonly #source: Source;
  readonly #path: string;
  readonly #tally: Tally;
  /** The document so far. */
  #sentences: string[] = [];
  #words = 0;
  #characters = 0;
  /** A sentence of a paragraph that goes on: it may not have ended. */
  #carried = "";
  /** The line where the document began, if its layout says so. */
  #begun: number | undefined;
  /** Whether the document has to have text and has had none. */
  #isEmpty = false;
  /** How many documents began, and how many sentences were marked as such, to be compared. */
  #begins = 0;
  #marked = 0;

  constructor(source: Source, options: { readonly path: string; readonly tally: Tally }) {
    this.#source = source;
    this.#path = options.path;
    this.#tally = options.tally;
  }

  async *documents(): AsyncGenerator<string[], void> {
    const { lines, blankLines } = this.#tally;
    for await (const block of this.#blocks()) {
      if (block.type === "begin" || block.type === "end") {
        yield* this.#end();
        this.#begun = block.type === "begin" ? block.line : undefined;
        this.#isEmpty = block.type === "begin";
        if (this.#isEmpty) this.#begins++;
        continue;
      }
      if (block.type === "sentence") this.#marked++;
      for (const sentence of this.#sentencesOf(block)) {
        if (sentence === "") continue;
        this.#add(sentence);
        if (this.#words >= (this.#source.splitWords ?? Infinity)) yield this.#take();
      }
    }
    this.#checkWhole(this.#tally.lines - lines - (this.#tally.blankLines - blankLines));
  }

  #blocks(): AsyncGenerator<Block, void> {
    const source = this.#source, path = this.#path, tally = this.#tally;
    switch (source.format) {
      case "text":
        return readText(path, tally);
      case "lines":
        return readSentenceLines(path, tally);
      case "wikitext":
        return readWikiText(path, tally);
      case "jsonl":
        return readJsonl(path, { fields: source, tally });
    }
  }

  #sentencesOf(block: Block & { readonly type: "paragraph" | "sentence" }): string[] {
    if (block.type === "sentence") return [oneLine(block.text)];
    const text = this.#carried === "" ? block.text : `${this.#carried}\n${block.text}`;
    const found = splitSentences(text);
    this.#carried = block.goesOn === true ? found.pop() ?? "" : "";
    if (this.#carried.length > MOST_CARRIED_CHARACTERS) {
      throw this.#tooLong("a sentence", {
        most: MOST_CARRIED_CHARACTERS,
        mend: "check that the file is text with sentences, or end paragraphs with blank lines",
      });
    }
    return found;
  }

  #add(sentence: string): void {
    this.#sentences.push(sentence);
    this.#characters += sentence.length;
    this.#words += countWords(sentence);
    if (this.#characters <= MOST_CHARACTERS) return;
    throw this.#tooLong("a document", {
      most: MOST_CHARACTERS,
      mend:
        "give the source splitWords, such as splitWords: 10000, which cuts documents after so " +
        "many words",
    });
  }

  *#end(): Generator<string[], void> {
    if (this.#sentences.length > 0) yield this.#take();
    if (this.#isEmpty) this.#tally.emptyDocuments++;
    this.#isEmpty = false;
  }

  #take(): string[] {
    const sentences = this.#sentences;
    this.#tally.documents++;
    this.#tally.sentences += sentences.length;
    this.#tally.words += this.#words;
    [this.#sentences, this.#words, this.#characters] = [[], 0, 0];
    this.#isEmpty = false;
    return sentences;
  }

  #tooLong(
    what: string,
    { most, mend }: { readonly most: number; readonly mend: string },
  ): ExperimentError {
    const message = `${what} is longer than ${most / 1e6} million characters`;
    const at: SourcePosition = this.#begun === undefined
      ? { file: this.#path }
      : { file: this.#path, line: this.#begun };
    return new ExperimentError("text/long-document", message, { at, mend });
  }

  /** Compares the lines that have text with what was made of them. */
  #checkWhole(lines: number): void {
    const { format } = this.#source;
    const made = format === "jsonl" ? this.#begins : format === "lines" ? this.#marked : lines;
    if (made === lines) return;
    throw new ExperimentError(
      "text/lost-text",
      `${lines} lines with text were read, but ${made} went into the corpus`,
      { at: { file: this.#path }, mend: "run again, and report this: no text may get lost" },
    );
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
