/** The command `status`: experiments with their last runs, what failed, what takes room. */
import { resultsFlag } from "../base/command.ts";
import { type ErrorCode, fault, formatFault } from "../base/errors.ts";
import { formatBytes, formatDuration } from "../report/text/format.ts";
import { formatCell } from "../report/text/labels.ts";
import { formatTable } from "../report/text/table.ts";
import { type Overview, overviewOf, type Sizes } from "../run/overview.ts";
import { formatFiling } from "../run/variant.ts";
import type { RecordedFault } from "../store/database/overview.ts";
import { resultsFolder } from "../store/results_folder.ts";
import { writeOutput } from "./streams.ts";

/** Failed tasks that are told in full. */
const SHOWN_FAILURES = 5;

/** Prints what is known of runs and results; reads only, also while a run is on. */
export async function status({ results }: { readonly results: string }): Promise<void> {
  const overview = await overviewOf(resultsFolder(results));
  const parts = [runsTable(overview)];
  if (overview.failures.length > 0) parts.push(failuresText(overview.failures, results));
  parts.push(sizesTable(overview.sizes));
  writeOutput(`${parts.join("\n\n")}\n`);
}

function runsTable({ runs, states }: Overview): string {
  const lines = runs.map((run) => [
    formatFiling(run),
    run.startedAt,
    run.status,
    ...(["total", "cached", "ran", "failed"] as const).map((name) =>
      String(run.tasks?.[name] ?? "")
    ),
    run.elapsedMs === undefined ? "" : formatDuration(run.elapsedMs),
    [...states.get(run.experiment) ?? []].map(([state, count]) => `${count} ${state}`).join(", "),
  ]);
  const head = [
    "experiment",
    "last run (UTC)",
    "status",
    "tasks",
    "cached",
    "ran",
    "failed",
    "time",
    "cells' tasks now",
  ];
  return formatTable(head, lines, { right: (column) => column >= 3 && column <= 7 });
}

function failuresText(failures: readonly RecordedFault[], results: string): string {
  const shown = failures.slice(0, SHOWN_FAILURES).map((each) => {
    const { experiment, stage, axes = {}, kind, key, code, message, file, line, column, mend } =
      each;
    const cell = stage === undefined ? `${kind} ${key.slice(0, 12)}` : formatCell(stage, axes);
    const at = file === undefined ? undefined : {
      file,
      ...(line === undefined ? {} : { line }),
      ...(column === undefined ? {} : { column }),
    };
    const text = formatFault(fault(code as ErrorCode, message, { at, mend }));
    return `${experiment === undefined ? "" : `${experiment}: `}${cell} failed\n  ${
      text.replaceAll("\n", "\n  ")
    }`;
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
