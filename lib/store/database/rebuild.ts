/**
 * A database made anew from the artifacts alone.
 *
 * Tasks, params, scores and measurements come back as they were. Cells, runs and
 * fits are no part of artifacts: running an experiment again records its own,
 * which computes nothing.
 */
import { ExperimentError } from "../../base/errors.ts";
import { isPresent } from "../objects/_files.ts";
import type { ArtifactStore } from "../objects/artifacts.ts";
import { openDatabase } from "./database.ts";
import { storeFault } from "../faults.ts";
import { readMeasurements } from "../objects/measurements.ts";
import { Recorder, type RecorderOptions } from "./recorder.ts";

/** Rows that are kept in memory before they are written. */
const ARTIFACTS_A_BATCH = 200;

/**
 * Records every artifact of a store in a database, which is made if it is missing.
 *
 * What is no database any more is set aside first; other rows are left as they are.
 *
 * @returns how many artifacts were recorded
 * @throws ExperimentError as `Recorder.flush` and `ArtifactStore.find`
 */
export async function rebuild(
  store: ArtifactStore,
  path: string,
  options: RecorderOptions = {},
): Promise<number> {
  await setAsideIfDamaged(path, options);
  const recorder = Recorder.open(path, { ...options, intervalMs: 60_000 });
  let count = 0;
  for await (const record of store.list()) {
    recorder.recordArtifact(record, await readMeasurements(store.dirOf(record.key)));
    if (++count % ARTIFACTS_A_BATCH === 0) await recorder.flush();
  }
  await recorder.close();
  return count;
}

async function setAsideIfDamaged(path: string, options: RecorderOptions): Promise<void> {
  try {
    (await openDatabase(path, { canWrite: true, lockLimitMs: options.lockLimitMs })).close();
  } catch (error) {
    if (!(error instanceof ExperimentError) || error.code !== "store/not-a-database") throw error;
    let n = 1;
    while (await isPresent(`${path}.damaged-${n}`)) n++;
    const aside = `${path}.damaged-${n}`;
    try {
      await Deno.rename(path, aside);
      if (await isPresent(`${path}.wal`)) await Deno.rename(`${path}.wal`, `${aside}.wal`);
    } catch (cause) {
      throw storeFault(cause, { doing: "set the database aside", path });
    }
    options.onWarning?.(`${error.message}; it is set aside as ${aside}`);
  }
}
