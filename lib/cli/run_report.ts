/**
 * What a run ends with: its answer in three sentences, what to be wary of, the grid and the fits
 * on standard output, since they are its result; how it went, and what to do next, on standard
 * error.
 */
import { resultsFlag, shellWord } from "../base/command.ts";
import { counted } from "../base/count.ts";
import { type Answer, answerOf } from "../report/answer/answer.ts";
import { answerJson } from "../report/answer/answer_json.ts";
import { formatAnswer, formatScores, formatWarnings } from "../report/answer/answer_text.ts";
import { formatDuration } from "../report/text/format.ts";
import { formatFits, isMeaningless } from "../report/text/fits.ts";
import { formatForms } from "../report/text/forms.ts";
import { formatGrid, headlineRows } from "../report/text/grid.ts";
import { formatCell } from "../report/text/labels.ts";
import { formatPublished } from "../report/text/published.ts";
import { declarationsOf } from "../run/results.ts";
import type { RunReport } from "../run/run.ts";
import { formatFiling } from "../run/variant.ts";
import { printError, ReaderGone, showsBlocks, widthOf, writeData, writeOutput } from "./streams.ts";

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
  const { experiment, study, fits } = report;
  const answer = answerOf({ experiment, ...study, rows, fits });
  // Standard output is the program's under --json: people read on standard error.
  printError("");
  (json ? printError : printResult)(resultText(report, answer, json ? "stderr" : "stdout"));
  printError("");
  for (const warning of empty) printError(`warning: ${warning}`);
  printError(
    `${formatFiling(report)}: ${
      counted(total, "task")
    }, ${cached} cached, ${ran} ran, ${failed} failed, ` +
      formatDuration(elapsedMs),
  );
  if (rows.length > 0) {
    const query = `FROM results WHERE experiment = '${experiment}'`;
    printError(`every metric: deno task sql ${shellWord(query)}${resultsFlag(results)}`);
  }
  if (failed > 0) {
    printError(`every failure: deno task sql "FROM failures"${resultsFlag(results)}`);
  }
  if (isInterrupted) printError("interrupted; the same command goes on where it stopped");
  if (json) printResult(reportJson(report, answer, [...warnings, ...empty]), writeData);
}

/** The answer in sentences, what to be wary of, then tables: all no wider than where they stand. */
function resultText(
  { rows, published, fits }: RunReport,
  answer: Answer,
  stream: "stdout" | "stderr",
): string {
  const options = { width: widthOf(stream), hasCurves: showsBlocks(stream) };
  const fitted = fits.filter(({ points }) => points > 0);
  return [
    formatAnswer(answer, options),
    // What is wrong with a curve stands below the table of curves.
    formatWarnings(answer.warnings.filter(({ code }) => code !== "fit"), options),
    formatScores(answer, options),
    formatGrid(headlineRows(rows), options),
    formatPublished(published, rows, options),
    fitted.length === 0 ? "" : formatFits(fitted, declarationsOf(rows), options),
    formatForms(fitted, declarationsOf(rows), options),
  ].filter((text) => text !== "").join("\n\n");
}

/** A run as one line of JSON; what is not finite, or means nothing, is null. */
function reportJson(report: RunReport, answer: Answer, warnings: readonly string[]): string {
  const { experiment, variant, run, tasks, elapsedMs, rows } = report;
  const fits = report.fits.map((fit) =>
    isMeaningless(fit.shape) ? { ...fit, parameters: null, intervals: null } : fit
  );
  const scores = rows.map(({ declared, x, ...score }) => (
    { ...score, unit: declared?.unit, facts: x }
  ));
  return JSON.stringify({
    experiment,
    variant,
    run,
    tasks,
    elapsedMs,
    answer: answerJson(answer),
    scores,
    fits,
    warnings,
  });
}

/** Prints a result; with nobody there to read it, the run was worth its while all the same. */
function printResult(text: string, write = writeOutput): void {
  try {
    write(`${text}\n`);
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error;
  }
}
