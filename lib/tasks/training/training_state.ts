/**
 * What a training needs to go on, in the files of a folder: how far it is, and the
 * optimizer's moments of what is trained. The parameters are those of the model in the same
 * folder.
 */
import { join } from "node:path";
import { z } from "zod";
import { ExperimentError } from "../../base/errors.ts";
import { looseNumber, writeLooseJson } from "../../base/json.ts";
import type { ParamSpec, TrainingState } from "../../engine/engine.ts";
import { trainedOf } from "../../engine/optimizer.ts";
import { freshState, type Params } from "../../model/init.ts";
import { readParams, readWhole } from "../../model/weights/model_artifact.ts";
import { SafetensorsFile, writeSafetensors } from "../../model/weights/safetensors.ts";
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
  average: z.strictObject({
    sum: z.number(),
    weight: z.number().min(0),
    others: z.record(z.string(), z.number()).exactOptional(),
  }),
  measurements: z.array(z.strictObject({
    type: z.literal("measurement"),
    step: stepSchema,
    name: z.string(),
    split: z.enum(["train", "validation", "dev"]),
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
  const { point, state } = training, trained = trainedOf(training.specs);
  if (point.step > 0) {
    await writeSafetensors(momentsFile(dir), [
      ...named(trained, state.firstMoments, FIRST),
      ...named(trained, state.secondMoments, SECOND),
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
  if (point.step === 0) return { point, state: freshState(params, specs) };
  const moments = momentsFile(dir), trained = trainedOf(specs);
  const firstMoments = await readMoments(moments, trained, FIRST);
  const secondMoments = await readMoments(moments, trained, SECOND);
  return { point, state: { params, firstMoments, secondMoments } };
}

/**
 * The moments that another training ended with, for one that goes on with them.
 *
 * @param dir the artifact of that training
 * @param options specs: of the parameters to train; zeros: what moments begin with where that
 *   training had none, as of a new head, which `onFresh` is told
 * @throws ExperimentError "tasks/checkpoint" when the artifact was kept without them
 */
export async function carriedMoments(
  dir: string,
  { specs, zeros, onFresh }: {
    readonly specs: readonly ParamSpec[];
    readonly zeros: Moments;
    readonly onFresh: (note: string) => void;
  },
): Promise<Moments> {
  const file = momentsFile(dir), trained = trainedOf(specs);
  if (!await isThere(file)) {
    throw new ExperimentError(
      "tasks/checkpoint",
      "moments are to be carried on, but the model was kept without its optimizer's state, or " +
        "was not trained",
      { at: { file: dir }, mend: "give the model of a pre-training, or remove carryMoments" },
    );
  }
  const there = await namesIn(file);
  const known = trained.filter(({ name }) => there.has(FIRST + name));
  const lacking = trained.filter((each) => !known.includes(each));
  if (lacking.length > 0) {
    onFresh(
      `moments begin at 0, as init has none, of ${lacking.map(({ name }) => name).join(", ")}`,
    );
  }
  return {
    firstMoments: { ...zeros.firstMoments, ...await readMoments(file, known, FIRST) },
    secondMoments: { ...zeros.secondMoments, ...await readMoments(file, known, SECOND) },
  };
}

async function namesIn(file: string): Promise<ReadonlySet<string>> {
  using tensors = await SafetensorsFile.open(file);
  return new Set(tensors.entries.keys());
}

/** The moments of a training state. */
export type Moments = Pick<TrainingState, "firstMoments" | "secondMoments">;

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
