/**
 * A training's rows at once, as many as the device's memory takes.
 *
 * A step that does not fit goes through the model in smaller parts, as if the spec had said that
 * `microBatch`: to the bit. It is no part of the key, since but for rounding the result is that
 * of the whole batch, dropout included, and the device's memory is what decides, as the device's
 * type decides on rounding. It is told, and where the spec says a size it is the most.
 */
import { deviceOf } from "../../engine/devices.ts";
import type { Engine, TrainingProgram } from "../../engine/engine.ts";
import { fittingRows, formatBytes } from "../../engine/step_memory.ts";
import type { RowParams } from "./replicas.ts";

/** What a training is made of. */
export interface FitOptions<Params> {
  /** What computes. */
  readonly engine: Engine;
  /** The device by name. */
  readonly device: string;
  /** The program of params with other micro-batches. */
  readonly programOf: (params: Params) => TrainingProgram;
  /** Told where a batch is cut. */
  readonly warn: (message: string) => void;
}

/**
 * The params, or where their rows at once do not fit with a smaller `microBatch`.
 *
 * @throws ExperimentError "engine/memory" where not even one row fits
 */
export async function fitToMemory<Params extends RowParams>(
  params: Params,
  { engine, device, programOf, warn }: FitOptions<Params>,
): Promise<Params> {
  if (engine.memoryOf === undefined) return params;
  const { rows, microBatch = rows } = params, { replicas = 1 } = deviceOf(device).numerics;
  const own = rows / replicas;
  const sizes = Array.from({ length: Math.min(own, microBatch) }, (_, i) => i + 1)
    .filter((each) => own % each === 0).reverse();
  const withRows = (size: number) => size === microBatch ? params : { ...params, microBatch: size };
  const fitting = await fittingRows(sizes, async (size) => {
    const isInParts = size * replicas < rows;
    return await engine.memoryOf!(programOf(withRows(size)), { isInParts });
  });
  const { rows: chosen, whole } = fitting;
  if (whole !== undefined) {
    const needed = Number.isFinite(whole.needBytes)
      ? formatBytes(whole.needBytes)
      : "more than can be told";
    warn(
      `a step of ${sizes[0]} rows at once takes ${needed} of the device's memory, which has ` +
        `${formatBytes(whole.limitBytes)} to give: ${chosen} are computed at once, as ` +
        `microBatch: ${chosen} would; where all fit, results differ by rounding`,
    );
  }
  return withRows(chosen);
}
