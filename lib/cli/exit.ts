/** Exit codes, and which error leads to which. */
import type { ErrorTable, Fault } from "../base/errors.ts";
import { BASE_ERRORS } from "../base/error_codes.ts";
import { greatestOf } from "../base/extremes.ts";
import { BENCHMARKS_ERRORS } from "../benchmarks/error_codes.ts";
import { CLI_ERRORS } from "./error_codes.ts";
import { ENGINE_ERRORS } from "../engine/error_codes.ts";
import { EXECUTOR_ERRORS } from "../executor/error_codes.ts";
import { EXPERIMENT_ERRORS } from "../experiment/error_codes.ts";
import { GPU_ERRORS } from "../gpu/error_codes.ts";
import { GRAPH_ERRORS } from "../graph/error_codes.ts";
import { HUB_ERRORS } from "../hub/error_codes.ts";
import { MODEL_ERRORS } from "../model/error_codes.ts";
import { PAGE_ERRORS } from "../page/error_codes.ts";
import { RUN_ERRORS } from "../run/error_codes.ts";
import { STORE_ERRORS } from "../store/error_codes.ts";
import { TASKS_ERRORS } from "../tasks/error_codes.ts";
import { TEXT_ERRORS } from "../text/error_codes.ts";
import { TRAIN_ERRORS } from "../train/error_codes.ts";
import { UI_ERRORS } from "../ui/error_codes.ts";

/** 0 done, 1 something failed, 2 the spec or the call is wrong, 130 interrupted, 70 a bug. */
export const EXIT = { done: 0, failed: 1, wrongCall: 2, bug: 70, interrupted: 130 } as const;

/** Every error code of Titrate. */
export const ERROR_CODES: ErrorTable = {
  ...BASE_ERRORS,
  ...BENCHMARKS_ERRORS,
  ...CLI_ERRORS,
  ...ENGINE_ERRORS,
  ...EXECUTOR_ERRORS,
  ...EXPERIMENT_ERRORS,
  ...GPU_ERRORS,
  ...GRAPH_ERRORS,
  ...HUB_ERRORS,
  ...MODEL_ERRORS,
  ...PAGE_ERRORS,
  ...RUN_ERRORS,
  ...STORE_ERRORS,
  ...TASKS_ERRORS,
  ...TEXT_ERRORS,
  ...TRAIN_ERRORS,
  ...UI_ERRORS,
};

/** The exit code that faults lead to: the highest that any asks for; 1 for a code that is not ours. */
export function exitCodeOf(faults: readonly Fault[]): number {
  return greatestOf(faults.map(({ code }) => ERROR_CODES[code]?.exit ?? EXIT.failed));
}
