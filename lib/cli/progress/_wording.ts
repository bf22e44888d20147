/** How a run, a running task and what was skipped read as lines of text. */
import { counted } from "../../base/count.ts";
import { formatFault } from "../../base/errors.ts";
import { listOf } from "../../base/list.ts";
import type { RunEvent, TrackedTask } from "../../run/events.ts";
import type { RunningTask, RunSnapshot, TimeLeft } from "../../run/tracker.ts";
import { formatCount, formatDuration, formatNumber } from "../../report/text/format.ts";

/** Skipped tasks that are named for one reason; of more there is a count. */
const NAMED_SKIPS = 3;

/** The whole run in a line: how many tasks are where, since when, and for how much longer. */
export function runLine(
  { total, finished, counts, elapsedMs }: RunSnapshot,
  left: TimeLeft,
): string {
  const { done, cached, unneeded, running, failed, skipped } = counts;
  const parts = [`${done} done`, `${cached} cached`];
  if (unneeded > 0) parts.push(`${unneeded} not needed`);
  if (failed + skipped > 0) parts.push(`${failed} failed`, `${skipped} skipped`);
  parts.push(`${running} running`, formatDuration(elapsedMs));
  if (finished < total && left.ms > 0) {
    parts.push(`${left.unknown > 0 ? "over" : "about"} ${formatDuration(left.ms)} left`);
  }
  return `${finished}/${counted(total, "task")}: ${parts.join(", ")}`;
}

/** A running task in a line: what it does, how far it has come, how long it will take. */
export function taskLine({ task, elapsedMs, phaseMs, leftMs }: RunningTask): string {
  const { label, progress, waitsFor } = task;
  if (waitsFor !== undefined) return `${label}  waits for ${waitsFor}`;
  if (progress === undefined) return `${label}  starting, ${formatDuration(elapsedMs)}`;
  const { phase, done, total, unit, lossNats, tokensPerSecond } = progress;
  const what = unit === "steps" ? `step ${done}/${total}` : `${done}/${total} ${unit}`;
  // Of a phase that is not counted there is nothing to tell but its name, and since when.
  const isCounted = phase === undefined || total > 1;
  const parts = isCounted
    ? [phase === undefined ? what : `${phase} ${what}`]
    : [phase, formatDuration(phaseMs ?? elapsedMs)];
  if (lossNats !== undefined) parts.push(`loss ${formatNumber(lossNats)}`);
  if (tokensPerSecond !== undefined) parts.push(`${formatCount(tokensPerSecond)} tokens/s`);
  if (leftMs !== undefined) parts.push(`${formatDuration(leftMs)} left`);
  return `${label}  ${parts.join(", ")}`;
}

/** What stays to be read of an event, whatever shows the rest: failures, interrupts, warnings. */
export function lastingLines(event: RunEvent): string[] {
  switch (event.type) {
    case "warning": {
      const place = event.task === undefined ? "" : `${event.task.label}: `;
      return [`warning: ${place}${event.message}`];
    }
    case "waiting":
      return [`waiting  ${event.task.label}: ${event.holder} computes the same task`];
    case "state": {
      const { state, label, faults = [], isCancelled } = event.task;
      if (state === "interrupted") return [`${isCancelled ? "cancelled" : "interrupted"} ${label}`];
      if (state !== "failed") return [];
      return faults.map((each) => `failed   ${label}\n${formatFault(each)}`);
    }
    default:
      return [];
  }
}

/** What was skipped, a line for each failed or cancelled task because of which it was. */
export function skippedLines(tasks: Iterable<TrackedTask>): string[] {
  const labels = new Map<TrackedTask | undefined, string[]>();
  for (const { state, label, because } of tasks) {
    if (state !== "skipped") continue;
    const known = labels.get(because);
    if (known === undefined) labels.set(because, [label]);
    else known.push(label);
  }
  return [...labels].map(([because, skipped]) => {
    const named = listOf(skipped, NAMED_SKIPS);
    const what = because?.isCancelled === true ? "was cancelled" : "failed";
    return `skipped  ${named}: ${because?.label ?? "something before it"} ${what}`;
  });
}
