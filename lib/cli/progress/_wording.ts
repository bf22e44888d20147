/** How a run, what stays of its events and what was skipped read as lines of text. */
import { counted } from "../../base/count.ts";
import { formatFault } from "../../base/errors.ts";
import { listOf } from "../../base/list.ts";
import type { RunEvent, TrackedTask } from "../../run/events.ts";
import type { RunSnapshot, TimeLeft } from "../../run/tracker.ts";
import { formatDuration } from "../../report/text/format.ts";

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
