/** The command `run`: shows progress, then the grid and the fits. */
import { resultsFlag } from "../base/command.ts";
import { openLocalExecutor } from "../run/local.ts";
import { forecastOf, prospectOf } from "../run/prospect.ts";
import { runStudy } from "../run/run.ts";
import { checkStudyBudget, deviceLimitOf, openStudy, placesOf } from "../run/study.ts";
import { Tracker } from "../run/tracker.ts";
import { EXIT } from "./exit.ts";
import { Interrupt } from "./interrupt.ts";
import { type SpecOptions, studyOptions } from "./options.ts";
import { ProgressLines } from "./progress/lines.ts";
import { ProgressBlock } from "./progress/terminal.ts";
import { printReport } from "./run_report.ts";
import { findPage } from "../store/live/address.ts";
import type { ResultsFolder } from "../store/results_folder.ts";
import { movesCursor, printError } from "./streams.ts";
import { reportPlan } from "./plan.ts";

/** The options of `run`. */
export interface RunCommandOptions extends SpecOptions {
  /** Tasks at once. */
  readonly jobs: number;
  /** Whether the first failure stops the rest. */
  readonly failFast: boolean;
  /** Whether it goes on without its terminal and without the process that started it. */
  readonly detached: boolean;
  /** Whether every point of a training keeps its optimizer's state. */
  readonly keepOptimizer: boolean;
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
  const { jobs, failFast, json, results } = options;
  const screen = options.quiet || !movesCursor("stderr")
    ? undefined
    : (await import("./screen.ts")).openScreen();
  const print = screen?.print ?? printError;
  const warnings: string[] = [];
  using interrupt = new Interrupt({ print, isDetached: options.detached });
  try {
    const study = await openStudy({
      ...await studyOptions(spec, options, print),
      isReadOnly: false,
      keepsState: options.keepOptimizer,
      onWarning: (message) => {
        warnings.push(message);
        print(`warning: ${message}`);
      },
    });
    const forecast = await forecastOf(study);
    for (const each of reportPlan(study, prospectOf(study, forecast, jobs))) print(each);
    checkStudyBudget(study);
    if (study.plan.counts.run > 0) print(await watchLine(study.folder, results));
    const tracker = new Tracker(study.plan, {
      forecast,
      slots: jobs,
      device: deviceLimitOf(study),
      placeOf: placesOf(study),
    });
    tracker.listen((event) => {
      if (event.type !== "warning") return;
      warnings.push(
        event.task === undefined ? event.message : `${event.task.label}: ${event.message}`,
      );
    });
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
    printReport(report, { json, results, warnings });
    const { tasks: { failed }, isInterrupted } = report;
    if (isInterrupted) return EXIT.interrupted;
    return failed > 0 ? EXIT.failed : EXIT.done;
  } catch (error) {
    if (interrupt.signal.aborted && error === interrupt.signal.reason) return EXIT.interrupted;
    throw error;
  }
}

/** Where the run can be watched; the secret of a page's address is known to who started it. */
async function watchLine({ live }: ResultsFolder, results: string): Promise<string> {
  const page = await findPage(live);
  return page === undefined
    ? `watch it: deno task ui${resultsFlag(results)}`
    : `watch it: http://127.0.0.1:${page.port}/ (process ${page.pid})`;
}
