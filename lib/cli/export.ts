/** The command `export`: the model of a cell as a folder that others load. */
import { shellWord } from "../base/command.ts";
import { ExperimentError } from "../base/errors.ts";
import { HOME_MEND, startsAtHome } from "../base/home.ts";
import { listOf } from "../base/list.ts";
import { exportTask, leavesModel } from "../run/export.ts";
import { labelOf, resolveStudy } from "../run/study.ts";
import { chooseTasks } from "./choose.ts";
import { type SpecOptions, studyOptions } from "./options.ts";
import { printError, writeData } from "./streams.ts";

/** The error of a spec that is given with a cell or a folder, and not both. */
export function noFolder(spec: string, other: string): ExperimentError {
  return new ExperimentError("cli/no-task", "a cell or the folder is not named", {
    mend: `name both: deno task export ${shellWord(spec)} STAGE ${shellWord(other)}`,
  });
}

/**
 * Exports a model and prints its folder. What is in that folder already is never written over.
 *
 * @throws ExperimentError "cli/no-task" where the name means no model or several,
 *   "cli/export-folder" where the folder is not empty or cannot be written, "run/no-model"
 */
export async function exportModel(
  { spec, name, folder }: {
    readonly spec: string;
    readonly name: string;
    readonly folder: string;
  },
  options: SpecOptions,
): Promise<void> {
  if (startsAtHome(folder)) {
    throw new ExperimentError("cli/export-folder", `the folder is ${JSON.stringify(folder)}`, {
      mend: HOME_MEND,
    });
  }
  const study = await resolveStudy(await studyOptions(spec, options, printError));
  const chosen = chooseTasks(study.graph.tasks.values(), name);
  const models = chosen.filter((task) => leavesModel(study, task));
  const [task, ...others] = models;
  if (task === undefined) {
    throw new ExperimentError("cli/no-task", `${labelOf(chosen[0]!)} leaves no model`, {
      mend: "name a task of pre-training, fine-tuning or the kind model",
    });
  }
  if (others.length > 0) {
    throw new ExperimentError("cli/no-task", `${models.length} tasks are called ${name}`, {
      mend: `name one: ${listOf(models.map(labelOf))}`,
    });
  }
  const isNew = await makeFolder(folder);
  try {
    const { architecture, notes } = await exportTask(study, task, folder);
    printError(`${labelOf(task)} as ${architecture}: ${shellWord(folder)}`);
    notes.forEach((note) => printError(`warning: ${note}`));
  } catch (error) {
    await emptyFolder(folder, { isNew });
    if (error instanceof ExperimentError || !isOfDisk(error)) throw error;
    throw cannotWrite(folder, error);
  }
  writeData(`${folder}\n`);
}

/** Makes the folder if it is not there; whether it was not. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    if (entries.length === 0) return false;
    throw new ExperimentError("cli/export-folder", `${folder} is not empty`, {
      at: { file: folder },
      mend: "name a folder that is not there yet; nothing is written over",
    });
  } catch (error) {
    if (error instanceof ExperimentError) throw error;
    if (!(error instanceof Deno.errors.NotFound)) throw cannotWrite(folder, error);
  }
  try {
    await Deno.mkdir(folder, { recursive: true });
    return true;
  } catch (error) {
    throw cannotWrite(folder, error);
  }
}

/** Leaves a folder as it was found, as far as that goes. */
async function emptyFolder(folder: string, { isNew }: { readonly isNew: boolean }): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(folder)) await Deno.remove(`${folder}/${name}`);
    if (isNew) await Deno.remove(folder);
  } catch {
    // What cannot be removed is seen by whoever looks; the first error is what matters.
  }
}

function isOfDisk(error: unknown): boolean {
  return typeof (error as { readonly code?: unknown } | null)?.code === "string";
}

function cannotWrite(folder: string, cause: unknown): ExperimentError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ExperimentError("cli/export-folder", `the model cannot be written there: ${why}`, {
    at: { file: folder },
    mend: "name a folder that this user may make, on a disk with room",
    cause,
  });
}
