/**
 * A folder of results that has to stay where it is while somebody writes there.
 *
 * Whoever writes makes the folders that it lacks: of a folder that is moved away in the
 * midst of a run, a second one would be begun in its old place, and what is done would lie
 * in two. So its identity is kept, and looked at before more is written.
 */
import { ExperimentError } from "../base/errors.ts";

/** A folder as it stood when it was first seen. */
export class StandingFolder {
  readonly #path: string;
  #identity: string | undefined;

  /** Nothing is known of it before it is looked at. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Looks at the folder; one that was not there yet may come.
   *
   * @throws ExperimentError "store/folder-gone" where it was seen before, and is not there now
   */
  async check(): Promise<void> {
    const identity = await identityOf(this.#path);
    if (identity === "unknown") return;
    if (this.#identity === undefined) this.#identity = identity;
    else if (identity !== this.#identity) throw this.#gone();
  }

  #gone(): ExperimentError {
    return new ExperimentError(
      "store/folder-gone",
      "the results folder was moved away, or deleted, while the run was on",
      {
        at: { file: this.#path },
        mend:
          "put it back there and run again: what is done is in it, and the run goes on from that",
      },
    );
  }
}

/** What tells it from any other; absent where there is none. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await Deno.stat(path);
    // Not every system numbers its folders.
    return `${dev}:${ino}`;
  } catch (error) {
    const isAbsent = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    // A disk that does not answer for a while says nothing of the folder.
    return isAbsent ? undefined : "unknown";
  }
}
