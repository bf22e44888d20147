/**
 * The artifact type "corpus": documents of sentences, to train on and held out.
 *
 * How they lie in files is in `format.ts`, which is loaded only where one is read or
 * written.
 */
import type { ArtifactType } from "../../graph/task.ts";
import type { Corpus, CorpusWriter } from "./format.ts";

/** A corpus's folder. */
export interface CorpusArtifact extends ArtifactType<Corpus> {
  /** Begins a corpus in an existing folder; `close` of what it gives must be called. */
  write(dir: string): Promise<CorpusWriter>;
}

/** The artifact type "corpus". */
export const corpusArtifact: CorpusArtifact = {
  type: "corpus",
  async write(dir) {
    const { CorpusWriter } = await import("./format.ts");
    return new CorpusWriter(dir);
  },
  async open(dir) {
    const { Corpus } = await import("./format.ts");
    return await Corpus.open(dir);
  },
};
