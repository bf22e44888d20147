/**
 * The pre-training loop: steps, measurements, checkpoints. Stores nothing itself.
 *
 * All that happens at a step follows from the state, the seed and the step's
 * number, so a training that stops anywhere and goes on gives the same bits. The
 * clock decides only when to report and when to save.
 */
import { ExperimentError } from "../base/errors.ts";
import type { TrainingSession, TrainingState } from "../engine/engine.ts";
import type { MaskedBatches } from "./batches.ts";
import type { HeldOutScores } from "./heldout.ts";
import { learningRateAt, type Schedule } from "./schedule.ts";

/** The running mean of the training loss, part of the state that goes on. */
export interface LossAverage {
  /** Decayed sum of losses. */
  readonly sum: number;
  /** Decayed count. */
  readonly weight: number;
}

/** A value measured at a step. */
export interface TrainMeasurement {
  /** Tells the events apart. */
  readonly type: "measurement";
  /** The step it belongs to, 0 before the first update. */
  readonly step: number;
  /** What was measured: "lossNats", "contextGapNats". */
  readonly name: string;
  /** The text that it was measured on. */
  readonly split: "train" | "validation";
  /** In the unit that the name says. */
  readonly value: number;
}

/** How far the training is. */
export interface TrainProgress {
  /** Tells the events apart. */
  readonly type: "progress";
  /** The step reached. */
  readonly done: number;
  /** The step at which the training ends. */
  readonly total: number;
  /** Optimizer updates. */
  readonly unit: "steps";
  /** The running mean of the training loss. */
  readonly lossNats: number;
  /** Corpus tokens a second since the last report, measurements not counted. */
  readonly tokensPerSecond: number;
}

/** All that a training needs to go on from a step, besides what its options say. */
export interface TrainingPoint {
  /** The step it belongs to, 0 before the first update. */
  readonly step: number;
  /** The running mean of the training loss. */
  readonly average: LossAverage;
  /** What was measured so far, so that a resumed training can tell it again. */
  readonly measurements: readonly TrainMeasurement[];
  /** The gradient's norm at `step`, where an abort kept that step from being measured. */
  readonly unmeasuredNorm?: number;
}

/** A training at step 0. */
export const BEGINNING: TrainingPoint = {
  step: 0,
  average: { sum: 0, weight: 0 },
  measurements: [],
};

/** What a pre-training takes. */
export interface PretrainOptions {
  /** With the state of `from` loaded. */
  readonly session: TrainingSession;
  /** The training data. */
  readonly batches: MaskedBatches;
  /** The learning rate by step. */
  readonly schedule: Schedule;
  /** The step at which to end. */
  readonly steps: number;
  /** Where to begin. */
  readonly from: TrainingPoint;
  /** The seed of dropout; absent when the graph draws none. */
  readonly dropoutSeed?: number;
  /** Measures the model as it is; may throw the signal's reason. */
  readonly measure: () => Promise<HeldOutScores>;
  /** Measured at each multiple of it, as well as at step 0 and at the end. */
  readonly measureEvery?: number | undefined;
  /** Saves a point; called every few seconds and when the signal is aborted. */
  readonly save: (point: TrainingPoint, state: TrainingState) => Promise<void>;
  /** Stops the training. */
  readonly signal: AbortSignal;
}

const REPORT_MS = 250;
/** At least so long between two checkpoints, and so many times what the last one took. */
const SAVE_MS = 2_000;
const SAVE_COST = 50;
/** The decay of the running mean of the training loss: about the last 20 steps. */
const AVERAGE_DECAY = 0.95;

/**
 * Trains from a point to `steps`, telling progress and measurements.
 *
 * @returns the point reached, whose state is the session's
 * @throws ExperimentError "train/diverged" when a loss is no number any more
 * @throws the signal's reason when it is aborted, after saving
 */
export async function* pretrain(
  options: PretrainOptions,
): AsyncGenerator<TrainMeasurement | TrainProgress, TrainingPoint> {
  const { session, batches, schedule, steps, from, signal } = options;
  const pacer = new Pacer(batches.tokens);
  const measurements = [...from.measurements];
  let average = from.average, savedStep = from.step;
  yield* measurements;
  if (from.step === 0 && measurements.length === 0) {
    measurements.push(...heldOutMeasurements(0, await options.measure()));
    yield* measurements;
    pacer.restart();
  }
  const measureAt = async (step: number, gradientNorm: number) => {
    const learningRate = learningRateAt(schedule, { step, steps });
    let scores: HeldOutScores;
    try {
      scores = await options.measure();
    } catch (error) {
      if (signal.aborted && step > savedStep) {
        const point = { step, average, measurements, unmeasuredNorm: gradientNorm };
        await options.save(point, await session.save());
      }
      throw error;
    }
    if (!Number.isFinite(scores.lossNats)) throw diverged(step, learningRate);
    const made = [
      trainMeasurement(step, "lossNats", average.sum / average.weight),
      trainMeasurement(step, "learningRate", learningRate),
      trainMeasurement(step, "gradientNorm", gradientNorm),
      ...heldOutMeasurements(step, scores),
    ];
    measurements.push(...made);
    pacer.restart();
    return made;
  };
  if (from.unmeasuredNorm !== undefined) yield* await measureAt(from.step, from.unmeasuredNorm);
  for (let step = from.step + 1; step <= steps; step++) {
    if (signal.aborted) {
      const done = { step: step - 1, average, measurements };
      if (done.step > savedStep) await options.save(done, await session.save());
      signal.throwIfAborted();
    }
    const learningRate = learningRateAt(schedule, { step, steps });
    const seed = options.dropoutSeed;
    const begun = await session.step(
      {
        ...batches.at(step),
        ...(seed === undefined ? {} : { dropoutSeed: Int32Array.of(seed | 0, step) }),
      },
      { learningRate, step },
    );
    const outputs = await begun.read();
    const lossNats = outputs.loss![0]!, gradientNorm = outputs.gradientNorm![0]!;
    if (!Number.isFinite(lossNats) || !Number.isFinite(gradientNorm)) {
      throw diverged(step, learningRate);
    }
    average = {
      sum: AVERAGE_DECAY * average.sum + (1 - AVERAGE_DECAY) * lossNats,
      weight: AVERAGE_DECAY * average.weight + (1 - AVERAGE_DECAY),
    };
    const meanLoss = average.sum / average.weight;
    const tokensPerSecond = pacer.count();
    if (tokensPerSecond !== undefined || step === steps) {
      const reached = { done: step, total: steps, unit: "steps" } as const;
      yield { type: "progress", ...reached, lossNats: meanLoss, tokensPerSecond: pacer.rate };
      // Lets an abort arrive that comes as a message, even if the engine never waits.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    if (step === steps || (options.measureEvery && step % options.measureEvery === 0)) {
      yield* await measureAt(step, gradientNorm);
    }
    if (step < steps && pacer.isSaveDue()) {
      await pacer.timeSave(async () =>
        await options.save({ step, average, measurements }, await session.save())
      );
      savedStep = step;
    }
  }
  return { step: steps, average, measurements };
}

/** The measurements that a held-out evaluation makes. */
export function heldOutMeasurements(
  step: number,
  scores: HeldOutScores,
): readonly TrainMeasurement[] {
  return Object.entries(scores).map(([name, value]) => ({
    type: "measurement",
    step,
    name,
    split: "validation",
    value,
  }));
}

function trainMeasurement(step: number, name: string, value: number): TrainMeasurement {
  return { type: "measurement", step, name, split: "train", value };
}

/** The clock of a training: when to report and when to save. */
class Pacer {
  /** Corpus tokens a second, as last reported. */
  rate = 0;
  readonly #batchTokens: number;
  #windowStart = performance.now();
  #tokens = 0;
  #lastSave = performance.now();
  #saveEveryMs = SAVE_MS;

  constructor(batchTokens: number) {
    this.#batchTokens = batchTokens;
  }

  /** Forgets the time since the last report. */
  restart(): void {
    this.#windowStart = performance.now();
    this.#tokens = 0;
  }

  /** Counts a step; the rate when a report is due. */
  count(): number | undefined {
    this.#tokens += this.#batchTokens;
    const elapsedMs = performance.now() - this.#windowStart;
    this.rate = (1000 * this.#tokens) / Math.max(elapsedMs, 0.01);
    if (elapsedMs < REPORT_MS) return undefined;
    this.restart();
    return this.rate;
  }

  isSaveDue(): boolean {
    return performance.now() - this.#lastSave >= this.#saveEveryMs;
  }

  async timeSave(save: () => Promise<void>): Promise<void> {
    const start = performance.now();
    await save();
    this.#lastSave = performance.now();
    this.#saveEveryMs = Math.max(SAVE_MS, SAVE_COST * (this.#lastSave - start));
    this.restart();
  }
}

function diverged(step: number, learningRate: number): ExperimentError {
  return new ExperimentError(
    "train/diverged",
    `the loss is no number any more at step ${step}, learning rate ${learningRate}`,
    { mend: "lower the learning rate, lengthen the warm-up, or clip gradients" },
  );
}
