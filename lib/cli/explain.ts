/** The command `explain`: field by field, why tasks are not cached. */
import { counted } from "../base/count.ts";
import { listOf } from "../base/list.ts";
import { components } from "../graph/key.ts";
import { isWaiting, type PlannedTask } from "../graph/plan.ts";
import { formatReason } from "../report/text/reasons.ts";
import { formatCell } from "../report/text/labels.ts";
import { fromWhere, labelOfKey } from "./plan.ts";
import { labelOf, openStudy, type Study } from "../run/study.ts";
import { formatFiling } from "../run/variant.ts";
import { chooseTasks } from "./choose.ts";
import { type SpecOptions, studyOptions } from "./options.ts";
import { printError, writeOutput } from "./streams.ts";

/** The options of `explain`. */
export interface ExplainOptions extends SpecOptions {
  /** A label, a stage, or a key's beginning; absent: every task that would run. */
  readonly task?: string | undefined;
}

/** Tasks whose whole identity is printed; of more only the reasons. */
const WHOLE_TASKS = 3;

/**
 * Prints why tasks run, and of a few what their keys are made of.
 *
 * @throws ExperimentError "cli/no-task" when nothing is called so
 */
export async function explain(spec: string, options: ExplainOptions): Promise<void> {
  const study = await openStudy(await studyOptions(spec, options, printError));
  if (study.filing.variant !== undefined) writeOutput(`${formatFiling(study.filing)}\n`);
  const chosen = choose(study, options.task);
  if (chosen.length === 0) writeOutput("everything is cached\n");
  for (const planned of chosen) {
    writeOutput(`${describe(study, planned, chosen.length <= WHOLE_TASKS)}\n`);
  }
}

function choose({ plan }: Study, name: string | undefined): PlannedTask[] {
  const tasks = [...plan.tasks.values()];
  if (name === undefined) return tasks.filter(({ state }) => state === "run");
  return chooseTasks(tasks.map(({ task }) => task), name).map(({ key }) => plan.tasks.get(key)!);
}

function describe(study: Study, planned: PlannedTask, whole: boolean) {
  const { task, state, reason, start, resumesAt } = planned;
  const isLate = isWaiting(planned);
  const lines = [`${labelOf(task)}: ${state}`, `  key ${isLate ? "not known yet" : task.key}`];
  for (const cell of task.cells.slice(1)) lines.push(`  also ${formatCell(cell.stage, cell.axes)}`);
  if (start !== undefined) lines.push(`  starts from step ${start.step} (${start.key})`);
  if (resumesAt !== undefined) {
    lines.push(`  goes on ${fromWhere(planned)}, ${counted(planned.cost.steps, "step")} left`);
  }
  if (reason !== undefined) {
    lines.push(...formatReason(reason, (key) => labelOfKey(study, key)).map((line) => `  ${line}`));
  }
  const follows = study.graph.follows.get(task.key) ?? [];
  for (const key of follows) lines.push(`  follows ${followed(study, key)}`);
  if (whole && !isLate) {
    lines.push("  the key is the hash of:");
    for (const { path, value } of components(study.graph.identities.get(task.key)!)) {
      lines.push(`    ${path}: ${JSON.stringify(value)}`);
    }
  }
  return lines.join("\n");
}

/** A choice that is made, and what it came to. */
function followed(study: Study, choice: string): string {
  const { key, params } = study.graph.chosen.get(choice)!;
  const values = Object.entries(params).map(([path, value]) => `${path} ${JSON.stringify(value)}`);
  const what = values.length === 0 ? "" : ` (${listOf(values)})`;
  return `${labelOfKey(study, choice)}, which chose ${labelOfKey(study, key)}${what}`;
}
