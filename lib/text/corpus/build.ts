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
 * What is held out follows from the sources and the seed alone: the first documents
 * of the order. A sentence that stands in both splits is taken out of training, so
 * that corpora of any size are measured on the very same text.
 *
 * The corpus may be larger than memory: documents are spooled to buckets by the
 * first digits of their place, and each bucket is sorted by itself. In memory are
 * one bucket (about 64 MB of text) and the long sentences of the held-out text.
 */
import { sha256 } from "../../base/digest.ts";
import { ExperimentError } from "../../base/errors.ts";
import { corpusArtifact } from "./corpus_artifact.ts";
import type { CorpusSummary, CorpusWriter } from "./format.ts";
import { Spool } from "./_spool.ts";
import { readSource, type Source } from "../sources/source.ts";
import { Tally } from "../sources/tally.ts";
import { countWords } from "../sources/words.ts";

/** How much text is held out: so many words, or a share of all words. */
export type HeldOutAmount = { readonly words: number } | { readonly fraction: number };

/** What a corpus is built from and how. */
export interface CorpusOptions {
  /** Where the text comes from. */
  readonly sources: readonly Source[];
  /** Decides the order and the split. */
  readonly seed: number;
  /** Documents are held out until there is so much text; 1 document is the least. */
  readonly validation: HeldOutAmount;
  /** Documents are taken for training until there are so many words; else all of them. */
  readonly maxWords?: number | undefined;
  /** A sentence of at least so many words that the held-out text has is left out of training. */
  readonly overlapWords: number;
  /** Bytes of all source files, which decides the number of buckets and nothing else. */
  readonly sourceBytes: number;
  /** An empty folder for the artifact. */
  readonly outDir: string;
  /** A folder for the spool. */
  readonly scratchDir: string;
  /** Told how many bytes of the sources were read since it was last called. */
  readonly onBytes?: (bytes: number) => void;
  /** Told how many of the documents have been sorted into the splits. */
  readonly onSorted?: (documents: number, total: number) => void;
  /** Ends the work with its reason. */
  readonly signal: AbortSignal;
}

/** What was read and left out, kept in `corpus.json` beside the counts of the splits. */
export interface CorpusOrigin {
  /** What was read of each source, in their order. */
  readonly sources: readonly Readonly<Tally>[];
  /** What of it is in neither split. */
  readonly leftOut: LeftOut;
}

/** Text that was read and is in neither split. */
export interface LeftOut {
  /** Documents whose words equal another's. */
  readonly duplicateDocuments: number;
  /** Sentences of training documents that the held-out text has too. */
  readonly overlappingSentences: number;
  /** Training documents that had no other sentences. */
  readonly overlappingDocuments: number;
  /** Documents after those that `maxWords` took. */
  readonly documentsOverMaxWords: number;
}

/** What came of building a corpus. */
export interface CorpusReport extends CorpusOrigin {
  /** The counts of both splits. */
  readonly summary: CorpusSummary;
}

/**
 * Builds a corpus.
 *
 * @throws ExperimentError "text/empty-corpus" when nothing is left to train on or to hold out,
 *   "text/lost-text" when the counts of what was read and what was written do not fit, and those of
 *   `readSource`
 */
export async function buildCorpus(options: CorpusOptions): Promise<CorpusReport> {
  await using spool = await Spool.create(options.scratchDir, {
    buckets: bucketCount(options.sourceBytes),
  });
  const sources: Tally[] = [];
  for (const source of options.sources) {
    const tally = new Tally(options.onBytes);
    for await (const sentences of readSource(source, tally)) {
      options.signal.throwIfAborted();
      const words = sentences.reduce((sum, each) => sum + countWords(each), 0);
      await spool.add({ place: placeOf(sentences, options.seed), words, sentences });
    }
    sources.push(tally);
  }
  if (spool.words === 0) throw emptyCorpus("the sources hold no text");
  const writer = await corpusArtifact.write(options.outDir);
  try {
    const leftOut = await writeSplits(writer, { spool, options });
    if (writer.counts("train").words === 0) {
      throw emptyCorpus(
        leftOut.overlappingDocuments > 0
          ? "every sentence that is left for training also occurs in the held-out text"
          : `all ${spool.words} words of the sources went into the held-out text`,
      );
    }
    checkCounts(writer, { sources, leftOut });
    return { summary: await writer.close({ sources, leftOut }), sources, leftOut };
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
): Promise<LeftOut> {
  const { validation, overlapWords } = options;
  const heldOutWords = "words" in validation ? validation.words : validation.fraction * spool.words;
  /** The held-out sentences that training may not have. */
  const heldOut = new Set<string>();
  let sorted = 0;
  let duplicateDocuments = 0, overlappingSentences = 0, overlappingDocuments = 0;
  let before: string | undefined;
  for await (const { place, sentences } of spool.inOrder()) {
    options.signal.throwIfAborted();
    sorted++;
    options.onSorted?.(sorted, spool.documents);
    if (place === before) {
      duplicateDocuments++;
      continue;
    }
    before = place;
    if (writer.counts("validation").words < heldOutWords) {
      for (const each of sentences) if (countWords(each) >= overlapWords) heldOut.add(each);
      await writer.write("validation", sentences);
      continue;
    }
    const kept = sentences.filter((each) => !heldOut.has(each));
    overlappingSentences += sentences.length - kept.length;
    if (kept.length === 0) overlappingDocuments++;
    await writer.write("train", kept);
    if (writer.counts("train").words >= (options.maxWords ?? Infinity)) break;
  }
  const documentsOverMaxWords = spool.documents - sorted;
  return { duplicateDocuments, overlappingSentences, overlappingDocuments, documentsOverMaxWords };
}

/** Compares the documents that were read with those that were written or left out. */
function checkCounts(
  writer: CorpusWriter,
  { sources, leftOut }: CorpusOrigin,
): void {
  const read = sources.reduce((sum, each) => sum + each.documents, 0);
  const written = writer.counts("train").documents + writer.counts("validation").documents;
  const rest = leftOut.duplicateDocuments + leftOut.overlappingDocuments +
    leftOut.documentsOverMaxWords;
  if (read === written + rest) return;
  throw new ExperimentError(
    "text/lost-text",
    `of ${read} documents that were read, ${written} were written and ${rest} left out`,
    { mend: "run again, and report this: no text may get lost" },
  );
}

function emptyCorpus(message: string): ExperimentError {
  return new ExperimentError("text/empty-corpus", message, {
    mend: "give more text, hold out less of it, or cut long documents with splitWords",
  });
}
