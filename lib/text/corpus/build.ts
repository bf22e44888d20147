/**
 * Builds a corpus artifact from sources: one seeded order, no document twice, and
 * a held-out split that the training text does not contain.
 *
 * A document's place is the SHA-256 of the seed and its words, so it depends on
 * nothing but its text: not on the order of files, nor on what else is in the
 * corpus. Equal documents have one place, stay one document, and so never stand
 * on both sides of the split. A larger corpus holds a smaller one's documents in
 * the same order, and the first n words are a fair sample of it.
 *
 * The corpus may be larger than memory: documents are spooled to buckets by the
 * first digits of their place, and each bucket is sorted by itself. In memory are
 * one bucket (about 64 MB of text) and the held-out text.
 */
import { sha256 } from "../../base/digest.ts";
import { ExperimentError } from "../../base/errors.ts";
import { corpusArtifact } from "./corpus_artifact.ts";
import type { CorpusSummary, CorpusWriter } from "./format.ts";
import { type PlacedDocument, Spool } from "./_spool.ts";
import { readSource, type Source } from "../sources/source.ts";
import { countWords } from "../sources/words.ts";

/** How much text is held out: so many words, or a share of all words. */
export type HeldOut = { readonly words: number } | { readonly fraction: number };

/** What a corpus is built from and how. */
export interface CorpusOptions {
  /** Where the text comes from. */
  readonly sources: readonly Source[];
  /** Decides the order and the split. */
  readonly seed: number;
  /** Documents are held out until there is so much text; 1 document is the least. */
  readonly validation: HeldOut;
  /** Documents are taken for training until there are so many words; else all of them. */
  readonly maxWords?: number | undefined;
  /**
   * A held-out sentence of at least so many words that also occurs in the training text is left
   * out of the held-out text.
   */
  readonly overlapWords: number;
  /** Bytes of all source files, which decides the number of buckets and nothing else. */
  readonly sourceBytes: number;
  /** An empty folder for the artifact. */
  readonly outDir: string;
  /** A folder for the spool. */
  readonly scratchDir: string;
  /** Told how many bytes of the sources were read since it was last called. */
  readonly onBytes?: (bytes: number) => void;
  /** Ends the work with its reason. */
  readonly signal: AbortSignal;
}

/** What came of building a corpus. */
export interface CorpusReport {
  /** The counts of both splits. */
  readonly summary: CorpusSummary;
  /** Documents left out because their words equal another's. */
  readonly duplicateDocuments: number;
  /** Held-out sentences left out because the training text has them. */
  readonly overlappingSentences: number;
}

/**
 * Builds a corpus.
 *
 * @throws ExperimentError "text/empty-corpus" when nothing is left to train on or to hold out, and
 *   those of `readSource`
 */
export async function buildCorpus(options: CorpusOptions): Promise<CorpusReport> {
  await using spool = await Spool.create(options.scratchDir, {
    buckets: bucketCount(options.sourceBytes),
  });
  for (const source of options.sources) {
    for await (const sentences of readSource(source, options.onBytes)) {
      options.signal.throwIfAborted();
      const words = sentences.reduce((sum, each) => sum + countWords(each), 0);
      await spool.add({ place: placeOf(sentences, options.seed), words, sentences });
    }
  }
  if (spool.words === 0) throw emptyCorpus("the sources hold no text");
  const writer = await corpusArtifact.write(options.outDir);
  try {
    const counts = await writeSplits(writer, { spool, options });
    if (writer.counts("train").words === 0) {
      throw emptyCorpus(`all ${spool.words} words of the sources went into the held-out text`);
    }
    if (writer.counts("validation").words === 0) {
      throw emptyCorpus("every held-out sentence also occurs in the training text");
    }
    return { summary: await writer.close(), ...counts };
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

/** Compressed text grows about fourfold; a bucket of 64 MB is sorted in memory. */
function bucketCount(sourceBytes: number): number {
  return Math.min(1024, 2 ** Math.ceil(Math.log2(Math.max(1, sourceBytes / 2 ** 24))));
}

/** 64 hexadecimal digits: equal for documents with the same letters and digits in any case. */
function placeOf(sentences: readonly string[], seed: number): string {
  const words = sentences.join(" ").normalize("NFKC").toLowerCase();
  const bare = words.replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  // Text without letters and digits is told apart by what it has.
  return sha256(`${seed}\n${bare === "" ? words : bare}`);
}

async function writeSplits(
  writer: CorpusWriter,
  { spool, options }: { readonly spool: Spool; readonly options: CorpusOptions },
): Promise<Omit<CorpusReport, "summary">> {
  const { validation } = options;
  const heldOutWords = "words" in validation ? validation.words : validation.fraction * spool.words;
  const heldOut = new HeldOutText(options.overlapWords);
  let duplicateDocuments = 0;
  let before: string | undefined;
  for await (const document of spool.inOrder()) {
    options.signal.throwIfAborted();
    if (document.place === before) {
      duplicateDocuments++;
      continue;
    }
    before = document.place;
    if (heldOut.words < heldOutWords) {
      heldOut.add(document);
    } else {
      heldOut.noteTraining(document.sentences);
      await writer.write("train", document.sentences);
      if (writer.counts("train").words >= (options.maxWords ?? Infinity)) break;
    }
  }
  for (const sentences of heldOut.documents()) await writer.write("validation", sentences);
  return { duplicateDocuments, overlappingSentences: heldOut.overlapping };
}

/** The held-out documents, and which of their sentences the training text has too. */
class HeldOutText {
  words = 0;
  overlapping = 0;
  readonly #documents: (readonly string[])[] = [];
  readonly #isInTraining = new Map<string, boolean>();

  constructor(readonly overlapWords: number) {}

  add({ sentences, words }: PlacedDocument): void {
    this.#documents.push(sentences);
    this.words += words;
    for (const sentence of sentences) {
      if (countWords(sentence) >= this.overlapWords) this.#isInTraining.set(sentence, false);
    }
  }

  noteTraining(sentences: readonly string[]): void {
    for (const sentence of sentences) {
      if (this.#isInTraining.has(sentence)) this.#isInTraining.set(sentence, true);
    }
  }

  *documents(): Iterable<readonly string[]> {
    for (const sentences of this.#documents) {
      const kept = sentences.filter((each) => this.#isInTraining.get(each) !== true);
      this.overlapping += sentences.length - kept.length;
      yield kept;
    }
  }
}

function emptyCorpus(message: string): ExperimentError {
  return new ExperimentError("text/empty-corpus", message, {
    mend: "give more text, hold out less of it, or cut long documents with splitWords",
  });
}
