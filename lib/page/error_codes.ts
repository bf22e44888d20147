/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const PAGE_ERRORS: ErrorTable = {
  "page/nothing-to-compare": { exit: 2, about: "two experiments without a score in common" },
  "page/report-folder": { exit: 2, about: "a folder that a report cannot be written into" },
};
