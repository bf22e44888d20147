/** The checks of a kind once more when it runs: a key may have been asked for without a spec. */
import { ExperimentError, fault } from "../../base/errors.ts";
import type { ParamFault, TaskContext } from "../../graph/task.ts";

/**
 * Refuses params and inputs that do not go together, in the words of the spec's check.
 *
 * @throws ExperimentError "tasks/params" with every fault
 */
export function checkParams<P>(
  { params, inputs }: Pick<TaskContext<P>, "params" | "inputs">,
  check: (params: P, roles: readonly string[]) => readonly ParamFault[],
): void {
  const roles = Object.keys(inputs).filter((name) => inputs[name] !== undefined);
  const faults = check(params, roles).filter(({ isWarning }) => isWarning !== true);
  if (faults.length === 0) return;
  throw ExperimentError.of(
    faults.map(({ path, message, mend }) => fault("tasks/params", `${path}: ${message}`, { mend })),
  );
}
