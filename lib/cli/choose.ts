/**
 * Which tasks a person means: by a stage's name, by a label such as `ner{seed=1}` with
 * all or some of its axes, or by a key's beginning.
 */
import { listOf } from "../base/list.ts";
import { ExperimentError } from "../base/errors.ts";
import { nearestName } from "../experiment/check/near.ts";
import type { Task, TaskCell } from "../graph/node.ts";
import { formatAxisValue, formatCell } from "../report/text/labels.ts";
import { labelOf } from "../run/study.ts";

/**
 * The tasks that are called so, in their order.
 *
 * @throws ExperimentError "cli/no-task" with the nearest name
 */
export function chooseTasks(tasks: Iterable<Task>, name: string): Task[] {
  const all = [...tasks];
  const isMeant = matcherOf(name);
  const named = all.filter((task) => labelOf(task) === name || task.cells.some(isMeant));
  if (named.length > 0) return named;
  // After the names: a stage may be called as keys begin, such as "a".
  const keyed = all.filter(({ key }) => name !== "" && key.startsWith(name));
  if (keyed.length > 0) return keyed;
  throw new ExperimentError("cli/no-task", `no task is called "${name}"`, {
    mend: mendOf(name, all),
  });
}

/** Whether a cell is of the stage, and has the values that the name gives of its axes. */
function matcherOf(name: string): (cell: TaskCell) => boolean {
  const [, stage, inside] = /^([^{]*)\{(.*)\}$/s.exec(name.trim()) ?? [];
  if (stage === undefined) return (cell) => cell.stage === name;
  const pairs = [...inside!.matchAll(/\s*([^=,\s]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)/g)]
    .map(([, axis, value]) => [axis!, value!.trim()] as const);
  return (cell) =>
    cell.stage === stage && pairs.length > 0 &&
    pairs.every(([axis, text]) => {
      const value = cell.axes[axis];
      return value !== undefined && (formatAxisValue(value) === text || value === text);
    });
}

function mendOf(name: string, tasks: readonly Task[]): string {
  const cells = tasks.flatMap((task) => task.cells);
  const stages = [...new Set(cells.map(({ stage }) => stage))];
  const labels = [...new Set(cells.map(({ stage, axes }) => formatCell(stage, axes)))];
  const near = nearestName(name, stages) ?? nearestName(name, labels);
  const stage = name.replace(/\{.*/s, "");
  const ofStage = cells.filter((cell) => cell.stage === stage);
  if (near !== undefined && ofStage.length === 0) return `write ${near}`;
  if (ofStage.length > 0) {
    return `its tasks are ${listOf(ofStage.map(({ axes }) => formatCell(stage, axes)))}`;
  }
  return `give a stage (${listOf(stages)}), a label or a key as \`deno task plan\` prints them`;
}
