/**
 * The artifact type "vocab": the pieces of a vocabulary, one a line, and beside them
 * whether they are of lower-cased text; where nothing is said, capitals are kept.
 *
 * Tokenised corpora and models hold one too, so that what their ids mean is never
 * to be looked for elsewhere.
 */
import type { ArtifactType } from "../../graph/task.ts";
import {
  readLowercase,
  TOKENIZER_CONFIG,
  type TokenizerOptions,
  writeTokenizerConfig,
} from "./tokenizer_config.ts";
import type { WordPiece } from "./wordpiece.ts";

/** As Hugging Face's libraries call it. */
const FILE = "vocab.txt";

/** A vocabulary's folder, or any other that holds a vocabulary. */
export interface VocabArtifact extends ArtifactType<WordPiece> {
  /** Writes the pieces, by id, into an existing folder, and how text is to be cut with them. */
  write(dir: string, pieces: readonly string[], options?: TokenizerOptions): Promise<void>;
  /** The file that they stand in, for messages. */
  file(dir: string): string;
}

/** The artifact type "vocab". */
export const vocabArtifact: VocabArtifact = {
  type: "vocab",
  async write(dir, pieces, options = {}) {
    await Deno.writeTextFile(this.file(dir), pieces.join("\n") + "\n");
    const { lowercase, maxLength } = options;
    if (lowercase === true || maxLength !== undefined) await writeTokenizerConfig(dir, options);
  },
  async open(dir) {
    const { WordPiece } = await import("./wordpiece.ts");
    const lowercase = await readLowercase(`${dir}/${TOKENIZER_CONFIG}`);
    return await WordPiece.load(this.file(dir), { lowercase: lowercase ?? false });
  },
  file: (dir) => `${dir}/${FILE}`,
};
