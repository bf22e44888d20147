/**
 * The artifact type "vocab": the pieces of a vocabulary, one a line.
 *
 * Tokenised corpora and models hold one too, so that what their ids mean is never
 * to be looked for elsewhere.
 */
import type { ArtifactType } from "../../graph/task.ts";
import type { WordPiece } from "./wordpiece.ts";

/** As Hugging Face's libraries call it. */
const FILE = "vocab.txt";

/** A vocabulary's folder, or any other that holds a vocabulary. */
export interface VocabArtifact extends ArtifactType<WordPiece> {
  /** Writes the pieces, by id, into an existing folder. */
  write(dir: string, pieces: readonly string[]): Promise<void>;
  /** The file that they stand in, for messages. */
  file(dir: string): string;
}

/** The artifact type "vocab". */
export const vocabArtifact: VocabArtifact = {
  type: "vocab",
  async write(dir, pieces) {
    await Deno.writeTextFile(this.file(dir), pieces.join("\n") + "\n");
  },
  async open(dir) {
    const { WordPiece } = await import("./wordpiece.ts");
    return await WordPiece.load(this.file(dir));
  },
  file: (dir) => `${dir}/${FILE}`,
};
