/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const TASKS_ERRORS: ErrorTable = {
  "tasks/checkpoint": { exit: 1, about: "a checkpoint that training cannot go on from" },
  "tasks/no-examples": { exit: 1, about: "data with nothing to learn, or to score on" },
  "tasks/leakage": { exit: 1, about: "more of a benchmark's parts in each other than maxLeakage" },
  "tasks/no-model": { exit: 1, about: "a fine-tuned model that was not kept, or is not whole" },
  "tasks/params": { exit: 2, about: "parameters or inputs of a task that do not go together" },
};
