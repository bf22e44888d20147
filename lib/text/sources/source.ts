/**
 * Sources of a corpus: files in one of several layouts, as a stream of documents.
 *
 * A document is a list of sentences. Memory is bounded by the longest document;
 * `splitWords` bounds that too.
 */
import type { Block } from "./block.ts";
import type { OnBytes } from "./bytes.ts";
import { readSentenceLines, readText } from "./plain.ts";
import { readWikiText } from "./wikitext.ts";
import { countWords } from "./words.ts";
import { expandPattern } from "./file_pattern.ts";
import { type JsonlFields, readJsonl } from "./jsonl.ts";
import { splitSentences } from "./sentences.ts";

/** Files of one layout and how much of them is taken. */
export interface Source extends JsonlFields {
  /** "text", "lines" (one sentence each), "wikitext" or "jsonl"; see `plain.ts`, `wikitext.ts`, `jsonl.ts`. */
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

/** The documents of a source, none empty, each as its sentences. */
export async function* readSource(
  source: Source,
  onBytes?: OnBytes,
): AsyncGenerator<string[], void> {
  let documents = 0, words = 0;
  for (const path of expandPattern(source.path)) {
    for await (const sentences of documentsOf(readFile(source, { path, onBytes }), source)) {
      yield sentences;
      documents++;
      for (const sentence of sentences) words += countWords(sentence);
      if (documents >= (source.maxDocuments ?? Infinity)) return;
      if (words >= (source.maxWords ?? Infinity)) return;
    }
  }
}

function readFile(
  source: Source,
  { path, onBytes }: { readonly path: string; readonly onBytes: OnBytes | undefined },
): AsyncGenerator<Block, void> {
  switch (source.format) {
    case "text":
      return readText(path, onBytes);
    case "lines":
      return readSentenceLines(path, onBytes);
    case "wikitext":
      return readWikiText(path, onBytes);
    case "jsonl":
      return readJsonl(path, { fields: source, onBytes });
  }
}

async function* documentsOf(
  blocks: AsyncIterable<Block>,
  { splitWords }: { readonly splitWords?: number | undefined },
): AsyncGenerator<string[], void> {
  let sentences: string[] = [];
  let words = 0;
  for await (const block of blocks) {
    if (block.type !== "end") {
      const found = block.type === "paragraph" ? splitSentences(block.text) : [oneLine(block.text)];
      for (const sentence of found) {
        if (sentence === "") continue;
        sentences.push(sentence);
        words += countWords(sentence);
        if (words < (splitWords ?? Infinity)) continue;
        yield sentences;
        [sentences, words] = [[], 0];
      }
    } else if (sentences.length > 0) {
      yield sentences;
      [sentences, words] = [[], 0];
    }
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
