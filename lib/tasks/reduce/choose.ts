/**
 * The task kind `choose`: of several candidates the one with the best score, by a metric and on
 * a part that the spec names. Its artifact is that candidate: stages that read it read the
 * candidate's own, or take over the params that were chosen over.
 *
 * Of candidates with equal scores the one counts whose params come first: compared path by path
 * in alphabetical order, numbers by size, then by key. The order of an axis plays no part.
 */
import { z } from "zod";
import { ExperimentError } from "../../base/errors.ts";
import { listOf } from "../../base/list.ts";
import { compareText } from "../../base/order.ts";
import { defineKind, many } from "../../graph/kind.ts";
import type { Score, ScoreName } from "../../base/measures.ts";
import type {
  GivenScores,
  InputArtifact,
  ParamFault,
  TaskContext,
  TaskKind,
  TaskOutcome,
} from "../../graph/task.ts";
import { modelArtifact } from "../../model/weights/model_artifact.ts";
import { fineTunedArtifact, linkModel } from "../finetune/fine_tuned.ts";
import { choiceArtifact } from "./choice_artifact.ts";
import { compareLeaves, differingLeaves, formatLeaves, type Leaves } from "./leaves.ts";
import { type Mean, meanArtifact } from "./mean_artifact.ts";
import { openMean, recipeOf } from "./mean.ts";
import type { Metrics } from "./metrics.ts";

/** The parameters of a choice. */
export interface ChooseParams {
  /** What the best is the best by. */
  readonly metric: string;
  /** The part that it is measured on. */
  readonly split: string;
  /** The data set, where candidates are scored on several. */
  readonly benchmark?: string | undefined;
}

const candidates = {
  types: [fineTunedArtifact.type, modelArtifact.type, meanArtifact.type],
  open: openMean,
};

const roles = {
  candidates: {
    ...many(candidates, "what is chosen from"),
    isSet: true,
    readsModel: "ifKept",
    givesSeed: true,
  },
} as const;

/** The part that nothing is chosen by, and that is looked at once. */
const HELD_BACK = "test";

/** The task kind `choose` among the metrics that there are. */
export function choose(metrics: Metrics): TaskKind<ChooseParams, typeof roles> {
  const ranked = Object.keys(metrics).filter((name) => metrics[name]!.better !== undefined);
  return defineKind({
    kind: "choose",
    version: 2,
    about: "Takes the candidate with the best score: its model, or the params that make it.",
    params: schemaOf(ranked),
    inputs: roles,
    produces: { "": choiceArtifact.type },
    chooses: true,
    isNumeric: false,
    dropsModel: true,
    entry: import.meta.url,
    metrics: Object.fromEntries(ranked.map((name) => [name, metrics[name]!])),
    metricsAbout: "the one that is chosen by, as the chosen candidate has it.",
    scores: (params, given) => matching(params, given),
    checkScores,
    run: (context) => run(context, metrics),
  });
}

function schemaOf(ranked: readonly string[]): z.ZodType<ChooseParams> {
  return z.strictObject({
    metric: z.enum(ranked).describe("What the best is the best by; which way is its own matter."),
    split: z.string().min(1).default("dev").describe(
      'The part that it is measured on: dev, or "validation" for held-out loss.',
    ),
    benchmark: z.string().min(1).optional().describe(
      "The data set, where candidates are scored on several.",
    ),
  });
}

function matching(
  { metric, split, benchmark }: ChooseParams,
  { candidates = [] }: GivenScores = {},
): ScoreName[] {
  const found = candidates.flat().filter((name) =>
    name.metric === metric && name.split === split &&
    (benchmark === undefined || name.benchmark === benchmark)
  );
  return [...new Map(found.map((name) => [name.benchmark, name])).values()];
}

function checkScores(params: ChooseParams, given: GivenScores): ParamFault[] {
  const { candidates = [] } = given, { metric, split, benchmark } = params;
  const faults: ParamFault[] = [];
  if (candidates.some((scores) => scores.some((each) => each.split === HELD_BACK))) {
    faults.push({
      path: "candidates",
      message: `every candidate would be scored on ${HELD_BACK}, not just the chosen one`,
      mend: "write evaluate: [dev] in their stage, and score the chosen one in a stage of its own",
    });
  }
  if (split === HELD_BACK) {
    faults.push({
      path: "split",
      message: `what is chosen by ${HELD_BACK} has no score that says how good it is`,
      mend: "choose on dev",
    });
  } else if (candidates.some((scores) => matching(params, { candidates: [scores] }).length === 0)) {
    const there = candidates.flat().map((each) =>
      `${each.metric} on ${each.split}${benchmark === undefined ? "" : ` of ${each.benchmark}`}`
    );
    faults.push({
      path: "metric",
      message: `the candidates have no ${metric} on ${split}` +
        (benchmark === undefined ? "" : ` of ${benchmark}`),
      mend: there.length === 0
        ? "give candidates that are scored"
        : `choose by ${listOf([...new Set(there)])}`,
    });
  }
  const sets = matching(params, given).map((each) => each.benchmark);
  if (sets.length > 1) {
    faults.push({
      path: "benchmark",
      message: `the candidates are scored on several data sets: ${listOf(sets)}`,
      mend: "name one of them as benchmark",
    });
  }
  return faults;
}

/** A candidate with its score and the params in which it differs. */
interface Candidate {
  readonly input: InputArtifact<Mean | undefined>;
  readonly score: Score;
  readonly recipe: Leaves;
  readonly params: Leaves;
}

async function run(
  context: TaskContext<ChooseParams, typeof roles>,
  metrics: Metrics,
): Promise<TaskOutcome> {
  const { params, inputs: { candidates }, outDir, emit, keepsModel } = context;
  const recipes = await Promise.all(candidates.map(recipeOf));
  const differing = differingLeaves(recipes.map(({ common }) => common));
  const { better } = metrics[params.metric]!;
  const ranked = candidates.map((input, i): Candidate => (
    { input, score: scoreOf(input, params), recipe: recipes[i]!.common, params: differing[i]! }
  )).sort((a, b) => compareCandidates(a, b, better));
  const [best] = ranked as [Candidate, ...Candidate[]];
  if (Number.isNaN(best.score.value)) {
    throw new ExperimentError(
      "tasks/params",
      `no candidate has a ${params.metric} that is a number`,
      {
        mend: "see why their trainings went wrong",
      },
    );
  }
  const tied = ranked.filter(({ score }) => score.value === best.score.value);
  if (tied.length > 1) {
    emit({
      type: "warning",
      message: `${tied.length} candidates have the best ${params.metric}, ${best.score.value}: ` +
        `${listOf(tied.map(nameOf))}; the first is taken`,
    });
  }
  const kinds = new Set(recipes.map(({ kind }) => kind));
  const kind = kinds.size === 1 ? [...kinds][0]! : "";
  await choiceArtifact.write(outDir, {
    kind,
    params: best.params,
    metric: params.metric,
    split: params.split,
    better: better!,
    tied: tied.length,
    candidates: ranked.map(({ input, score, params }) => ({ key: input.key, params, score })),
  });
  if (keepsModel) await linkModel(best.input.dir, outDir);
  for (const [path, value] of Object.entries(best.params)) {
    if (typeof value !== "number") continue;
    emit({ type: "measurement", step: 0, name: `chosen/${path}`, split: params.split, value });
  }
  const counted = { candidates: ranked.length, tied: tied.length };
  for (const [name, value] of Object.entries(counted)) {
    emit({ type: "measurement", step: 0, name, split: params.split, value });
  }
  const { ownSteps: _, ownTokens: __, ownFlops: ___, ...facts } = best.input.facts;
  const chosen = { key: best.input.key, kind, recipe: best.recipe, params: best.params };
  return { facts, scores: [best.score], hasModel: keepsModel, chosen };
}

function scoreOf({ key, made }: InputArtifact, params: ChooseParams): Score {
  const found = made.scores.filter((each) => matching(params, { candidates: [[each]] }).length > 0);
  if (found.length === 1) return found[0]!;
  throw new ExperimentError(
    "tasks/params",
    `the candidate ${key.slice(0, 12)} has ${found.length} scores of ${params.metric} on ` +
      params.split,
    { mend: "name metric, split and benchmark so that each candidate has one" },
  );
}

/** The better one first; what is no number comes last. */
function compareCandidates(
  a: Candidate,
  b: Candidate,
  better: "lower" | "higher" | undefined,
): number {
  const rank = ({ score: { value } }: Candidate) =>
    Number.isNaN(value) ? Infinity : better === "lower" ? value : -value;
  const [x, y] = [rank(a), rank(b)];
  if (x !== y) return x - y;
  return compareLeaves(a.params, b.params) || compareText(a.input.key, b.input.key);
}

function nameOf({ params, input }: Candidate): string {
  return formatLeaves(params) || input.key.slice(0, 12);
}
