/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const GRAPH_ERRORS: ErrorTable = {
  "graph/choice-lost": { exit: 1, about: "what was chosen was deleted during a run" },
  "graph/missing-file": { exit: 2, about: "a file that params name does not exist" },
  "graph/over-budget": { exit: 2, about: "the plan costs more than the budget allows" },
  "graph/unreadable-file": { exit: 2, about: "a file that params name cannot be read" },
};
