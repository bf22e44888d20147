/** The command `rebuild`: the database made anew from the store. */
import { counted } from "../base/count.ts";
import { ExperimentError } from "../base/errors.ts";
import { ArtifactStore } from "../store/objects/artifacts.ts";
import { rebuild as rebuildDatabase } from "../store/database/rebuild.ts";
import { resultsFolder } from "../store/results_folder.ts";
import { printError } from "./streams.ts";

/**
 * Rebuilds all that artifacts and journals of runs tell.
 *
 * @throws ExperimentError "cli/no-store" where there is nothing to rebuild from, and no
 *   folder is made
 */
export async function rebuild({ results }: { readonly results: string }): Promise<void> {
  const onWarning = (message: string) => printError(`warning: ${message}`);
  const folder = resultsFolder(results);
  if (!await isFolder(folder.store)) {
    throw new ExperimentError("cli/no-store", `there are no artifacts in ${folder.store}`, {
      mend: "name the folder that runs were given: --results FOLDER",
    });
  }
  const store = await ArtifactStore.open(folder.store, { onWarning });
  const { artifacts, runs, former } = await rebuildDatabase(folder, { store, onWarning });
  if (former !== undefined) printError(`the former database is kept as ${former}`);
  printError(`${counted(artifacts, "artifact")} and ${counted(runs, "run")} recorded`);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}
