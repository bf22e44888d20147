/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const EXECUTOR_ERRORS: ErrorTable = {
  "executor/file-changed": { exit: 1, about: "a file that changed after it was planned with" },
  "executor/input-lost": { exit: 1, about: "an artifact that a task needs is missing or damaged" },
  "executor/no-worker": { exit: 1, about: "a worker process that the system does not start" },
  "executor/secret": { exit: 1, about: "a task that writes a secret into its artifact" },
  "executor/results-lost": { exit: 1, about: "results that were deleted while a task ran" },
  "executor/worker-died": { exit: 1, about: "a worker process ended while it had work" },
};
