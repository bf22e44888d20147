/** A run as plain lines: what starts, what ends, and now and then how far it has come. */
import { formatDuration } from "../../report/text/format.ts";
import type { RunEvent, TrackedTask } from "../../run/events.ts";
import type { Tracker } from "../../run/tracker.ts";
import { lastingLines, runLine, skippedLines } from "./_wording.ts";
import { taskLine } from "./task_line.ts";

/** Least time between two progress lines of a task. */
const INTERVAL_MS = 10_000;

/** Least time between two lines on the whole run. */
const RUN_INTERVAL_MS = 60_000;

/** Prints a run as lines that stay. */
export class ProgressLines {
  /** When a task's last line was printed, on the tracker's clock. */
  readonly #printedAtMs = new Map<TrackedTask, number>();
  #runPrintedAtMs = 0;

  /**
   * Listens to a run.
   *
   * @param print given each line
   */
  constructor(readonly tracker: Tracker, readonly print: (line: string) => void) {
    tracker.listen((event) => this.#hear(event));
  }

  /** Tells what was skipped. */
  end(): void {
    for (const line of skippedLines(this.tracker.tasks.values())) this.print(line);
  }

  #hear(event: RunEvent): void {
    for (const line of lastingLines(event)) this.print(line);
    if (event.type === "state") this.#state(event.task);
    else if (event.type === "progress") this.#progress(event.task);
    const nowMs = this.tracker.elapsedMs;
    if (nowMs - this.#runPrintedAtMs < RUN_INTERVAL_MS) return;
    this.#runPrintedAtMs = nowMs;
    this.print(runLine(this.tracker.snapshot(), this.tracker.timeLeft()));
  }

  #state(task: TrackedTask): void {
    if (task.state === "running") {
      this.#printedAtMs.set(task, this.tracker.elapsedMs);
      this.print(`running  ${task.label}`);
    } else if (task.elapsedMs !== undefined && (task.state === "done" || task.state === "cached")) {
      const { finished, total } = this.tracker.snapshot();
      const time = formatDuration(task.elapsedMs);
      this.print(`${task.state.padEnd(8)} ${task.label} (${time}) [${finished}/${total}]`);
    }
  }

  #progress(task: TrackedTask): void {
    const nowMs = this.tracker.elapsedMs;
    if (nowMs - (this.#printedAtMs.get(task) ?? 0) < INTERVAL_MS) return;
    this.#printedAtMs.set(task, nowMs);
    const running = this.tracker.snapshot().running.find((each) => each.task === task);
    if (running !== undefined) this.print(`running  ${taskLine({ ...running.task, ...running })}`);
  }
}
