/** How far a run of another process has come, by what it tells while it is on. */
import type { TaskState } from "../base/task_state.ts";
import { EventReader, readNow, readPlan } from "../store/live/reader.ts";
import type { LiveNow } from "../store/live/records.ts";

/** A run as it stood when it said so last. */
export interface LiveProgress {
  /** Its tasks. */
  readonly total: number;
  /** Those of which nothing more comes. */
  readonly finished: number;
  /** Those of them that failed, or were skipped because another one failed. */
  readonly failed: number;
  /** When it was heard of last, in milliseconds since 1970; absent where it told nothing yet. */
  readonly atMs?: number;
  /** How much longer it takes, as far as that was known. */
  readonly left?: NonNullable<LiveNow["left"]>;
  /** What ran, with its names. */
  readonly running: readonly (LiveNow["running"][number] & { readonly label: string })[];
}

const UNFINISHED: ReadonlySet<TaskState> = new Set(["waiting", "ready", "running", "interrupted"]);

/** Reads it; undefined where the run told nothing, as one of an earlier version. */
export async function progressOf(live: string, run: string): Promise<LiveProgress | undefined> {
  const plan = await readPlan(live, run);
  if (plan === undefined) return undefined;
  const states = new Map(plan.tasks.map(({ key, state }) => [key, state]));
  for (const event of await new EventReader(live, run).next()) {
    if (event.type === "state") states.set(event.key, event.state);
    else if (event.type === "states") {
      plan.tasks.forEach(({ key }, i) => states.set(key, event.states[i] ?? states.get(key)!));
    }
  }
  const labels = new Map(plan.tasks.map(({ key, label }) => [key, label]));
  const now = await readNow(live, run);
  const left = now?.left;
  const count = (isMeant: (state: TaskState) => boolean) =>
    [...states.values()].filter(isMeant).length;
  return {
    total: plan.tasks.length,
    finished: count((state) => !UNFINISHED.has(state)),
    failed: count((state) => state === "failed" || state === "skipped"),
    ...(now === undefined ? {} : { atMs: now.atMs }),
    ...(left === undefined ? {} : { left }),
    running: (now?.running ?? []).map((each) => ({
      ...each,
      label: labels.get(each.key) ?? each.key,
    })),
  };
}
