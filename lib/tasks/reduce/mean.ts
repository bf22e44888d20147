/**
 * The task kind `mean`: scores over several cells, such as seeds or folds, as their mean, its
 * standard error, their deviation and number, and the best of them beside those.
 */
import { z } from "zod";
import { listOf } from "../../base/list.ts";
import { compareText } from "../../base/order.ts";
import { defineKind, many } from "../../graph/kind.ts";
import type { Metric, Score, ScoreName } from "../../base/measures.ts";
import type {
  Facts,
  GivenScores,
  InputArtifact,
  ParamFault,
  TaskContext,
  TaskKind,
  TaskOutcome,
} from "../../graph/task.ts";
import { modelArtifact } from "../../model/weights/model_artifact.ts";
import { scoresArtifact } from "../../benchmarks/scores_artifact.ts";
import { fineTunedArtifact } from "../finetune/fine_tuned.ts";
import { commonLeaves, leavesOf } from "./leaves.ts";
import { type Mean, meanArtifact } from "./mean_artifact.ts";
import type { Metrics } from "./metrics.ts";

const schema = z.strictObject({});

/** What stands behind a metric's name for what else is told of it. */
const DEVIATION = "Deviation", BEST = "Best";

const cells = {
  types: [fineTunedArtifact.type, scoresArtifact.type, modelArtifact.type, meanArtifact.type],
  open: openMean,
};

const roles = { of: { ...many(cells, "the cells"), isSet: true, givesSeed: true } } as const;

/** What a cell is in common with others: of a mean, what its own cells are. */
export async function openMean(dir: string): Promise<Mean | undefined> {
  try {
    return await meanArtifact.open(dir);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The kind and params of a task; of a mean those of its cells. */
export async function recipeOf({ made, open }: InputArtifact<Mean | undefined>): Promise<Mean> {
  return await open() ?? { kind: made.kind, common: leavesOf(made.params) };
}

/** The task kind `mean` of the metrics that there are. */
export function mean(metrics: Metrics): TaskKind<Record<never, never>, typeof roles> {
  return defineKind({
    kind: "mean",
    version: 1,
    about: "Mean, deviation and standard error of scores over cells, such as seeds or folds.",
    params: schema,
    inputs: roles,
    produces: { "": meanArtifact.type },
    isNumeric: false,
    entry: import.meta.url,
    metrics: { ...ofMeans(metrics), cells: CELLS },
    metricsAbout: "of each metric of the cells its mean; with Deviation behind its name their " +
      "standard deviation; with Best the best of them, which is no estimate of anything; and " +
      "cells, their number.",
    scores: (_, given) => scoreNames(metrics, given),
    checkScores: (_, { of = [] }) => checkScores(metrics, of),
    run: (context) => run(context, metrics),
  });
}

/** Every cell must have the scores of all others: a mean over some would pass for one over all. */
function checkScores(
  metrics: Metrics,
  of: readonly (readonly ScoreName[])[],
): ParamFault[] {
  if (of.some((scores) => scores.length === 0)) {
    return [{ path: "of", message: "what is averaged has no scores", mend: "give scored stages" }];
  }
  const names = of.map((scores) =>
    new Set(
      scores.filter(({ metric }) => metric in metrics)
        .map(({ benchmark, metric, split }) => `${metric} of ${benchmark} ${split}`),
    )
  );
  const some = [...new Set(names.flatMap((each) => [...each]))]
    .filter((name) => names.some((each) => !each.has(name)));
  if (some.length === 0) return [];
  return [{
    path: "of",
    message: `not all cells that are averaged have ${listOf(some, 3)}`,
    mend: "average cells of one data set and one list of parts: leave the axis that tells them " +
      'apart out of "over"',
  }];
}

const CELLS: Metric = {
  unit: "count",
  range: [0, Number.MAX_SAFE_INTEGER],
  isHeadline: false,
  about: "How many cells the means are of.",
};

/** What a mean tells of each metric. */
function ofMeans(metrics: Metrics): Metrics {
  return Object.fromEntries(
    Object.entries(metrics).flatMap(([name, metric]) => {
      const { range: _, better: __, ...rest } = metric;
      return [
        [name, { ...metric, isOfCells: true, about: `The mean over cells: ${metric.about}` }],
        [`${name}${DEVIATION}`, {
          ...rest,
          isHeadline: false,
          about: `The standard deviation of ${name} over cells.`,
        }],
        ...metric.better === undefined ? [] : [
          [`${name}${BEST}`, {
            ...metric,
            isHeadline: false,
            about:
              `The best ${name} of a cell: no estimate of anything, to be read beside the mean.`,
          }] as const,
        ],
      ] as const;
    }),
  );
}

function scoreNames(metrics: Metrics, { of = [] }: GivenScores = {}): ScoreName[] {
  const sets = new Map<string, ScoreName>();
  const names = of.flat().filter(({ metric }) => metric in metrics).flatMap((name) => {
    const { benchmark, metric, split } = name;
    sets.set(`${benchmark}\0${split}`, { benchmark, split, metric: "cells" });
    return [
      name,
      { benchmark, metric: `${metric}${DEVIATION}`, split },
      ...metrics[metric]!.better === undefined
        ? []
        : [{ benchmark, metric: `${metric}${BEST}`, split }],
    ];
  });
  return [...names, ...sets.values()];
}

async function run(
  { inputs: { of: members }, outDir, emit }: TaskContext<unknown, typeof roles>,
  metrics: Metrics,
): Promise<TaskOutcome> {
  const recipes = await Promise.all(members.map(recipeOf));
  const kinds = new Set(recipes.map(({ kind }) => kind));
  const scores = [...groups(members, metrics).values()].flatMap((found) =>
    summarised(found, { metrics, cells: members.length })
  );
  if (members.length === 1) {
    emit({ type: "warning", message: "one cell has no deviation, and its mean no standard error" });
  }
  const sets = new Map(scores.map(({ benchmark, split }) => [
    `${benchmark}\0${split}`,
    { benchmark, metric: "cells", split, value: members.length },
  ]));
  const all = [...scores, ...sets.values()];
  await meanArtifact.write(outDir, {
    kind: kinds.size === 1 ? [...kinds][0]! : "",
    common: commonLeaves(recipes.map(({ common }) => common)),
    cells: members.map(({ key, made }) => ({ key, scores: made.scores })),
    scores: all,
  });
  for (const { metric: name, split, value } of all) {
    emit({ type: "measurement", step: 0, name, split, value });
  }
  return { facts: commonFacts(members.map(({ facts }) => facts)), scores: all };
}

/** The scores of all cells by benchmark, metric and split, in the order of the first. */
function groups(
  members: readonly Pick<InputArtifact, "made">[],
  metrics: Metrics,
): ReadonlyMap<string, readonly Score[]> {
  return Map.groupBy(
    members.flatMap(({ made }) => made.scores.filter(({ metric }) => metric in metrics)),
    ({ benchmark, metric, split }) => `${benchmark}\0${metric}\0${split}`,
  );
}

/** Mean, deviation and best of the scores of one name. */
function summarised(
  found: readonly Score[],
  { metrics, cells }: { readonly metrics: Metrics; readonly cells: number },
): Score[] {
  const { benchmark, metric, split } = found[0]!;
  if (found.length < cells) {
    throw new Error(`${found.length} of ${cells} cells have ${metric} of ${benchmark} ${split}`);
  }
  // Sorted, so that the sum does not depend on the order of keys.
  const values = found.map(({ value }) => value).toSorted((a, b) => a - b);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = values.length < 2 ? undefined : Math.sqrt(squares / (values.length - 1));
  const { better } = metrics[metric]!;
  const best = better === "lower" ? values[0]! : values.at(-1)!;
  const named = (suffix: string, value: number) => (
    { benchmark, metric: `${metric}${suffix}`, split, value }
  );
  return [
    {
      ...named("", mean),
      ...deviation === undefined ? {} : { standardError: deviation / Math.sqrt(values.length) },
    },
    ...deviation === undefined ? [] : [named(DEVIATION, deviation)],
    ...better === undefined ? [] : [named(BEST, best)],
  ];
}

/** The facts that all cells have alike; what each spent itself is no fact of the mean. */
function commonFacts(all: readonly Facts[]): Facts {
  const [first = {}, ...others] = all;
  const entries = Object.entries(first).filter(([name, value]) =>
    !name.startsWith("own") && others.every((facts) => facts[name as keyof Facts] === value)
  );
  return Object.fromEntries(entries.sort(([a], [b]) => compareText(a, b)));
}
