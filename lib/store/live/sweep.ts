/** Which runs' live folders stay. */
import { removeIfThere } from "../../base/files.ts";
import { isOn, liveRuns, readNow, readPlan } from "./reader.ts";

/** Runs that are kept, the newest ones; of others their journals tell how they ended. */
const KEPT_RUNS = 20;

/** A run of another computer, which may be gone with it, is over when it said nothing for so long. */
const SILENT_MS = 7 * 24 * 3600 * 1000;

/** Removes the folders of runs that are over, but for the newest. */
export async function sweepLive(live: string, own: string): Promise<void> {
  const runs = (await liveRuns(live)).filter((run) => run !== own);
  for (const run of runs.slice(0, -KEPT_RUNS)) {
    if (await isOver(live, run)) await removeIfThere(`${live}/${run}`);
  }
}

async function isOver(live: string, run: string): Promise<boolean> {
  const plan = await readPlan(live, run);
  if (plan === undefined || !isOn(plan)) return true;
  const heardMs = (await readNow(live, run))?.atMs ?? Date.parse(plan.startedAt);
  return Date.now() - heardMs > SILENT_MS;
}
