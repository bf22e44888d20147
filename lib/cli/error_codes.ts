/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const CLI_ERRORS: ErrorTable = {
  "cli/data-folder": { exit: 2, about: "a data folder that nothing is fetched into" },
  "cli/export-folder": { exit: 2, about: "a folder that a model cannot be exported into" },
  "cli/no-artifact": { exit: 2, about: "a task whose folder is asked for and not there" },
  "cli/no-cache": { exit: 2, about: "no folder of the user's is known to install into" },
  "cli/not-agreed": { exit: 2, about: "a question that nobody is there to answer" },
  "cli/no-figure": { exit: 2, about: "figure has nothing to draw" },
  "cli/no-kind": { exit: 2, about: "a kind that is not there" },
  "cli/no-store": { exit: 2, about: "a folder without artifacts to rebuild from" },
  "cli/no-task": { exit: 2, about: "a name that no task of the spec has" },
  "cli/no-query": { exit: 2, about: "sql without one question, or with two sources of it" },
  "cli/out-file": { exit: 2, about: "a file that rows cannot be written to" },
  "cli/nothing-named": { exit: 2, about: "data fetch without a spec or a model" },
  "cli/page-on": { exit: 2, about: "a live page that is served already" },
  "cli/permission": { exit: 2, about: "a right that the process lacks" },
};
