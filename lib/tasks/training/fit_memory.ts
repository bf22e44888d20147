/**
 * Rows at once, as many as the device's memory takes: of a training, and of a pass that measures
 * or predicts.
 *
 * A step that does not fit goes through the model in smaller parts, as if the spec had said that
 * `microBatch`: to the bit. It is no part of the key, since but for rounding the result is that
 * of the whole batch, dropout included, and the device's memory is what decides, as the device's
 * type decides on rounding. It is told, and where the spec says a size it is the most. What is
 * measured and predicted comes row by row, and likewise differs by rounding alone.
 */
import { deviceOf } from "../../engine/devices.ts";
import type { Engine, TrainingBeside, TrainingProgram } from "../../engine/engine.ts";
import type { Graph } from "../../engine/ir/graph.ts";
import { formatBytes } from "../../base/count.ts";
import { type Fitting, fittingRows, formatNeed } from "../../engine/step_memory.ts";
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
  const fitting = await fittingRows(sizes, (size) => {
    const options = { isInParts: isInParts({ rows, microBatch: size }, device) };
    return engine.memoryOf!(programOf(withRows(size)), options);
  });
  const { rows: chosen } = fitting;
  tellCut(fitting, {
    what: `a step of ${sizes[0]} rows`,
    how: `, as microBatch: ${chosen} would`,
    warn,
  });
  return withRows(chosen);
}

/** Whether an update of a training comes in several micro-batches, on each of its replicas. */
export function isInParts({ rows, microBatch = rows }: RowParams, device: string): boolean {
  const { replicas = 1 } = deviceOf(device).numerics;
  return microBatch * replicas < rows;
}

/** A pass that measures or predicts. */
export interface PassOptions extends Pick<FitOptions<never>, "engine" | "warn"> {
  /** What it is called: "held-out text", "prediction". */
  readonly what: string;
  /** Its graph for so many rows. */
  readonly graphOf: (rows: number) => Graph;
  /** The training whose state is resident beside it; absent: none is. */
  readonly beside?: TrainingBeside | undefined;
}

/**
 * How many of a pass's rows are computed at once: as many as are asked for, or as fit.
 *
 * @throws ExperimentError "engine/memory" where not even one row fits
 */
export async function fitPass(
  rows: number,
  { engine, what, graphOf, beside, warn }: PassOptions,
): Promise<number> {
  if (engine.forwardMemoryOf === undefined) return rows;
  const sizes = Array.from({ length: rows }, (_, i) => rows - i);
  const memoryOf = (size: number) => engine.forwardMemoryOf!(graphOf(size), beside);
  const fitting = await fittingRows(sizes, memoryOf, what);
  tellCut(fitting, { what: `${what} of ${rows} rows`, how: "", warn });
  return fitting.rows;
}

function tellCut(
  { rows, whole }: Fitting,
  { what, how, warn }: {
    readonly what: string;
    readonly how: string;
    readonly warn: (message: string) => void;
  },
): void {
  if (whole === undefined) return;
  warn(
    `${what} at once takes ${formatNeed(whole.needBytes)} of the device's memory, which has ` +
      `${formatBytes(whole.limitBytes)} to give: ${rows} are computed at once${how}; ` +
      "where all fit, results differ by rounding",
  );
}
