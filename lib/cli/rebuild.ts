/** The command `rebuild`: the database made anew from the store. */
import { ArtifactStore } from "../store/objects/artifacts.ts";
import { rebuild as rebuildDatabase } from "../store/database/rebuild.ts";
import { resultsFolder } from "../store/results_folder.ts";
import { printError } from "./streams.ts";

/** Rebuilds all but the fits, which come back with the next run of their experiment. */
export async function rebuild({ results }: { readonly results: string }): Promise<void> {
  const onWarning = (message: string) => printError(`warning: ${message}`);
  const folder = resultsFolder(results);
  const store = await ArtifactStore.open(folder.store, { onWarning });
  const { artifacts, runs, former } = await rebuildDatabase(folder, { store, onWarning });
  if (former !== undefined) printError(`the former database is kept as ${former}`);
  printError(
    `${artifacts} artifacts and ${runs} runs recorded; ` +
      "run your experiments once more to record their fits",
  );
}
