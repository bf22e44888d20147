/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const CLI_ERRORS: ErrorTable = {
  "cli/no-task": { exit: 2, about: "explain names a task that is not there" },
  "cli/permission": { exit: 2, about: "a folder that the process may not write to" },
};
