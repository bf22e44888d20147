/**
 * Early stopping on dev: a fine-tuning that has not got better for a while ends, and its best
 * weights are what it leaves.
 *
 * What was measured stands in checkpoints, and the best weights in the scratch folder. They are
 * there before a checkpoint tells of them, and whoever goes on from an earlier checkpoint comes
 * by them again, so that a kill at any moment changes no bit.
 */
import { join } from "node:path";
import { ExperimentError } from "../../base/errors.ts";
import { removeIfThere, syncPath } from "../../base/files.ts";
import type { ParamSpec } from "../../engine/engine.ts";
import type { Params } from "../../model/init.ts";
import { readParams, writeParams } from "../../model/weights/model_artifact.ts";
import { damageOfFolder, sealFolder } from "../../store/objects/sealed_folder.ts";
import type { TrainMeasurement } from "../../train/steps.ts";

/** When to stop. */
export interface StoppingRule {
  /** The metric on dev. */
  readonly metric: string;
  /** Which way is better. */
  readonly better: "lower" | "higher";
  /** So many measurements without a better one end the training. */
  readonly patience: number;
}

/** The part that decides. */
export const STOPPING_SPLIT = "dev";

const SEAL = "best.json";

/** A measurement that decides. */
interface Measured {
  readonly step: number;
  readonly value: number;
}

/** The best measurement of a training so far; the earliest of equal ones. */
export function bestOf(
  measurements: readonly TrainMeasurement[],
  rule: Pick<StoppingRule, "metric" | "better">,
): Measured | undefined {
  return decidingOf(measurements, rule).reduce<Measured | undefined>(
    (best, each) => best === undefined || isBetter(each, best, rule) ? each : best,
    undefined,
  );
}

/** Whether so many measurements as the patience allows came after the best one. */
export function isOver(measurements: readonly TrainMeasurement[], rule: StoppingRule): boolean {
  const best = bestOf(measurements, rule);
  if (best === undefined) return false;
  const since = decidingOf(measurements, rule).filter(({ step }) => step > best.step).length;
  return since >= rule.patience;
}

function decidingOf(
  measurements: readonly TrainMeasurement[],
  { metric }: Pick<StoppingRule, "metric">,
): readonly TrainMeasurement[] {
  return measurements.filter(({ name, split }) => name === metric && split === STOPPING_SPLIT);
}

/** Whether a measurement is better than another; one that is no number never is. */
export function isBetter(
  a: Pick<Measured, "value">,
  b: Pick<Measured, "value">,
  { better }: Pick<StoppingRule, "better">,
): boolean {
  if (Number.isNaN(a.value)) return false;
  if (Number.isNaN(b.value)) return true;
  return better === "higher" ? a.value > b.value : a.value < b.value;
}

/** The best weights of a training in its scratch folder; those of one step are kept. */
export class BestWeights {
  readonly #dir: string;
  readonly #specs: readonly ParamSpec[];

  /** Looks in a scratch folder, which exists. */
  constructor(dir: string, specs: readonly ParamSpec[]) {
    this.#dir = dir;
    this.#specs = specs;
  }

  /** Keeps the weights of a step in the place of others. */
  async keep(step: number, params: Params): Promise<void> {
    const writing = join(this.#dir, "writing-best"), done = this.#path(step);
    await removeIfThere(writing);
    await Deno.mkdir(writing);
    await writeParams(writing, { specs: this.#specs, params });
    await sealFolder(writing, SEAL);
    await removeIfThere(done);
    await Deno.rename(writing, done);
    await syncPath(this.#dir);
    const names = await Array.fromAsync(Deno.readDir(this.#dir), ({ name }) => name);
    for (const name of names) {
      const path = join(this.#dir, name);
      if (/^best-\d+$/.test(name) && path !== done) await removeIfThere(path);
    }
  }

  /**
   * The weights of a step that were kept.
   *
   * @throws ExperimentError "tasks/checkpoint" when they are damaged
   */
  async read(step: number): Promise<Params> {
    const dir = this.#path(step), damage = await damageOfFolder(dir, SEAL);
    if (damage === undefined) return await readParams(dir, this.#specs);
    throw new ExperimentError("tasks/checkpoint", `the best weights, of step ${step}: ${damage}`, {
      at: { file: dir },
      mend: "remove the folder above it, and run again: the training begins anew",
    });
  }

  #path(step: number): string {
    return join(this.#dir, `best-${step}`);
  }
}
