/**
 * Checkpoints on the way of a training, in its scratch folder.
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
import { writeParams } from "../../model/weights/model_artifact.ts";
import type { TrainingPoint } from "../../train/steps.ts";
import { readTraining, type SavedTraining, writeTraining } from "./training_state.ts";

/** The SHA-256 of every other file of a checkpoint by its name. */
const DIGESTS = "checkpoint.json";

const digestsSchema = z.record(z.string(), z.string());

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

/** Writes the digests of a folder's files into it, and forces all of it to the disk. */
async function seal(dir: string): Promise<void> {
  const names = await Array.fromAsync(Deno.readDir(dir), ({ name }) => name);
  const digests: Record<string, string> = {};
  for (const name of names.sort()) digests[name] = await sha256File(join(dir, name));
  await Deno.writeTextFile(join(dir, DIGESTS), `${JSON.stringify(digests)}\n`);
  for (const name of [...names, DIGESTS]) await syncPath(join(dir, name));
  await syncPath(dir);
}

/** Throws "tasks/checkpoint" unless a folder holds what it held when it was sealed. */
async function checkSeal(dir: string): Promise<void> {
  let digests: Readonly<Record<string, string>>;
  try {
    digests = digestsSchema.parse(JSON.parse(await Deno.readTextFile(join(dir, DIGESTS))));
  } catch (cause) {
    throw damaged(dir, `${DIGESTS} cannot be read`, cause);
  }
  for await (const { name } of Deno.readDir(dir)) {
    if (name !== DIGESTS && digests[name] === undefined) {
      throw damaged(dir, `${DIGESTS} does not name ${name}`);
    }
  }
  for (const [name, digest] of Object.entries(digests)) {
    const actual = await sha256File(join(dir, name)).catch((cause: unknown) => {
      throw damaged(dir, `${name} cannot be read`, cause);
    });
    if (actual !== digest) throw damaged(dir, `${name} is not what was saved`);
  }
}

function damaged(dir: string, why: string, cause?: unknown): ExperimentError {
  return new ExperimentError("tasks/checkpoint", why, {
    at: { file: dir },
    mend: "run again: the training starts from what comes before",
    cause,
  });
}
