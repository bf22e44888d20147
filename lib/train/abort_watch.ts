/**
 * Looks at a signal between batches.
 *
 * An abort comes to a worker as a message, which an engine that never waits would
 * keep from arriving; so the watch itself waits for a moment now and then.
 */

/** Every how many milliseconds messages are let in. */
const PAUSE_MS = 250;

/** Watches a signal during a long computation. */
export class AbortWatch {
  readonly #signal: AbortSignal | undefined;
  #pausedMs = performance.now();

  /** Without a signal nothing is watched. */
  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /**
   * To be called between two batches.
   *
   * @throws the signal's reason when it is aborted
   */
  async check(): Promise<void> {
    if (this.#signal === undefined) return;
    if (performance.now() - this.#pausedMs >= PAUSE_MS) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.#pausedMs = performance.now();
    }
    this.#signal.throwIfAborted();
  }
}
