/** The words for where a task of a run stands. */

/**
 * Where a task of a run stands, always exactly one of:
 *
 * - "waiting": something it reads is not done
 * - "ready": all it reads is there; it waits for a free place
 * - "running": a worker has it
 * - "done": it ran, and its artifact is committed
 * - "cached": its artifact was there, or another run made it meanwhile
 * - "unneeded": its artifact is missing, but nothing that runs reads it
 * - "failed": it ran and threw
 * - "skipped": something it reads failed
 * - "interrupted": it was stopped while it ran; the next run goes on there
 *
 * Planner, scheduler, tracker, database and whatever shows a run use these words alone.
 */
export type TaskState = (typeof TASK_STATES)[number];

/** The states, as they are shown side by side. */
export const TASK_STATES = [
  "waiting",
  "ready",
  "running",
  "done",
  "cached",
  "unneeded",
  "failed",
  "skipped",
  "interrupted",
] as const;
