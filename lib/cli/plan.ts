/** The command `plan`: what a run would do, why, and what it costs. */
import { agreeing, counted, formatBytes, formatCount } from "../base/count.ts";
import { deviceOf } from "../engine/devices.ts";
import { isWaiting, type PlannedTask } from "../graph/plan.ts";
import { formatDuration } from "../report/text/format.ts";
import { formatReasonShortly } from "../report/text/reasons.ts";
import { formatTable } from "../report/text/table.ts";
import { checkStudyBudget, labelOf, openStudy, type Study } from "../run/study.ts";
import { forecastOf, type Prospect, prospectOf } from "../run/prospect.ts";
import { formatFiling } from "../run/variant.ts";
import { formatSlots } from "./device_slots.ts";
import { type SpecOptions, studyOptions } from "./options.ts";
import { printError, writeData, writeOutput } from "./streams.ts";

/** The options of `plan`. */
export interface PlanCommandOptions extends SpecOptions {
  /** Tasks at once. */
  readonly jobs: number;
  /** Whether to print JSON. */
  readonly json: boolean;
}

/** Stands for a key that follows from a choice. */
const NO_KEY = "(not yet)";

/** Prints the plan of a study; runs nothing. */
export async function plan(spec: string, options: PlanCommandOptions): Promise<void> {
  const asked = await studyOptions(spec, options, printError);
  const study = await openStudy({ ...asked, allowsAbsent: true });
  const prospect = prospectOf(study, await forecastOf(study), options.jobs);
  if (options.json) {
    writeData(`${JSON.stringify(planJson(study, prospect), null, 2)}\n`);
    return checkStudyBudget(study);
  }
  const lines = [...study.plan.tasks.values()].map((planned) => [
    labelOf(planned.task),
    isWaiting(planned) ? NO_KEY : planned.task.key.slice(0, 12),
    planned.state,
    planned.cost.steps > 0 ? String(planned.cost.steps) : "",
    why(planned, study),
  ]);
  const head = ["task", "key", "state", "steps", "why"];
  writeOutput(`${formatTable(head, lines, { right: (column) => column === 3 })}\n\n`);
  writeOutput(`${reportPlan(study, prospect).join("\n")}\n`);
  checkStudyBudget(study);
}

/** The plan in a few lines: counts, costs with and without sharing, what to be wary of. */
export function reportPlan({ filing, plan, graph, options }: Study, prospect: Prospect): string[] {
  const { counts, costs, otherCode, unknownCost, unshared } = plan;
  const unneeded = counts.unneeded > 0 ? `, ${counts.unneeded} not needed` : "";
  const lines = [
    `${formatFiling(filing)}: ${
      counted(plan.tasks.size, "task")
    }, ${counts.cached} cached${unneeded}, ` +
    `${counts.run} to run`,
  ];
  if (graph.absent.size > 0) {
    const [first] = graph.absent, { size } = graph.absent;
    lines.push(
      `${size} ${
        size === 1 ? "file is" : "files are"
      } not there, such as ${first}: planned by what ` +
        "the spec declares of them; a run needs them, and keys are those of a run only then",
    );
  }
  if (graph.waiting.size > 0) {
    lines.push(
      `${counted(graph.waiting.size, "task")} of these ${
        agreeing(graph.waiting.size, "follows", "follow")
      } what is still to be chosen: such as are there already will not run`,
    );
  }
  const { left, leftUnshared } = costs;
  if (left.steps > 0) {
    const shared = leftUnshared.steps > left.steps
      ? ` (without shared training: ${formatCount(leftUnshared.steps)} steps, ` +
        `${formatCount(leftUnshared.tokens)} tokens, ${formatCount(leftUnshared.flops)} FLOPs)`
      : "";
    lines.push(
      `${formatCount(left.steps)} ${agreeing(left.steps, "step", "steps")}, ` +
        `${formatCount(left.tokens)} tokens, ` +
        `${formatCount(left.flops)} FLOPs${shared}`,
    );
  }
  if (unknownCost.size > 0) {
    lines.push(
      `FLOPs unknown of ${countsOf(unknownCost)}, and not counted: how much there is to train ` +
        "shows when what they read is there",
    );
  }
  if (counts.run > 0) lines.push(...reportProspect(prospect), ...reportDevice(options.device));
  for (const { whyNot, tasks } of unshared) {
    lines.push(
      `${counted(tasks, "task")} ${agreeing(tasks, "shares", "share")} no training: ${whyNot}`,
    );
  }
  for (const [kind, count] of otherCode) {
    lines.push(
      `note: ${counted(count, `cached ${kind} result`)} ${
        agreeing(count, "was", "were")
      } made by ` +
        `other code; --strict-code runs ${agreeing(count, "it", "them")} again`,
    );
  }
  return lines;
}

/** What of the tasks at once computes, where the device is shared in parts. */
function reportDevice(name: string): string[] {
  const device = deviceOf(name);
  if (device.trainingSlots() === 1) return [];
  return [`${name} takes ${formatSlots(device)} at a time: fine-tunings and evaluations share it`];
}

/** Time and disk, and of what they are not known. */
function reportProspect(prospect: Prospect): string[] {
  const { wallMs, workMs, slots, bytes, unknownTime, unknownBytes } = prospect;
  const parts: string[] = [];
  if (workMs > 0) {
    const atOnce = slots === 1
      ? ""
      : ` with ${slots} tasks at once (${formatDuration(workMs)} of work)`;
    parts.push(`about ${formatDuration(wallMs)}${atOnce}`);
  }
  if (bytes > 0) parts.push(`about ${formatBytes(bytes)} of disk`);
  const lines = parts.length === 0 ? [] : [`${parts.join(", ")}, ${byWhat(prospect)}`];
  if (unknownTime.size > 0) {
    lines.push(
      `time unknown of ${countsOf(unknownTime)}: nothing like it was recorded on this device yet`,
    );
  } else if (unknownBytes.size > 0) lines.push(`disk unknown of ${countsOf(unknownBytes)}`);
  return lines;
}

/** What time and disk are known by. */
function byWhat({ workMs, assumedMs, bytes, estimatedBytes }: Prospect): string {
  const isAllAssumed = workMs === assumedMs && bytes === estimatedBytes;
  if (isAllAssumed) return "by what the spec assumes and the kinds estimate";
  const guessed = [
    ...(assumedMs > 0 ? [`${formatDuration(assumedMs)} of work as the spec assumes`] : []),
    ...(estimatedBytes > 0 ? [`${formatBytes(estimatedBytes)} as the kinds estimate`] : []),
  ];
  const recorded = "by what was recorded of earlier runs";
  return guessed.length === 0 ? recorded : `${recorded}, but ${guessed.join(" and ")}`;
}

function countsOf(kinds: ReadonlyMap<string, number>): string {
  return [...kinds].map(([kind, count]) => `${count} ${kind}`).join(", ");
}

function why(planned: PlannedTask, study: Study): string {
  const { reason } = planned;
  if (reason === undefined) return "";
  const from = fromWhere(planned);
  const text = formatReasonShortly(reason, (key) => labelOfKey(study, key));
  return from === undefined ? text : `${text} (${from})`;
}

/** Where a training goes on, if it does not begin from the beginning. */
export function fromWhere({ start, resumesAt }: PlannedTask): string | undefined {
  if (resumesAt !== undefined) return `from its checkpoint at step ${resumesAt}`;
  return start === undefined ? undefined : `from step ${start.step}`;
}

/** What a task of the study is called. */
export function labelOfKey({ graph }: Study, key: string): string {
  const task = graph.tasks.get(key);
  return task === undefined ? key.slice(0, 12) : labelOf(task);
}

function planJson({ filing: { experiment, variant }, plan, graph }: Study, prospect: Prospect) {
  return {
    experiment,
    variant,
    counts: plan.counts,
    absentFiles: [...graph.absent],
    costs: plan.costs,
    prospect: {
      ...prospect,
      unknownTime: Object.fromEntries(prospect.unknownTime),
      unknownBytes: Object.fromEntries(prospect.unknownBytes),
    },
    tasks: [...plan.tasks.values()].map(({ task, state, reason, start, resumesAt, cost }) => ({
      // What follows a choice has none before that is made.
      ...(graph.waiting.has(task.key) ? {} : { key: task.key }),
      label: labelOf(task),
      kind: task.kind,
      cells: task.cells,
      state,
      cost,
      ...(start === undefined ? {} : { start }),
      ...(resumesAt === undefined ? {} : { resumesAt }),
      ...(reason === undefined ? {} : { reason }),
    })),
  };
}
