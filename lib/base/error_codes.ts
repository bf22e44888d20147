/** The error codes that this folder throws. */
import type { ErrorTable } from "./errors.ts";

/** Exit code and meaning by code. */
export const BASE_ERRORS: ErrorTable = {
  "base/not-canonical": { exit: 2, about: "a value that has no canonical JSON form" },
  "base/secret": { exit: 1, about: "a secret that is not set, or another, where a task runs" },
};
