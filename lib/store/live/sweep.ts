/** Which runs' live folders stay. */
import { removeIfThere } from "../../base/files.ts";
import { isOn, liveRuns, readPlan } from "./reader.ts";

/** Runs that are kept, the newest ones; of others their journals tell how they ended. */
const KEPT_RUNS = 20;

/** Removes the folders of runs that are over, but for the newest. */
export async function sweepLive(live: string, own: string): Promise<void> {
  const runs = (await liveRuns(live)).filter((run) => run !== own);
  for (const run of runs.slice(0, -KEPT_RUNS)) {
    const plan = await readPlan(live, run);
    if (plan === undefined || !isOn(plan)) await removeIfThere(`${live}/${run}`);
  }
}
