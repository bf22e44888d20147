/**
 * The task kind `fit`: a curve through the scores of cells, as `fits:` of a spec asks for.
 *
 * It reads what cells scored and how far they had come, nothing of their files, so that a fit
 * is cached, keyed and explained like any other result.
 */
import { z } from "zod";
import { FIT_FORMS } from "../analysis/fit_forms.ts";
import type { ScalingFit } from "../analysis/scaling.ts";
import { FIT_FACTS, type FitFact } from "../base/facts.ts";
import { defineKind, type Many, many } from "../graph/kind.ts";
import type { InputArtifact, TaskContext, TaskKind, TaskOutcome } from "../graph/task.ts";
import { fitArtifact } from "./fit_artifact.ts";

const fact = z.enum(FIT_FACTS);

const schema = z.strictObject({
  benchmark: z.string().min(1).describe('The benchmark of the scores; "mlm" for held-out loss.'),
  metric: z.string().min(1).describe("The metric of the scores."),
  split: z.string().min(1).describe("The part of the data that they are of."),
  against: z.union([fact, z.array(fact).min(1)]).describe(
    "What stands on the x axis; of a form in several variables a list, in the order of the form.",
  ),
  form: z.enum(FIT_FORMS).default("saturating").describe("The form of the curve."),
});

/** The parameters of a fit. */
export type FitParams = z.output<typeof schema>;

interface FitRoles {
  readonly [role: string]: Many<void>;
  readonly cells: Many<void>;
}

/**
 * The task kind `fit`, of the scores of other kinds.
 *
 * @param measuring kinds, of which some have scores
 */
export function fit(measuring: readonly TaskKind[]): TaskKind<FitParams, FitRoles> {
  const kinds = new Map(measuring.map((kind) => [kind.kind, kind]));
  const types = measuring.flatMap(({ scores, produces }) =>
    scores === undefined ? [] : [produces[""] ?? []].flat()
  );
  const cells = { types: [...new Set(types)], open: () => Promise.resolve() };
  return defineKind({
    kind: "fit",
    version: 2,
    about: "Fits a curve to the scores of cells, with intervals and what to be wary of.",
    params: schema,
    inputs: {
      cells: {
        ...many(cells, "The cells whose scores are fitted."),
        isSet: true,
        looksOn: true,
        tellsTraining: true,
      },
    },
    produces: { "": fitArtifact.type },
    isNumeric: false,
    entry: import.meta.url,
    run: (context) => run(context, kinds),
  });
}

async function run(
  { params, inputs: { cells }, outDir }: TaskContext<FitParams, FitRoles>,
  kinds: ReadonlyMap<string, TaskKind>,
): Promise<TaskOutcome> {
  await fitArtifact.write(outDir, await fitCells(params, cells, kinds));
  return { facts: {}, scores: [] };
}

/** The curve through those cells that have the score and a known place. */
async function fitCells(
  { benchmark, metric, split, against, form }: FitParams,
  cells: readonly InputArtifact[],
  kinds: ReadonlyMap<string, TaskKind>,
): Promise<ScalingFit> {
  const { fitPoints } = await import("../analysis/fit_points.ts");
  const axes: readonly FitFact[] = typeof against === "string" ? [against] : against;
  const points = cells.flatMap(({ made, facts, training, seed }) => {
    const score = made.scores.find((each) =>
      each.benchmark === benchmark && each.metric === metric && each.split === split
    );
    const xs = axes.flatMap((name) => facts[name] ?? []);
    if (score === undefined || xs.length < axes.length) return [];
    return [{ xs, y: score.value, seed, trajectory: training }];
  });
  const declared = cells.map(({ made }) => kinds.get(made.kind)?.metrics?.[metric])
    .find((each) => each !== undefined);
  const { better, range } = declared ?? {};
  return fitPoints(points, { form, better, range });
}
