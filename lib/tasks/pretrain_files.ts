/**
 * Where a pre-training's state lies on disk: artifacts, and checkpoints on the way.
 *
 * A checkpoint is a folder that is renamed into place when it is complete, so a
 * kill at any moment leaves the one before.
 */
import { join } from "node:path";
import { ExperimentError } from "../base/errors.ts";
import type { ParamSpec, TrainingState } from "../engine/engine.ts";
import { readState, writeMoments, writeParams } from "../model/checkpoint.ts";
import { BEGINNING, type TrainingPoint } from "../train/loop.ts";

/** A training's state and how far it is. */
export interface SavedTraining {
  /** How far it is. */
  readonly point: TrainingPoint;
  /** Parameters and moments at that point. */
  readonly state: TrainingState;
}

const MODEL = "model.safetensors", MOMENTS = "optimizer.safetensors", TRAINING = "training.json";

/** Writes what a later step needs besides the model: moments (none at step 0) and training.json. */
export async function writeTraining(
  dir: string,
  training: SavedTraining & { readonly specs: readonly ParamSpec[] },
): Promise<void> {
  const { point, state, specs } = training;
  if (point.step > 0) await writeMoments(join(dir, MOMENTS), { specs, state });
  await Deno.writeTextFile(join(dir, TRAINING), `${JSON.stringify(point)}\n`);
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
    point = { ...BEGINNING, ...JSON.parse(await Deno.readTextFile(file)) };
    if (!Number.isSafeInteger(point.step) || point.step < 0) throw new Error("no step");
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

  /** Saves a point, then removes the one before. */
  async save(point: TrainingPoint, state: TrainingState): Promise<void> {
    const writing = join(this.#dir, "writing"), done = this.#path(point.step);
    await removeIfThere(writing);
    await Deno.mkdir(writing);
    await writeParams(join(writing, MODEL), { specs: this.#specs, params: state.params });
    await writeTraining(writing, { point, state, specs: this.#specs });
    await removeIfThere(done);
    await Deno.rename(writing, done);
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
        return await readTraining(this.#path(step), this.#specs);
      } catch (error) {
        if (!(error instanceof ExperimentError)) throw error;
        onDamage(`the checkpoint of step ${step} is damaged and not used: ${error.message}`);
      }
    }
    return undefined;
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

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
