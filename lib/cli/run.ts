/** The command `run`: shows progress, then the grid and the fits. */
import { formatDuration } from "../report/text/format.ts";
import { formatFits } from "../report/text/fits.ts";
import { formatGrid, headlineRows } from "../report/text/grid.ts";
import { openLocalExecutor } from "../run/local.ts";
import { declarationsOf } from "../run/results.ts";
import { runStudy } from "../run/run.ts";
import { checkStudyBudget, openStudy } from "../run/study.ts";
import { Tracker } from "../run/tracker.ts";
import { EXIT } from "./exit.ts";
import { type SpecOptions, studyOptions } from "./options.ts";
import { ProgressLines } from "./progress/lines.ts";
import { ProgressBlock } from "./progress/terminal.ts";
import { openScreen, printError, writeOutput } from "./streams.ts";
import { reportPlan } from "./plan.ts";

/** The options of `run`. */
export interface RunCommandOptions extends SpecOptions {
  /** Tasks at once. */
  readonly jobs: number;
  /** Whether the first failure stops the rest. */
  readonly failFast: boolean;
  /** Plain lines even on a terminal. */
  readonly quiet: boolean;
  /** Whether standard output gets one line of JSON. */
  readonly json: boolean;
}

/**
 * Runs a study.
 *
 * @returns the exit code
 * @throws ExperimentError when the spec is wrong or results cannot be written
 */
export async function run(spec: string, options: RunCommandOptions): Promise<number> {
  const { jobs, failFast, json } = options;
  const screen = options.quiet ? undefined : openScreen();
  const print = screen?.print ?? printError;
  const interrupt = new AbortController();
  const stopListening = listenForInterrupt(interrupt, print);
  try {
    const study = await openStudy(studyOptions(spec, options, print));
    for (const each of reportPlan(study)) print(each);
    checkStudyBudget(study);
    const tracker = new Tracker(study.plan);
    const display = screen === undefined
      ? new ProgressLines(tracker, print)
      : new ProgressBlock(tracker, screen);
    let report;
    try {
      await using executor = openLocalExecutor(study, { jobs });
      report = await runStudy(study, {
        executor,
        failFast,
        argv: Deno.args,
        signal: interrupt.signal,
        tracker,
      });
    } finally {
      display.end();
    }
    const grid = formatGrid(headlineRows(report.rows));
    if (grid !== "") printError(`\n${grid}`);
    const { fits } = report;
    if (fits.length > 0) printError(`\n${formatFits(fits, declarationsOf(report.rows))}`);
    const { tasks: { total, cached, ran, failed }, elapsedMs, isInterrupted } = report;
    printError(
      `\n${report.experiment}: ${total} tasks, ${cached} cached, ${ran} ran, ${failed} failed, ` +
        formatDuration(elapsedMs),
    );
    if (report.rows.length > 0) printError('every metric: deno task sql "SELECT * FROM results"');
    if (isInterrupted) printError("interrupted; the same command goes on where it stopped");
    if (json) {
      const { experiment, run, tasks } = report;
      writeOutput(`${JSON.stringify({ experiment, run, tasks, elapsedMs })}\n`);
    }
    if (isInterrupted) return EXIT.interrupted;
    return failed > 0 ? EXIT.failed : EXIT.done;
  } catch (error) {
    if (interrupt.signal.aborted && error === interrupt.signal.reason) return EXIT.interrupted;
    throw error;
  } finally {
    stopListening();
  }
}

/** First signal: stop cleanly. Second: leave at once; nothing is lost by that either. */
function listenForInterrupt(interrupt: AbortController, print: (text: string) => void) {
  const onSignal = () => {
    if (interrupt.signal.aborted) Deno.exit(EXIT.interrupted);
    print("stopping: running tasks save a checkpoint; once more to leave at once");
    interrupt.abort(new DOMException("the run was interrupted", "AbortError"));
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const each of signals) Deno.addSignalListener(each, onSignal);
  return () => {
    for (const each of signals) Deno.removeSignalListener(each, onSignal);
  };
}
