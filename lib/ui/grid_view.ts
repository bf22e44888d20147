/**
 * The grid of a run as it fills up: a table a stage, the last swept axis across, the others
 * down; cells that differ in their seed alone are one.
 */
import { summarise } from "../analysis/noise.ts";
import { canonical, type Json } from "../base/canonical.ts";
import type { TaskState } from "../base/task_state.ts";
import { goodnessOf, heatDepth } from "../page/heat_map.ts";
import { formatAxisValue } from "../report/text/labels.ts";
import { nameOfMetric, unitOf } from "../report/text/units.ts";
import type { RunWatch, WatchedTask } from "./run_watch.ts";
import type { KnownScore, Scores } from "./scores.ts";

/** A cell: its tasks, one a seed, and what they scored so far. */
export interface GridCell {
  /** In the order of the plan. */
  readonly tasks: readonly {
    readonly key: string;
    readonly label: string;
    readonly state: TaskState;
  }[];
  /** The mean of what is there, "71.2"; empty before that. */
  readonly value: string;
  /** Their standard deviation, "±0.4", where there are several. */
  readonly spread: string;
  /** The depth of its colour; absent: none. */
  readonly depth: number | undefined;
}

/** The table of a stage. */
export interface StageGrid {
  /** The stage. */
  readonly stage: string;
  /** "f1, % on test"; empty before anything is scored. */
  readonly measure: string;
  /** The axes that run down. */
  readonly down: readonly string[];
  /** The axis that runs across; empty where nothing does. */
  readonly across: string;
  /** Its values. */
  readonly heads: readonly string[];
  /** How many tasks more it has than are shown. */
  readonly more: number;
  /** The rows, by the values of the axes that run down; an absent cell is none of the spec's. */
  readonly rows: readonly {
    readonly labels: readonly string[];
    readonly cells: readonly (GridCell | undefined)[];
  }[];
}

/** What is known of scores. */
type Known = Pick<Scores, "of">;

interface Placed {
  readonly task: WatchedTask;
  readonly axes: Readonly<Record<string, Json>>;
}

/** Tasks of a stage that are shown; of more there is a count. */
const MOST_TASKS = 2000;

/** The tables of a run's stages, in the order of its plan. */
export function gridOf({ tasks }: Pick<RunWatch, "tasks">, scores: Known): StageGrid[] {
  const stages = new Map<string, Placed[]>();
  for (const task of tasks.values()) {
    for (const { stage, axes } of task.task.cells) {
      const placed = stages.get(stage);
      if (placed === undefined) stages.set(stage, [{ task, axes }]);
      else placed.push({ task, axes });
    }
  }
  return [...stages].map(([stage, placed]) => ({
    ...stageGrid(stage, placed.slice(0, MOST_TASKS), scores),
    more: Math.max(0, placed.length - MOST_TASKS),
  }));
}

function stageGrid(
  stage: string,
  placed: readonly Placed[],
  scores: Known,
): Omit<StageGrid, "more"> {
  const names = [...new Set(placed.flatMap(({ axes }) => Object.keys(axes)))];
  const isSwept = (axis: string) =>
    new Set(placed.map(({ axes }) => canonical(axes[axis] ?? null))).size > 1;
  const isSeed = (axis: string) =>
    placed.every(({ axes, task: { task } }) => task.seed !== undefined && axes[axis] === task.seed);
  const swept = names.filter((axis) => isSwept(axis) && !isSeed(axis));
  const across = swept.at(-1), down = swept.slice(0, -1);
  const heads = valuesOf(placed, across === undefined ? [] : [across]);
  const rows = valuesOf(placed, down);
  const cellAt = new Map<string, Placed[]>();
  const placeOf = (axes: Placed["axes"]) =>
    canonical([...down, ...across === undefined ? [] : [across]].map((axis) => axes[axis] ?? null));
  for (const each of placed) {
    const place = placeOf(each.axes), found = cellAt.get(place);
    if (found === undefined) cellAt.set(place, [each]);
    else found.push(each);
  }
  const shown = placed.map(({ task }) => scores.of(task.artifact))
    .find((score) => score !== undefined);
  const cells = rows.map((row) =>
    heads.map((head) => {
      const place = canonical([...row.values, ...head.values]);
      const found = cellAt.get(place);
      return found && { found, sample: sampleOf(found, scores) };
    })
  );
  const means = cells.flat().map((cell) => cell?.sample?.mean ?? NaN);
  const goodness = goodnessOf(means, shown?.declared?.better);
  return {
    stage,
    measure: shown === undefined
      ? ""
      : `${nameOfMetric(shown.metric, shown.declared)} on ${shown.split}`,
    down,
    across: across ?? "",
    heads: heads.map(({ labels }) => labels.join(", ")),
    rows: rows.map(({ labels }, y) => ({
      labels,
      cells: cells[y]!.map((cell, x) => {
        const depth = goodness[y * heads.length + x];
        return cell && cellView(cell, shown, depth === undefined ? undefined : heatDepth(depth));
      }),
    })),
  };
}

function cellView(
  { found, sample }: { found: readonly Placed[]; sample: ReturnType<typeof sampleOf> },
  shown: KnownScore | undefined,
  depth: number | undefined,
): GridCell {
  const { show } = unitOf(shown?.declared);
  return {
    tasks: found.map(({ task: { task, state } }) => ({
      key: task.key,
      label: task.label,
      state,
    })),
    value: sample === undefined ? "" : show(sample.mean),
    spread: sample?.deviation === undefined ? "" : `±${show(sample.deviation)}`,
    depth,
  };
}

function sampleOf(found: readonly Placed[], scores: Known) {
  const values = found.flatMap(({ task }) => {
    const score = scores.of(task.artifact);
    return score === undefined || !Number.isFinite(score.value) ? [] : [score.value];
  });
  return values.length === 0 ? undefined : summarise(values);
}

/** The combinations of values of axes, in the order in which they come. */
function valuesOf(placed: readonly Placed[], axes: readonly string[]) {
  const found = new Map<string, { values: Json[]; labels: string[] }>();
  for (const each of placed) {
    const values = axes.map((axis) => each.axes[axis] ?? null);
    const key = canonical(values);
    if (!found.has(key)) found.set(key, { values, labels: values.map(formatAxisValue) });
  }
  return [...found.values()];
}
