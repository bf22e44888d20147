/** A planned task as an executor takes it: all that a worker needs to know, by value. */
import { deviceOf } from "../engine/devices.ts";
import type { Job } from "../executor/executor.ts";
import type { Task } from "../graph/node.ts";
import type { PlannedTask } from "../graph/plan.ts";
import type { InputRoles, TaskKind } from "../graph/task.ts";
import type { Study } from "./study.ts";

/** What results come of, by their tasks' keys. */
export interface Origins {
  /** The training that a task is a point of. */
  readonly trajectoryOf: (key: string) => string | undefined;
  /** The seed that it is of. */
  readonly seedOf: (key: string) => number | undefined;
}

/** The trainings and seeds that a task's inputs are of, by their keys, where its kind asks for them. */
function originsOf(
  { inputs }: Task,
  kind: TaskKind,
  { trajectoryOf, seedOf }: Origins,
): Pick<Job, "trainings" | "seeds"> {
  const roles: InputRoles = kind.inputs;
  const asked = Object.entries(inputs).filter(([role]) => roles[role]?.tellsTraining === true);
  if (asked.length === 0) return {};
  const keys = asked.flatMap(([, refs]) => refs.map(({ key }) => key));
  const known = <Value>(of: (key: string) => Value | undefined): Record<string, Value> =>
    Object.fromEntries(keys.flatMap((key) => {
      const value = of(key);
      return value === undefined ? [] : [[key, value]];
    }));
  return { trainings: known(trajectoryOf), seeds: known(seedOf) };
}

/** What an executor is told of a planned task. */
export function jobOf(
  planned: PlannedTask,
  { options, code, graph }: Study,
  origins: Origins,
): Job {
  const { task, start, replaces, keepsState, keepsModel } = planned;
  return {
    key: task.key,
    kind: task.kind,
    version: task.version,
    params: task.params,
    inputs: task.inputs,
    ...originsOf(task, graph.kinds.get(task.kind)!, origins),
    device: options.device,
    numerics: deviceOf(options.device).numerics,
    code: code.get(task.kind)!,
    ...(start === undefined ? {} : { start }),
    ...(replaces === undefined ? {} : { replaces }),
    keepsState,
    keepsModel,
    strictCode: options.strictCode ?? false,
  };
}
