/** A planned task as an executor takes it: all that a worker needs to know, by value. */
import { deviceOf } from "../engine/devices.ts";
import type { Job } from "../executor/executor.ts";
import type { Task } from "../graph/node.ts";
import type { PlannedTask } from "../graph/plan.ts";
import type { InputRoles, TaskKind } from "../graph/task.ts";
import type { Study } from "./study.ts";

/** The trainings that a task's inputs are of, by their keys, where its kind asks for them. */
function trainingsOf(
  { inputs }: Task,
  kind: TaskKind,
  trajectoryOf: (key: string) => string | undefined,
): Readonly<Record<string, string>> | undefined {
  const roles: InputRoles = kind.inputs;
  const asked = Object.entries(inputs).filter(([role]) => roles[role]?.tellsTraining === true);
  if (asked.length === 0) return undefined;
  return Object.fromEntries(
    asked.flatMap(([, refs]) => refs).flatMap(({ key }) => {
      const training = trajectoryOf(key);
      return training === undefined ? [] : [[key, training]];
    }),
  );
}

/** What an executor is told of a planned task. */
export function jobOf(
  planned: PlannedTask,
  { options, code, graph }: Study,
  trajectoryOf: (key: string) => string | undefined,
): Job {
  const { task, start, replaces, keepsState, keepsModel } = planned;
  const trainings = trainingsOf(task, graph.kinds.get(task.kind)!, trajectoryOf);
  return {
    key: task.key,
    kind: task.kind,
    version: task.version,
    params: task.params,
    inputs: task.inputs,
    ...(trainings === undefined ? {} : { trainings }),
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
