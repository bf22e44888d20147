/**
 * Writes one kind of synthetic text as a corpus artifact, streaming, with held-out
 * sentences that training does not have.
 */
import { corpusArtifact } from "../corpus/corpus_artifact.ts";
import { countWords } from "../sources/words.ts";
import { documentsOf, heldOutDocuments, type TextKind } from "./documents.ts";
import { textOf } from "./sentences.ts";
import { piecesOf, type World } from "./world.ts";

/** How much text is written, and where. */
export interface TextOptions {
  /** Which text. */
  readonly kind: TextKind;
  /** An existing folder. */
  readonly dir: string;
  /** Words to train on, at least; the last document is kept whole. */
  readonly words: number;
  /** Sentences to hold out, all different. */
  readonly validationSentences: number;
  /** Told how many sentences to hold out have been found. */
  readonly onHeldOut?: (sentences: number) => void;
  /** Told how many words have been written, after each document. */
  readonly onDocument?: (words: number) => void;
}

/**
 * Writes a corpus artifact, which names the pieces that a vocabulary needs so that names
 * split into stem and suffix.
 */
export async function writeText(world: World, options: TextOptions): Promise<void> {
  const { kind, dir } = options;
  const heldOut = heldOutDocuments(world, {
    kind,
    sentences: options.validationSentences,
    ...(options.onHeldOut === undefined ? {} : { onSentences: options.onHeldOut }),
  });
  const writer = await corpusArtifact.write(dir);
  try {
    for (const document of heldOut.documents) await writer.write("validation", document);
    const isRefused = (text: string) => heldOut.texts.has(text);
    let words = 0;
    for (const document of documentsOf(world, { kind, use: "train", isRefused })) {
      const sentences = document.map(textOf);
      await writer.write("train", sentences);
      for (const sentence of sentences) words += countWords(sentence);
      options.onDocument?.(words);
      if (words >= options.words) break;
    }
    await writer.writePieces(piecesOf(world));
    await writer.close();
  } catch (error) {
    writer.abandon();
    throw error;
  }
}
