/** The command `where`: the folders of the artifacts that stand at a cell. */
import { resultsFlag, shellWord } from "../base/command.ts";
import { ExperimentError } from "../base/errors.ts";
import { labelOf, resolveStudy } from "../run/study.ts";
import { chooseTasks } from "./choose.ts";
import { type SpecOptions, studyOptions } from "./options.ts";
import { printError, writeData } from "./streams.ts";

/** The error of a spec that is given without a cell of it. */
export function noCell(spec: string): ExperimentError {
  return new ExperimentError("cli/no-task", `no cell of ${spec} is named`, {
    mend: `name one: deno task where ${shellWord(spec)} STAGE, or a label as ` +
      `deno task plan ${shellWord(spec)} prints them`,
  });
}

/**
 * Prints a folder a line: alone where the name means one task, after its label where it
 * means several. A model's folder is one that `transformers` can load.
 *
 * @throws ExperimentError "cli/no-task", "cli/no-artifact"
 */
export async function where(spec: string, name: string, options: SpecOptions): Promise<void> {
  const { graph, store } = await resolveStudy(await studyOptions(spec, options, printError));
  const chosen = chooseTasks(graph.tasks.values(), name);
  const there: [label: string, folder: string][] = [];
  for (const task of chosen) {
    if (await store.find(task.key) === undefined) continue;
    there.push([labelOf(task), await Deno.realPath(store.dirOf(task.key))]);
  }
  const missing = chosen.length - there.length;
  if (there.length === 0) {
    throw new ExperimentError(
      "cli/no-artifact",
      chosen.length === 1
        ? `${labelOf(chosen[0]!)} has no artifact`
        : `none of the ${chosen.length} tasks called ${name} has an artifact`,
      {
        mend: `run it: deno task run ${shellWord(spec)}${resultsFlag(options.results)}; ` +
          `deno task explain ${shellWord(spec)}${
            resultsFlag(options.results)
          } says why it is not there`,
      },
    );
  }
  if (missing > 0) printError(`${missing} of ${chosen.length} have no artifact`);
  for (const [label, folder] of there) {
    writeData(chosen.length === 1 ? `${folder}\n` : `${label}\t${folder}\n`);
  }
}
