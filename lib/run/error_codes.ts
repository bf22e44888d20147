/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const RUN_ERRORS: ErrorTable = {
  "run/bug": { exit: 1, about: "a task failed by a mistake in Titrate" },
};
