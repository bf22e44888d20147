/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const RUN_ERRORS: ErrorTable = {
  "run/no-model": { exit: 2, about: "a task whose model is asked for and not there" },
  "run/published": { exit: 2, about: "a table of published values that cannot be used" },
  "run/results-lost": { exit: 1, about: "results that were deleted while a run was on" },
  "run/unknown-experiment": { exit: 2, about: "an experiment that no run has recorded" },
  "run/bug": { exit: 1, about: "a task failed by a mistake in Titrate" },
};
