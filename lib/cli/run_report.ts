/**
 * What a run ends with: the grid and the fits on standard output, since they are its
 * result; how it went, and what to do next, on standard error.
 */
import { counted } from "../base/count.ts";
import { formatDuration } from "../report/text/format.ts";
import { formatFits, isMeaningless } from "../report/text/fits.ts";
import { formatGrid, headlineRows } from "../report/text/grid.ts";
import { formatCell } from "../report/text/labels.ts";
import { formatPublished } from "../report/text/published.ts";
import { declarationsOf } from "../run/results.ts";
import type { RunReport } from "../run/run.ts";
import { formatFiling } from "../run/variant.ts";
import { resultsFlag, shellWord } from "./options.ts";
import { printError, ReaderGone, writeData, writeOutput } from "./streams.ts";

/** What the end of a run is printed with. */
export interface ReportOptions {
  /** Whether standard output gets one line of JSON; the tables go to standard error then. */
  readonly json: boolean;
  /** The folder of results. */
  readonly results: string;
  /** What was doubtful, as it was printed while the run was on. */
  readonly warnings: readonly string[];
}

/** Prints the results of a run and how it ended. */
export function printReport(report: RunReport, { json, results, warnings }: ReportOptions): void {
  const { tasks: { total, cached, ran, failed }, rows, elapsedMs, isInterrupted } = report;
  const empty = report.fits.filter(({ points }) => points === 0)
    .map(({ fit, cell, warnings: [why] }) => `the fit ${formatCell(fit, cell)}: ${why}`);
  const fits = report.fits.filter(({ points }) => points > 0);
  const grid = formatGrid(headlineRows(rows));
  const published = formatPublished(report.published, rows);
  const texts = [
    ...(grid === "" ? [] : [grid]),
    ...(published === "" ? [] : [published]),
    ...(fits.length === 0 ? [] : [formatFits(fits, declarationsOf(rows))]),
  ];
  if (texts.length > 0) {
    printError("");
    (json ? printError : printResult)(texts.join("\n\n"));
  }
  printError("");
  for (const warning of empty) printError(`warning: ${warning}`);
  printError(
    `${formatFiling(report)}: ${
      counted(total, "task")
    }, ${cached} cached, ${ran} ran, ${failed} failed, ` +
      formatDuration(elapsedMs),
  );
  if (rows.length > 0) {
    const query = `FROM results WHERE experiment = '${report.experiment}'`;
    printError(`every metric: deno task sql ${shellWord(query)}${resultsFlag(results)}`);
  }
  if (failed > 0) {
    printError(`every failure: deno task sql "FROM failures"${resultsFlag(results)}`);
  }
  if (isInterrupted) printError("interrupted; the same command goes on where it stopped");
  if (json) printResult(reportJson(report, [...warnings, ...empty]), writeData);
}

/** A run as one line of JSON; what is not finite, or means nothing, is null. */
function reportJson(report: RunReport, warnings: readonly string[]): string {
  const { experiment, variant, run, tasks, elapsedMs, rows } = report;
  const fits = report.fits.map((fit) =>
    isMeaningless(fit.shape) ? { ...fit, parameters: null, intervals: null } : fit
  );
  const scores = rows.map(({ declared, x, ...score }) => (
    { ...score, unit: declared?.unit, facts: x }
  ));
  return JSON.stringify({ experiment, variant, run, tasks, elapsedMs, scores, fits, warnings });
}

/** Prints a result; with nobody there to read it, the run was worth its while all the same. */
function printResult(text: string, write = writeOutput): void {
  try {
    write(`${text}\n`);
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error;
  }
}
