/** What a person asks of a run that is on: to leave a task out, or to stop. */
import type { Cancel } from "../graph/schedule.ts";
import type { LiveRequest } from "../store/live/records.ts";
import type { Tracker } from "./tracker.ts";

/** Passes requests on to the schedule of a run, and says what came of them. */
export class Cancels {
  readonly #tracker: Tracker;
  readonly #stop: AbortController;
  #cancel: Cancel | undefined;

  /**
   * Nothing is asked yet.
   *
   * @param stop aborted when the whole run is to stop
   */
  constructor(tracker: Tracker, stop: AbortController) {
    this.#tracker = tracker;
    this.#stop = stop;
  }

  /** From now on tasks can be cancelled. */
  begin(cancel: Cancel): void {
    this.#cancel = cancel;
  }

  /** Does what is asked, as far as it is not over already. */
  take(request: LiveRequest): void {
    if (request.type === "cancel-task") return this.#cancel?.(request.key);
    if (this.#stop.signal.aborted) return;
    this.#tracker.warn("the run was cancelled: running tasks save a checkpoint");
    this.#stop.abort(new DOMException("the run was cancelled", "AbortError"));
  }

  /** Whether a task was cancelled. */
  hasCancelled(): boolean {
    return this.#tracker.tasks.values().some(({ isCancelled }) => isCancelled === true);
  }

  /** How many tasks were skipped because of those: nothing failed there. */
  skippedTasks(): number {
    return [...this.#tracker.tasks.values()]
      .filter(({ state, because }) => state === "skipped" && because?.isCancelled === true).length;
  }
}
