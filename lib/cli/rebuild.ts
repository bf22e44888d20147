/** The command `rebuild`: the database made anew from the store's artifacts. */
import { ArtifactStore } from "../store/objects/artifacts.ts";
import { rebuild as rebuildDatabase } from "../store/database/rebuild.ts";
import { printError } from "./streams.ts";

/** Rebuilds what follows from artifacts; cells come back with the next run of their experiment. */
export async function rebuild({ results }: { readonly results: string }): Promise<void> {
  const store = await ArtifactStore.open(`${results}/store`, {
    onWarning: (message) => printError(`warning: ${message}`),
  });
  const count = await rebuildDatabase(store, `${results}/titrate.duckdb`);
  printError(
    `${count} artifacts recorded; run your experiments once more to record their cells and fits`,
  );
}
