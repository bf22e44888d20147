/** A run on a terminal: a live block of lines, below what is printed to stay. */
import type { Tracker } from "../../run/tracker.ts";
import { lastingLines, runLine, skippedLines } from "./_wording.ts";
import { taskLine } from "./task_line.ts";

/** A terminal as this needs it. */
export interface Screen {
  /** Prints text that stays, above the block; a newline is added. */
  print(text: string): void;
  /** Replaces the block of lines below what was printed. */
  paint(lines: readonly string[]): void;
}

/** Most running tasks shown at once. */
const SHOWN_TASKS = 12;
const REFRESH_EVERY_MS = 500;

/** Shows a run as a block that changes; `end` it. */
export class ProgressBlock {
  readonly #timer: ReturnType<typeof setInterval>;

  /** Listens to a run, and paints its state twice a second. */
  constructor(readonly tracker: Tracker, readonly screen: Screen) {
    tracker.listen((event) => {
      for (const line of lastingLines(event)) screen.print(line);
    });
    this.#timer = setInterval(() => this.refresh(), REFRESH_EVERY_MS);
  }

  /** Paints the run as it stands. */
  refresh(): void {
    const snapshot = this.tracker.snapshot();
    const lines = snapshot.running.slice(0, SHOWN_TASKS).map((each) =>
      `  ${taskLine({ ...each.task, ...each })}`
    );
    const more = snapshot.running.length - lines.length;
    const head = runLine(snapshot, this.tracker.timeLeft());
    this.screen.paint([head, ...lines, ...(more > 0 ? [`  and ${more} more`] : [])]);
  }

  /** Removes the block, and tells what was skipped. */
  end(): void {
    clearInterval(this.#timer);
    this.screen.paint([]);
    for (const line of skippedLines(this.tracker.tasks.values())) this.screen.print(line);
  }
}
