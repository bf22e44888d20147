/** Whether a model and text that is cut into pieces speak of the same pieces. */
import { ExperimentError } from "../base/errors.ts";
import type { WordPiece } from "../text/pieces/wordpiece.ts";
import type { BertConfig } from "./config.ts";

/** A vocabulary and where it stands. */
export interface PlacedVocabulary {
  /** The pieces. */
  readonly vocabulary: WordPiece;
  /** Their file. */
  readonly file: string;
}

/**
 * Checks that a vocabulary is the very one that others are cut with.
 *
 * @throws ExperimentError "model/vocab" naming both files
 */
export function checkSameVocabulary(
  { vocabulary, file }: PlacedVocabulary,
  as: PlacedVocabulary,
): void {
  if (vocabulary.lowercase !== as.vocabulary.lowercase) {
    const say = (isLower: boolean) => isLower ? "is lower-cased" : "keeps its capitals";
    throw new ExperimentError(
      "model/vocab",
      `its text ${say(vocabulary.lowercase)}, that of ${as.file} ${say(as.vocabulary.lowercase)}`,
      {
        at: { file },
        mend: "tokenise every corpus with the vocabulary of the model to start from",
      },
    );
  }
  const wanted = as.vocabulary.pieces, found = vocabulary.pieces;
  if (found.length === wanted.length && found.every((piece, id) => piece === wanted[id])) return;
  throw new ExperimentError("model/vocab", `its pieces differ from those of ${as.file}`, {
    at: { file },
    mend: "tokenise every corpus with the vocabulary of the model to start from",
  });
}

/**
 * Checks that a model has a word embedding for every piece.
 *
 * @throws ExperimentError "model/vocab"
 */
export function checkVocabularySize(
  { vocabSize }: BertConfig,
  { vocabulary, file }: PlacedVocabulary,
): void {
  if (vocabSize >= vocabulary.size) return;
  throw new ExperimentError(
    "model/vocab",
    `the model has ${vocabSize} word embeddings for ${vocabulary.size} pieces`,
    { at: { file }, mend: "give the vocabulary that the model was made with" },
  );
}
