/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const BENCHMARKS_ERRORS: ErrorTable = {
  "benchmarks/bad-tag": { exit: 1, about: "a tag that is none of O, B, I, B-Type, I-Type" },
  "benchmarks/columns": { exit: 1, about: "a line with more or fewer columns than its file has" },
  "benchmarks/no-sentences": { exit: 1, about: "a file of tagged sentences that has none" },
  "benchmarks/no-tag": { exit: 1, about: "a line without its word or its tag" },
};
