/** Looks again and again whether the folder of results is where it was, and stops the run if not. */
import { StandingFolder } from "../store/standing_folder.ts";

const LOOK_EVERY_MS = 1000;

/** A watch over a folder, until it is disposed of. */
export class FolderWatch implements Disposable {
  readonly #folder: StandingFolder;
  readonly #gone = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  /** Begins to watch. */
  constructor(root: string) {
    this.#folder = new StandingFolder(root);
    this.#look();
  }

  /** Aborted, with what to tell, once the folder is not there any more. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /**
   * Looks at once.
   *
   * @throws ExperimentError "store/folder-gone"
   */
  async check(): Promise<void> {
    try {
      await this.#folder.check();
    } catch (error) {
      this.#gone.abort(error);
    }
    this.signal.throwIfAborted();
  }

  #look(): void {
    this.check().then(
      () => {
        if (!this.#isOver) this.#timer = setTimeout(() => this.#look(), LOOK_EVERY_MS);
      },
      () => {},
    );
  }

  /** Watches no more. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}
