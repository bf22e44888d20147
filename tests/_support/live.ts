/** A run that is on, as its folder tells of it. */
import type { LivePlan } from "../../lib/store/live/records.ts";

/** The run. */
export const RUN = "20261126T080000Z-00ff";

/** Its plan: tasks by their keys, none begun. */
export function livePlan(
  keys: readonly string[],
  more: { readonly run?: string; readonly process?: LivePlan["process"] } = {},
) {
  return {
    run: RUN,
    experiment: "study",
    argv: ["run"],
    cwd: "/",
    startedAt: "2026-11-26T08:00:00Z",
    jobs: 1,
    device: "cpu",
    process: { pid: Deno.pid },
    tasks: keys.map((key) => (
      { key, kind: "ner", label: key.slice(0, 3), cells: [], state: "waiting" as const }
    )),
    ...more,
  };
}
