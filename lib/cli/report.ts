/** The command `report`: an experiment, or two compared, as a page and as Markdown. */
import { counted } from "../base/count.ts";
import { writeReport } from "../page/report/files.ts";
import { reportOf } from "../page/report/report.ts";
import { resultsFolder } from "../store/results_folder.ts";
import { kinds } from "../tasks/registry.ts";
import { reportFolder } from "./launch/report_folder.ts";
import { printError, writeData } from "./streams.ts";

/** The options of `report`. */
export interface ReportCommandOptions {
  /** The folder of results. */
  readonly results: string;
  /** The folder that the report is written into; one of the results' unless given. */
  readonly out?: string;
}

/**
 * Writes the report and prints the path of its page.
 *
 * @param other the experiment that the first one is compared with
 */
export async function report(
  experiment: string,
  other: string | undefined,
  { results, out }: ReportCommandOptions,
): Promise<void> {
  const { database } = resultsFolder(results);
  const source = { database, kinds };
  const made = other === undefined
    ? await reportOf(experiment, source)
    : await (await import("../page/report/compare.ts")).comparisonOf([experiment, other], source);
  const experiments = other === undefined ? [experiment] : [experiment, other];
  const folder = reportFolder({ results, out, experiments });
  const { page, markdown, drawings } = await writeReport(made, folder);
  for (const { sentences: [first] } of made.answers) printError(first!);
  printError(`${markdown} says the same, with ${counted(drawings, "drawing")} beside it`);
  writeData(`${page}\n`);
}
