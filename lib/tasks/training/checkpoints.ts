/**
 * Checkpoints on the way of a training, in its scratch folder.
 *
 * A checkpoint is a folder that is renamed into place when it is complete and on
 * the disk, so a kill at any moment leaves the one before. It is sealed as artifacts are,
 * and checked here: nobody else looks at what stands in scratch.
 */
import { join } from "node:path";
import { ExperimentError } from "../../base/errors.ts";
import { removeIfThere, syncPath } from "../../base/files.ts";
import type { ParamSpec, TrainingState } from "../../engine/engine.ts";
import { writeParams } from "../../model/weights/model_artifact.ts";
import { damageOfFolder, sealFolder } from "../../store/objects/sealed_folder.ts";
import type { TrainingPoint } from "../../train/steps.ts";
import { readTraining, type SavedTraining, writeTraining } from "./training_state.ts";

/** Names every other file of a checkpoint, with its digest. */
const SEAL = "checkpoint.json";

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
    await writeParams(writing, { specs: this.#specs, params: state.params });
    await writeTraining(writing, { point, state, specs: this.#specs });
    await sealFolder(writing, SEAL);
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
    const why = await damageOfFolder(dir, SEAL);
    if (why !== undefined) throw damaged(dir, why);
    const saved = await readTraining(dir, this.#specs);
    if (saved.point.step !== step) throw damaged(dir, `it is of step ${saved.point.step}`);
    return saved;
  }

  #path(step: number): string {
    return join(this.#dir, `step-${step}`);
  }

  async #steps(): Promise<number[]> {
    return await stepsIn(this.#dir);
  }
}

async function stepsIn(dir: string): Promise<number[]> {
  const steps = [];
  for await (const { name } of Deno.readDir(dir)) {
    const match = /^step-(\d+)$/.exec(name);
    if (match !== null) steps.push(Number(match[1]));
  }
  return steps;
}

/** The step of the latest checkpoint in a scratch folder; it is not checked, and need not be sound. */
export async function latestStep(dir: string): Promise<number | undefined> {
  try {
    return (await stepsIn(dir)).sort((a, b) => b - a)[0];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function damaged(dir: string, why: string): ExperimentError {
  return new ExperimentError("tasks/checkpoint", why, {
    at: { file: dir },
    mend: "run again: the training starts from what comes before",
  });
}
