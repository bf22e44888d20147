/**
 * The command `status`: experiments with their last runs, how far those are that are on, what
 * failed, what all cost and what takes room.
 */
import { resultsFlag, shellWord } from "../base/command.ts";
import { type ErrorCode, fault, formatFault } from "../base/errors.ts";
import { counted, formatBytes, formatCount } from "../base/count.ts";
import { formatAge, formatDuration } from "../report/text/format.ts";
import { formatCell } from "../report/text/labels.ts";
import { foldTable, formatTable } from "../report/text/table.ts";
import { wrapText } from "../report/text/wrap.ts";
import type { LiveProgress } from "../run/live_progress.ts";
import { type Overview, overviewOf, type Sizes } from "../run/overview.ts";
import { formatFiling } from "../run/variant.ts";
import type { RecordedCost, RecordedFault, RecordedRun } from "../store/database/overview.ts";
import { resultsFolder } from "../store/results_folder.ts";
import { type ShownTask, taskLine } from "./progress/task_line.ts";
import { widthOf, writeOutput } from "./streams.ts";

/** Running tasks that are told. */
const SHOWN_RUNNING = 6;

/** Failed tasks that are told in full. */
const SHOWN_FAILURES = 5;

/** Prints what is known of runs and results; reads only, also while a run is on. */
export async function status({ results }: { readonly results: string }): Promise<void> {
  const overview = await overviewOf(resultsFolder(results));
  const width = widthOf("stdout");
  const parts = [runsTable(overview, width), ...unfinishedTexts(overview, width)];
  if (overview.failures.length > 0) parts.push(failuresText(overview.failures, results));
  if (overview.costs.length > 0) parts.push(costsTable(overview.costs, width));
  parts.push(sizesTable(overview.sizes));
  writeOutput(`${parts.join("\n\n")}\n`);
}

function runsTable({ runs, states, progress }: Overview, width: number): string {
  const lines = runs.map((run) => {
    const tasks = tasksOf(run, progress.get(run.run));
    return [
      formatFiling(run),
      run.startedAt,
      formatAge(Date.now() - beginOf(run)),
      run.status,
      tasks === undefined ? "" : `${tasks.done}/${tasks.total}`,
      ...(["total", "cached", "ran", "failed"] as const).map((name) => String(tasks?.[name] ?? "")),
      run.elapsedMs === undefined ? "" : formatDuration(run.elapsedMs),
      [...states.get(run.experiment) ?? []].map(([state, count]) => `${count} ${state}`).join(", "),
    ];
  });
  const head = [
    "experiment",
    "last run (UTC)",
    "age",
    "status",
    "done",
    "tasks",
    "cached",
    "ran",
    "failed",
    "time",
    "cells' tasks now",
  ];
  const right = (column: number) => column === 2 || column >= 4 && column <= 9;
  return foldTable(head, lines, { right, width });
}

/** The tasks of a run: as it ended, else as far as it told of them. */
interface ShownTasks extends Partial<NonNullable<RecordedRun["tasks"]>> {
  /** All. */
  readonly total: number;
  /** Those whose results are there. */
  readonly done: number;
}

function tasksOf({ tasks }: RecordedRun, told: LiveProgress | undefined): ShownTasks | undefined {
  if (tasks !== undefined) return { ...tasks, done: tasks.cached + tasks.ran };
  if (told === undefined) return undefined;
  const { total, finished, failed } = told;
  return { total, done: finished - failed, failed };
}

/** When a run began, in milliseconds since 1970. */
function beginOf({ startedAt }: RecordedRun): number {
  return Date.parse(`${startedAt.replace(" ", "T")}Z`);
}

/** What runs in detail, and of what was killed, when it was heard of last and how to go on. */
function unfinishedTexts(
  { runs, progress }: Overview,
  width: number,
): string[] {
  return runs.flatMap((run) => {
    const found = progress.get(run.run);
    if (run.status === "killed") {
      const { atMs, finished, total } = found ?? {};
      const heard = atMs === undefined
        ? ""
        : `, heard of last ${formatAge(Date.now() - atMs)} ago at ${finished}/${total} tasks`;
      const text = `${formatFiling(run)} was killed${heard}: nothing of it runs any more. ` +
        "What was done is kept; to go on:";
      const again = `  deno task ${run.argv.map(shellWord).join(" ")}`;
      return [`${wrapText(text, { width, other: "  " })}\n${again}`];
    }
    if (run.status !== "running" || found === undefined) return [];
    const { left, finished, total, running } = found;
    const time = left === undefined || left.ms <= 0
      ? ""
      : `, ${left.unknown > 0 ? "over" : "about"} ${formatDuration(left.ms)} left`;
    const since = formatAge(Date.now() - beginOf(run));
    const head = `${formatFiling(run)} runs, since ${since}: ` +
      `${finished} of ${counted(total, "task")} done${time}`;
    const shown = running.slice(0, SHOWN_RUNNING).map((each) =>
      wrapText(taskLine({ ...each, progress: progressOfTask(each) }), {
        width,
        first: "  ",
        other: "    ",
      })
    );
    const more = running.length - shown.length;
    return [
      [wrapText(head, { width, other: "  " }), ...shown, ...more > 0 ? [`  and ${more} more`] : []]
        .join("\n"),
    ];
  });
}

/** How far a running task has come, once it has said so. */
function progressOfTask(
  { phase, done, total, unit, lossNats, tokensPerSecond }: LiveProgress["running"][number],
): ShownTask["progress"] {
  if (done === undefined || total === undefined || unit === undefined) return undefined;
  const number = (value: number | null | undefined) => value ?? undefined;
  return {
    phase,
    done,
    total,
    unit,
    lossNats: number(lossNats),
    tokensPerSecond: number(tokensPerSecond),
  };
}

/** What experiments cost: time of tasks one after the other, which is less on the clock. */
function costsTable(costs: readonly RecordedCost[], width: number): string {
  const lines = costs.map((
    { experiment, device = "no device", tasks, elapsedMs, flops, bytes },
  ) => [
    experiment,
    device,
    String(tasks),
    formatDuration(elapsedMs),
    flops === undefined ? "" : formatCount(flops),
    formatBytes(bytes),
  ]);
  const head = ["cost", "on", "tasks", "time of all tasks", "FLOPs", "artifacts"];
  return foldTable(head, lines, { right: (column) => column > 1, width });
}

function failuresText(failures: readonly RecordedFault[], results: string): string {
  const shown = failures.slice(0, SHOWN_FAILURES).map((each) => {
    const { experiment, stage, axes, code, message, file, line, column, mend } = each;
    const at = file === undefined ? undefined : {
      file,
      ...(line === undefined ? {} : { line }),
      ...(column === undefined ? {} : { column }),
    };
    const text = formatFault(fault(code as ErrorCode, message, { at, mend }));
    return `${experiment}: ${formatCell(stage, axes)} failed\n  ${text.replaceAll("\n", "\n  ")}`;
  });
  const more = failures.length - shown.length;
  if (more > 0) {
    shown.push(`and ${more} more: deno task sql "FROM failures"${resultsFlag(results)}`);
  }
  return shown.join("\n");
}

function sizesTable({ artifacts, scratch, aside, database }: Sizes): string {
  const kinds = [...artifacts].sort(([, a], [, b]) => b.bytes - a.bytes);
  const total = kinds.reduce((sum, [, { bytes }]) => sum + bytes, scratch + aside + database);
  const lines = [
    ...kinds.map(([kind, { count, bytes }]) =>
      [`${kind} artifacts`, String(count), bytes] as const
    ),
    ["checkpoints of unfinished tasks", "", scratch] as const,
    ["set aside, being written", "", aside] as const,
    ["database", "", database] as const,
  ].filter(([, , bytes]) => bytes > 0);
  const rows = [...lines, ["all", "", total] as const]
    .map(([what, count, bytes]) => [what, count, formatBytes(bytes)]);
  return formatTable(["on disk", "count", "size"], rows, { right: (column) => column > 0 });
}
