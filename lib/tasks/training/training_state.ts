/**
 * What a training needs to go on, in the files of a folder: how far it is, and the
 * optimizer's moments. The parameters are those of the model in the same folder.
 */
import { join } from "node:path";
import { z } from "zod";
import { ExperimentError } from "../../base/errors.ts";
import { looseNumber, writeLooseJson } from "../../base/json.ts";
import type { ParamSpec, TrainingState } from "../../engine/engine.ts";
import { freshState, type Params } from "../../model/init.ts";
import { readParams, readWhole } from "../../model/weights/model_artifact.ts";
import { writeSafetensors } from "../../model/weights/safetensors.ts";
import type { TrainingPoint } from "../../train/steps.ts";

/** A training's state and how far it is. */
export interface SavedTraining {
  /** How far it is. */
  readonly point: TrainingPoint;
  /** Parameters and moments at that point. */
  readonly state: TrainingState;
}

const FIRST = "first/", SECOND = "second/";

const stepSchema = z.int().min(0);

const pointSchema = z.strictObject({
  step: stepSchema,
  average: z.strictObject({ sum: z.number(), weight: z.number().min(0) }),
  measurements: z.array(z.strictObject({
    type: z.literal("measurement"),
    step: stepSchema,
    name: z.string(),
    split: z.enum(["train", "validation"]),
    value: looseNumber,
    standardError: z.exactOptional(looseNumber),
  })),
  unmeasuredNorm: z.number().exactOptional(),
}).refine(
  ({ step, measurements }) => measurements.every((each) => each.step <= step),
  "a measurement of a later step",
);

/** Writes how far a training is, and its moments; at step 0 those are zero and left out. */
export async function writeTraining(
  dir: string,
  training: SavedTraining & { readonly specs: readonly ParamSpec[] },
): Promise<void> {
  const { point, state, specs } = training;
  if (point.step > 0) {
    await writeSafetensors(momentsFile(dir), [
      ...named(specs, state.firstMoments, FIRST),
      ...named(specs, state.secondMoments, SECOND),
    ]);
  }
  await Deno.writeTextFile(pointFile(dir), `${writeLooseJson(point)}\n`);
}

/**
 * Reads the training that a folder holds, the parameters of its model included.
 *
 * @throws ExperimentError "tasks/checkpoint" or those of the model when it is not whole
 */
export async function readTraining(
  dir: string,
  specs: readonly ParamSpec[],
): Promise<SavedTraining> {
  const file = pointFile(dir);
  let point: TrainingPoint;
  try {
    point = pointSchema.parse(JSON.parse(await Deno.readTextFile(file))) as TrainingPoint;
  } catch (cause) {
    throw new ExperimentError("tasks/checkpoint", "cannot read how far the training is", {
      at: { file },
      mend: "remove the artifact, so that it is made again",
      cause,
    });
  }
  const params = await readParams(dir, specs);
  if (point.step === 0) return { point, state: freshState(params) };
  const moments = momentsFile(dir);
  const firstMoments = await readMoments(moments, specs, FIRST);
  const secondMoments = await readMoments(moments, specs, SECOND);
  return { point, state: { params, firstMoments, secondMoments } };
}

/**
 * Reads the training of an earlier point of a trajectory; undefined where the point was kept
 * without what going on takes.
 *
 * @throws as `readTraining`, and when the point is another than the planner says
 */
export async function readStart(
  { dir, step }: { readonly dir: string; readonly step: number },
  specs: readonly ParamSpec[],
): Promise<SavedTraining | undefined> {
  if (!await isThere(pointFile(dir))) return undefined;
  const saved = await readTraining(dir, specs);
  if (saved.point.step === step) return saved;
  throw new ExperimentError(
    "tasks/checkpoint",
    `the artifact is of step ${saved.point.step}, not ${step}`,
    { at: { file: dir }, mend: "remove the artifact, so that it is made again" },
  );
}

async function isThere(file: string): Promise<boolean> {
  try {
    return (await Deno.stat(file)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function readMoments(
  file: string,
  specs: readonly ParamSpec[],
  prefix: string,
): Promise<Params> {
  const found = await readWhole(file, specs.map((each) => ({ ...each, name: prefix + each.name })));
  return Object.fromEntries(specs.map((each) => [each.name, found[prefix + each.name]!]));
}

function named(specs: readonly ParamSpec[], values: Params, prefix: string) {
  return specs.map(({ name, shape }) => ({ name: prefix + name, shape, values: values[name]! }));
}

function momentsFile(dir: string): string {
  return join(dir, "optimizer.safetensors");
}

function pointFile(dir: string): string {
  return join(dir, "training.json");
}
