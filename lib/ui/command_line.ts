/** How a run was called, as a person would type it. */
import { shellWord } from "../base/command.ts";
import type { LivePlan } from "../store/live/records.ts";

/** The command in a shell's words. */
export function shellLine({ argv }: Pick<LivePlan, "argv">): string {
  return ["deno", "task", ...argv.filter((each) => !each.startsWith("--started-from="))]
    .map(shellWord).join(" ");
}
