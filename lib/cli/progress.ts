/**
 * The progress of a run on standard error: a live block of lines on a terminal,
 * plain lines elsewhere. Decides nothing; it only shows events.
 */
import { formatFault } from "../base/errors.ts";
import { formatCount, formatDuration, formatNumber } from "../report/text/format.ts";
import type { RunEvent } from "../run/events.ts";

/** Where text goes. */
export interface Screen {
  /** Prints text that stays; a newline is added. */
  print(text: string): void;
  /** Replaces the block of lines below what was printed; absent where there is no terminal. */
  paint?(lines: readonly string[]): void;
}

/** Least time between two progress lines of a task where there is no terminal. */
const PLAIN_INTERVAL_MS = 10_000;

/** Skipped tasks that are named for one reason; of more there is a count. */
const NAMED_SKIPS = 3;

/** Most tasks shown at once on a terminal. */
const SHOWN_TASKS = 12;

type Progress = Extract<RunEvent, { type: "progress" }>;

interface Active {
  readonly label: string;
  readonly startedAtMs: number;
  /** The first progress event, from which speed is measured: a resumed task starts midway. */
  first?: { readonly done: number; readonly atMs: number };
  last?: Progress;
  printedAtMs: number;
}

/** Shows the events of one run. */
export class ProgressDisplay {
  readonly #active = new Map<string, Active>();
  readonly #counts = { done: 0, cached: 0, failed: 0, skipped: 0, interrupted: 0 };
  readonly #startedAtMs: number;
  /** Labels of skipped tasks by why they are; printed together at the end. */
  readonly #skipped = new Map<string, string[]>();

  /**
   * Shows nothing yet; the time that the run takes counts from here.
   *
   * @param screen where to show it
   * @param options.total tasks of the run, those cached included
   * @param options.now the time in milliseconds; the clock unless given
   */
  constructor(
    readonly screen: Screen,
    readonly options: { readonly total: number; readonly now?: () => number },
  ) {
    this.#startedAtMs = this.#now();
  }

  /** Takes in an event and shows it. */
  show(event: RunEvent): void {
    if (event.type === "warning") {
      const place = event.label === undefined ? "" : `${event.label}: `;
      this.screen.print(`warning: ${place}${event.message}`);
    } else if (event.type === "progress") this.#progress(event);
    else this.#state(event);
    this.refresh();
  }

  /** Paints the live block again, for times between events. */
  refresh(): void {
    this.screen.paint?.(this.#block());
  }

  /** Removes the live block, and tells what was skipped. */
  end(): void {
    this.screen.paint?.([]);
    for (const [reason, labels] of this.#skipped) {
      const named = labels.slice(0, NAMED_SKIPS).join(", ");
      const more = labels.length - NAMED_SKIPS;
      const rest = more > 0 ? ` and ${more} more` : "";
      this.screen.print(`skipped  ${named}${rest}: ${reason}`);
    }
    this.#skipped.clear();
  }

  #state(event: Extract<RunEvent, { type: "state" }>): void {
    const { key, label, state, reason, elapsedMs, faults } = event;
    if (state === "running") {
      const now = this.#now();
      this.#active.set(key, { label, startedAtMs: now, printedAtMs: now });
      if (this.screen.paint === undefined) this.screen.print(`running  ${label}`);
      return;
    }
    this.#active.delete(key);
    this.#counts[state]++;
    if (state === "failed") {
      for (const each of faults ?? []) this.screen.print(`failed   ${label}\n${formatFault(each)}`);
    } else if (state === "interrupted") {
      this.screen.print(`interrupted ${label}`);
    } else if (state === "skipped") {
      const why = reason ?? "something before it failed";
      const labels = this.#skipped.get(why) ?? [];
      labels.push(label);
      this.#skipped.set(why, labels);
    } else if (state === "done" && this.screen.paint === undefined) {
      const time = elapsedMs === undefined ? "" : ` (${formatDuration(elapsedMs)})`;
      this.screen.print(`done     ${label}${time} [${this.#finished()}/${this.options.total}]`);
    }
  }

  #progress(event: Progress): void {
    const active = this.#active.get(event.key);
    if (active === undefined) return;
    const now = this.#now();
    active.first ??= { done: event.done, atMs: now };
    active.last = event;
    if (this.screen.paint === undefined && now - active.printedAtMs >= PLAIN_INTERVAL_MS) {
      active.printedAtMs = now;
      this.screen.print(`running  ${this.#line(active)}`);
    }
  }

  #block(): string[] {
    const { done, cached, failed, skipped } = this.#counts;
    const elapsed = formatDuration(this.#now() - this.#startedAtMs);
    const bad = failed + skipped > 0 ? `, ${failed} failed, ${skipped} skipped` : "";
    const head =
      `${this.#finished()}/${this.options.total} tasks: ${done} done, ${cached} cached${bad}, ` +
      `${this.#active.size} running, ${elapsed}`;
    const active = [...this.#active.values()];
    const lines = active.slice(0, SHOWN_TASKS).map((each) => `  ${this.#line(each)}`);
    const more = active.length - lines.length;
    return [head, ...lines, ...(more > 0 ? [`  and ${more} more`] : [])];
  }

  #line({ label, startedAtMs, first, last }: Active): string {
    if (first === undefined || last === undefined) {
      return `${label}  starting, ${formatDuration(this.#now() - startedAtMs)}`;
    }
    const what = last.unit === "steps"
      ? `step ${last.done}/${last.total}`
      : `${last.done}/${last.total} ${last.unit}`;
    const parts = [last.phase === undefined ? what : `${last.phase} ${what}`];
    if (last.lossNats !== undefined) parts.push(`loss ${formatNumber(last.lossNats)}`);
    if (last.tokensPerSecond !== undefined) {
      parts.push(`${formatCount(last.tokensPerSecond)} tokens/s`);
    }
    const gone = last.done - first.done, spentMs = this.#now() - first.atMs;
    if (gone > 0 && last.total > last.done) {
      parts.push(`${formatDuration(spentMs / gone * (last.total - last.done))} left`);
    }
    return `${label}  ${parts.join(", ")}`;
  }

  #finished(): number {
    return Object.values(this.#counts).reduce((sum, each) => sum + each, 0);
  }

  #now(): number {
    return (this.options.now ?? Date.now)();
  }
}
