/**
 * Where a pre-training's state lies on disk: artifacts, and checkpoints on the way.
 *
 * A checkpoint is a folder that is renamed into place when it is complete and on
 * the disk, so a kill at any moment leaves the one before. It holds the digests of
 * its files: nobody else checks what stands in scratch, as the store does artifacts.
 */
import { join } from "node:path";
import { z } from "zod";
import { sha256File } from "../../base/digest.ts";
import { ExperimentError } from "../../base/errors.ts";
import { removeIfThere, syncPath } from "../../base/files.ts";
import type { ParamSpec, TrainingState } from "../../engine/engine.ts";
import { readState, writeMoments, writeParams } from "../../model/weights/checkpoint.ts";
import { replaceNonFinite } from "../../store/objects/record.ts";
import type { TrainingPoint } from "../../train/loop.ts";

/** A training's state and how far it is. */
export interface SavedTraining {
  /** How far it is. */
  readonly point: TrainingPoint;
  /** Parameters and moments at that point. */
  readonly state: TrainingState;
}

const MODEL = "model.safetensors", MOMENTS = "optimizer.safetensors", TRAINING = "training.json";
/** In a checkpoint only: the SHA-256 of every other file by its name. */
const DIGESTS = "checkpoint.json";

const stepSchema = z.int().min(0);

const pointSchema = z.strictObject({
  step: stepSchema,
  average: z.strictObject({ sum: z.number(), weight: z.number().min(0) }),
  measurements: z.array(z.strictObject({
    type: z.literal("measurement"),
    step: stepSchema,
    name: z.string(),
    split: z.enum(["train", "validation"]),
    value: z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"]).transform(Number)]),
  })),
  unmeasuredNorm: z.number().exactOptional(),
}).refine(
  ({ step, measurements }) => measurements.every((each) => each.step <= step),
  "a measurement of a later step",
);

const digestsSchema = z.record(z.string(), z.string());

/** Writes what a later step needs besides the model: moments (none at step 0) and training.json. */
export async function writeTraining(
  dir: string,
  training: SavedTraining & { readonly specs: readonly ParamSpec[] },
): Promise<void> {
  const { point, state, specs } = training;
  if (point.step > 0) await writeMoments(join(dir, MOMENTS), { specs, state });
  await Deno.writeTextFile(join(dir, TRAINING), `${JSON.stringify(point, replaceNonFinite)}\n`);
}

/**
 * Reads the state that a folder holds.
 *
 * @throws ExperimentError "train/checkpoint" or "model/safetensors" when it is not whole
 */
export async function readTraining(
  dir: string,
  specs: readonly ParamSpec[],
): Promise<SavedTraining> {
  const file = join(dir, TRAINING);
  let point: TrainingPoint;
  try {
    point = pointSchema.parse(JSON.parse(await Deno.readTextFile(file)));
  } catch (cause) {
    throw new ExperimentError("train/checkpoint", "cannot read how far the training is", {
      at: { file },
      mend: "remove the artifact, so that it is made again",
      cause,
    });
  }
  const params = join(dir, MODEL);
  const files = point.step > 0 ? { params, moments: join(dir, MOMENTS) } : { params };
  return { point, state: await readState(files, specs) };
}

/** The checkpoints of one training in its scratch folder; at most one is kept. */
export class Checkpoints {
  readonly #dir: string;
  readonly #specs: readonly ParamSpec[];

  /** Looks in a scratch folder, which exists. */
  constructor(dir: string, specs: readonly ParamSpec[]) {
    this.#dir = dir;
    this.#specs = specs;
  }

  /** Saves a point, then, once it is on the disk, removes the one before. */
  async save(point: TrainingPoint, state: TrainingState): Promise<void> {
    const writing = join(this.#dir, "writing"), done = this.#path(point.step);
    await removeIfThere(writing);
    await Deno.mkdir(writing);
    await writeParams(join(writing, MODEL), { specs: this.#specs, params: state.params });
    await writeTraining(writing, { point, state, specs: this.#specs });
    await seal(writing);
    await removeIfThere(done);
    await Deno.rename(writing, done);
    await syncPath(this.#dir);
    for (const step of await this.#steps()) {
      if (step !== point.step) await removeIfThere(this.#path(step));
    }
  }

  /**
   * The latest point; undefined when there is none, or it is damaged.
   *
   * @param onDamage told when a damaged one is passed over
   */
  async latest(onDamage: (message: string) => void): Promise<SavedTraining | undefined> {
    for (const step of (await this.#steps()).sort((a, b) => b - a)) {
      try {
        return await this.#read(step);
      } catch (error) {
        if (!(error instanceof ExperimentError)) throw error;
        onDamage(`the checkpoint of step ${step} is damaged and not used: ${error.message}`);
      }
    }
    return undefined;
  }

  async #read(step: number): Promise<SavedTraining> {
    const dir = this.#path(step);
    await checkSeal(dir);
    const saved = await readTraining(dir, this.#specs);
    if (saved.point.step !== step) throw damaged(dir, `it is of step ${saved.point.step}`);
    return saved;
  }

  #path(step: number): string {
    return join(this.#dir, `step-${step}`);
  }

  async #steps(): Promise<number[]> {
    const steps = [];
    for await (const { name } of Deno.readDir(this.#dir)) {
      const match = /^step-(\d+)$/.exec(name);
      if (match !== null) steps.push(Number(match[1]));
    }
    return steps;
  }
}

/** Writes the digests of a folder's files into it, and forces all of it to the disk. */
async function seal(dir: string): Promise<void> {
  const names = await Array.fromAsync(Deno.readDir(dir), ({ name }) => name);
  const digests: Record<string, string> = {};
  for (const name of names.sort()) digests[name] = await sha256File(join(dir, name));
  await Deno.writeTextFile(join(dir, DIGESTS), `${JSON.stringify(digests)}\n`);
  for (const name of [...names, DIGESTS]) await syncPath(join(dir, name));
  await syncPath(dir);
}

/** Throws "train/checkpoint" unless a folder holds what it held when it was sealed. */
async function checkSeal(dir: string): Promise<void> {
  let digests: Readonly<Record<string, string>>;
  try {
    digests = digestsSchema.parse(JSON.parse(await Deno.readTextFile(join(dir, DIGESTS))));
  } catch (cause) {
    throw damaged(dir, `${DIGESTS} cannot be read`, cause);
  }
  for (const name of [MODEL, TRAINING]) {
    if (digests[name] === undefined) throw damaged(dir, `${DIGESTS} does not name ${name}`);
  }
  for (const [name, digest] of Object.entries(digests)) {
    const actual = await sha256File(join(dir, name)).catch((cause: unknown) => {
      throw damaged(dir, `${name} cannot be read`, cause);
    });
    if (actual !== digest) throw damaged(dir, `${name} is not what was saved`);
  }
}

function damaged(dir: string, why: string, cause?: unknown): ExperimentError {
  return new ExperimentError("train/checkpoint", why, {
    at: { file: dir },
    mend: "run again: the training starts from what comes before",
    cause,
  });
}
