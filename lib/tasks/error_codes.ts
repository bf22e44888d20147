/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const TASKS_ERRORS: ErrorTable = {
  "tasks/model": { exit: 2, about: "a model given twice, or not at all" },
};
