/** The command `figure`: the curves of an experiment as one SVG file on standard output. */
import { resultsFlag } from "../base/command.ts";
import { listOf } from "../base/list.ts";
import { ExperimentError } from "../base/errors.ts";
import { mendName } from "../experiment/check/near.ts";
import { curvePanels } from "../report/figures/curves.ts";
import { curvesSpec } from "../report/figures/curves_spec.ts";
import { drawSvg } from "../report/figures/svg.ts";
import { headlineRows } from "../report/text/grid.ts";
import { readResults } from "../run/results.ts";
import { readExperiments } from "../store/database/results.ts";
import { readFits } from "../store/database/study.ts";
import { resultsFolder } from "../store/results_folder.ts";
import { kinds } from "../tasks/registry.ts";
import { writeData } from "./streams.ts";

/** The options of `figure`. */
export interface FigureOptions {
  /** The folder of results. */
  readonly results: string;
  /** Metrics to draw; absent: every headline one. */
  readonly metric: readonly string[];
}

/**
 * Draws the grid of an experiment: every metric over every swept axis, with fits.
 *
 * @throws ExperimentError "cli/no-figure" when there is nothing to draw
 */
export async function figure(experiment: string, options: FigureOptions): Promise<void> {
  const { database } = resultsFolder(options.results);
  const names = await readExperiments(database);
  if (!names.includes(experiment)) {
    throw nothing(`there is no experiment "${experiment}"`, mendName(experiment, names));
  }
  const all = await readResults(database, experiment, kinds);
  const measured = [...new Set(all.map(({ metric }) => metric))];
  const unknown = options.metric.find((name) => !measured.includes(name));
  if (unknown !== undefined && measured.length > 0) {
    throw nothing(`${experiment} has no metric "${unknown}"`, mendName(unknown, measured));
  }
  const rows = options.metric.length === 0
    ? headlineRows(all)
    : all.filter(({ metric, split }) => options.metric.includes(metric) && split !== "dev");
  const panels = curvePanels(rows, await readFits(database, experiment));
  if (panels.length === 0) {
    throw nothing(
      `${experiment} has no curve: no score was measured at two values of an axis yet`,
      `run it, or see what there is: deno task sql "FROM results WHERE experiment = '${experiment}'"` +
        resultsFlag(options.results),
    );
  }
  const title = { title: experiment, hasSeeds: new Set(rows.map(({ seed }) => seed)).size > 1 };
  const metrics = listOf([...new Set(panels.map(({ metric }) => metric))]);
  writeData(await drawSvg(curvesSpec(panels, title), `${experiment}: ${metrics}`));
}

function nothing(message: string, mend: string): ExperimentError {
  return new ExperimentError("cli/no-figure", message, { mend });
}
