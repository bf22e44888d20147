/**
 * The step loop of every training: steps, measurements, checkpoints. Stores nothing itself.
 *
 * All that happens at a step follows from the state, the seed and the step's
 * number, so a training that stops anywhere and goes on gives the same bits. The
 * clock decides only when to report and when to save. Where the engine computes on its
 * own, losses are read late: the next batch is prepared while steps are under way.
 */
import { ExperimentError } from "../base/errors.ts";
import type { BegunStep, Tensors, TrainingSession, TrainingState } from "../engine/engine.ts";
import { learningRateAt, type Schedule } from "./schedule.ts";
import { isOfTrainingText } from "./seen_text.ts";

/** The running mean of the training loss, part of the state that goes on. */
export interface LossAverage {
  /** Decayed sum of losses. */
  readonly sum: number;
  /** Decayed count. */
  readonly weight: number;
  /** Decayed sums of other losses that are told, by name; absent where there is only one. */
  readonly others?: Readonly<Record<string, number>>;
}

/** A number, and how far it may be off by the choice of what it was measured on. */
export interface Estimated {
  /** The number. */
  readonly value: number;
  /** In the same unit; absent where it cannot be told. */
  readonly standardError?: number;
}

/** A value measured at a step. */
export interface TrainMeasurement extends Estimated {
  /** Tells the events apart. */
  readonly type: "measurement";
  /** The step it belongs to, 0 before the first update. */
  readonly step: number;
  /** What was measured: "lossNats", "contextGapNats". */
  readonly name: string;
  /** The text that it was measured on. */
  readonly split: "train" | "validation" | "dev";
}

/** How far the training is. */
export interface TrainProgress {
  /** Tells the events apart. */
  readonly type: "progress";
  /** What is being done: "pre-training", "fine-tuning". */
  readonly phase: string;
  /** The step reached. */
  readonly done: number;
  /** The step at which the training ends. */
  readonly total: number;
  /** Optimizer updates. */
  readonly unit: "steps";
  /** The running mean of the training loss. */
  readonly lossNats: number;
  /** Tokens a second since the last report, measurements not counted. */
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

/** The mean training loss of late, in nats; NaN before the first step. */
export function meanLoss({ average }: Pick<TrainingPoint, "average">): number {
  return average.sum / average.weight;
}

/** What every training takes. */
export interface StepsOptions {
  /** With the state of `from` loaded. */
  readonly session: TrainingSession;
  /**
   * The batch of a step (from 1), less the dropout seed, in its micro-batches; a function of the
   * step alone.
   */
  readonly batchAt: (step: number) => readonly Tensors[];
  /** Tokens of a batch, for the rate that is shown. */
  readonly batchTokens: number;
  /** The learning rate by step. */
  readonly schedule: Schedule;
  /** The step at which to end. */
  readonly steps: number;
  /** Where to begin. */
  readonly from: TrainingPoint;
  /** The seed of dropout; absent when the graph draws none. */
  readonly dropoutSeed?: number | undefined;
  /** Rows of a micro-batch, where a step has several. */
  readonly partRows?: number | undefined;
  /** Over about how many steps the training loss is averaged. */
  readonly averageSteps: number;
  /** What is being done, in progress. */
  readonly phase: string;
  /** The losses that are told as `train` measurements, by the graph's output; absent: its `loss`. */
  readonly told?: ToldLosses | undefined;
  /** What is measured on held-out text, and when; may throw the signal's reason. */
  readonly heldOut?: {
    /** Measures the model as it is at a step. */
    readonly measure: (step: number) => Promise<Readonly<Record<string, Estimated>>>;
    /** Besides step 0 and the end, at each multiple of it. */
    readonly every?: number | undefined;
    /** A benchmark's part, where it is that and not held-out text: then not at step 0. */
    readonly part?: "dev" | undefined;
    /** Whether what was measured so far ends the training before its last step. */
    readonly isOver?: ((measurements: readonly TrainMeasurement[]) => boolean) | undefined;
  };
  /** Saves a point; called every few seconds and when the signal is aborted. */
  readonly save: (point: TrainingPoint, state: TrainingState) => Promise<void>;
  /** Stops the training. */
  readonly signal: AbortSignal;
}

/** Names of measurements to the outputs that they are running means of. */
export type ToldLosses = { readonly lossNats: string } & Readonly<Record<string, string>>;

const REPORT_MS = 250;
/** At least so long between two checkpoints, and so many times what the last one took. */
const SAVE_MS = 2_000;
const SAVE_COST = 50;

/**
 * Trains from a point to `steps`, telling progress and measurements.
 *
 * @returns the point reached, whose state is the session's
 * @throws ExperimentError "train/diverged" when a loss or a gradient is no number any more
 * @throws the signal's reason when it is aborted, after saving
 */
export async function* runSteps(
  options: StepsOptions,
): AsyncGenerator<TrainMeasurement | TrainProgress, TrainingPoint> {
  const { session, schedule, steps, from, heldOut, signal } = options;
  const decay = 1 - 1 / options.averageSteps;
  const { lossNats: main, ...otherLosses } = options.told ?? { lossNats: "loss" };
  const pacer = new Pacer(options.batchTokens);
  const measurements = [...from.measurements];
  const underWay: { readonly step: number; readonly begun: BegunStep }[] = [];
  /** The last step whose loss was read, and what it gave. */
  let { step: done, average } = from, gradientNorm = NaN, savedStep = done;

  const save = async (more: Pick<TrainingPoint, "unmeasuredNorm"> = {}) => {
    await options.save({ step: done, average, measurements, ...more }, await session.save());
    savedStep = done;
  };
  const readOldest = async () => {
    const { step, begun } = underWay.shift()!;
    const outputs = await begun.read();
    const lossNats = outputs.loss![0]!;
    gradientNorm = outputs.gradientNorm![0]!;
    // At the last step a loss may still be finite when the update makes no weight so.
    if (!Number.isFinite(lossNats) || !Number.isFinite(gradientNorm)) {
      throw diverged(step, learningRateAt(schedule, { step, steps }));
    }
    const add = (sum: number, output: string) => decay * sum + (1 - decay) * outputs[output]![0]!;
    const others = Object.entries(otherLosses).map(([name, output]) => [
      name,
      add(average.others?.[name] ?? 0, output),
    ]);
    average = {
      sum: add(average.sum, main),
      weight: decay * average.weight + (1 - decay),
      ...(others.length === 0 ? {} : { others: Object.fromEntries(others) }),
    };
    done = step;
  };
  const progress = (): TrainProgress => ({
    type: "progress",
    phase: options.phase,
    done,
    total: steps,
    unit: "steps",
    lossNats: meanLoss({ average }),
    tokensPerSecond: pacer.rate,
  });
  const measureAt = async (step: number, norm: number) => {
    const learningRate = learningRateAt(schedule, { step, steps });
    let scores;
    try {
      scores = await heldOut!.measure(step);
    } catch (error) {
      if (signal.aborted && step > savedStep) await save({ unmeasuredNorm: norm });
      throw error;
    }
    if (scores["lossNats"] !== undefined && !Number.isFinite(scores["lossNats"].value)) {
      throw diverged(step, learningRate);
    }
    const made = [
      ofTraining(step, "lossNats", meanLoss({ average })),
      ...Object.entries(average.others ?? {}).map(([name, sum]) =>
        ofTraining(step, name, sum / average.weight)
      ),
      ofTraining(step, "learningRate", learningRate),
      ofTraining(step, "gradientNorm", norm),
      ...heldOutMeasurements(step, scores).map((each) =>
        heldOut!.part === undefined ? each : { ...each, split: heldOut!.part }
      ),
    ];
    measurements.push(...made);
    pacer.restart();
    return made;
  };

  yield* measurements;
  if (heldOut !== undefined) {
    if (from.step === 0 && measurements.length === 0 && heldOut.part === undefined) {
      measurements.push(...heldOutMeasurements(0, await heldOut.measure(0)));
      yield* measurements;
      pacer.restart();
    }
    if (from.unmeasuredNorm !== undefined) yield* await measureAt(from.step, from.unmeasuredNorm);
  }
  if (heldOut?.isOver?.(measurements) === true) return { step: from.step, average, measurements };
  for (let step = from.step + 1; step <= steps; step++) {
    if (signal.aborted) {
      while (underWay.length > 0) await readOldest();
      if (done > savedStep) await save();
      signal.throwIfAborted();
    }
    const learningRate = learningRateAt(schedule, { step, steps });
    const parts = withDropoutSeeds(options.batchAt(step), { ...options, step });
    const begun = await session.step(parts, { learningRate, step });
    underWay.push({ step, begun });
    const isMeasured = heldOut !== undefined &&
      (step === steps || (heldOut.every !== undefined && step % heldOut.every === 0));
    const isRead = isMeasured || step === steps || pacer.isSaveDue();
    while (underWay.length > (isRead ? 0 : session.stepsAhead - 1)) {
      await readOldest();
      if (pacer.count() || done === steps) {
        yield progress();
        // Lets an abort arrive that comes as a message, even if the engine never waits.
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    }
    if (isMeasured) {
      yield* await measureAt(step, gradientNorm);
      if (heldOut!.isOver?.(measurements) === true) return { step, average, measurements };
    }
    if (step < steps && underWay.length === 0 && pacer.isSaveDue()) {
      await pacer.timeSave(save);
    }
  }
  return { step: steps, average, measurements };
}

/** Adds the dropout's seed; each micro-batch draws what the whole batch would at its rows. */
function withDropoutSeeds(
  parts: readonly Tensors[],
  { dropoutSeed: seed, partRows, step }: Pick<StepsOptions, "dropoutSeed" | "partRows"> & {
    readonly step: number;
  },
): readonly Tensors[] {
  if (seed === undefined) return parts;
  return parts.map((part, i) => {
    const place = partRows === undefined ? [] : [i * partRows];
    return { ...part, dropoutSeed: Int32Array.of(seed | 0, step, ...place) };
  });
}

/** The measurements that a held-out evaluation makes. */
export function heldOutMeasurements(
  step: number,
  scores: Readonly<Record<string, Estimated>>,
): readonly TrainMeasurement[] {
  return Object.entries(scores).map(([name, estimated]) => ({
    type: "measurement",
    step,
    name,
    split: isOfTrainingText(name) ? "train" : "validation",
    ...estimated,
  }));
}

function ofTraining(step: number, name: string, value: number): TrainMeasurement {
  return { type: "measurement", step, name, split: "train", value };
}

/** The clock of a training: when to report and when to save. */
class Pacer {
  /** Tokens a second, as of the last step. */
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

  /** Counts a step; whether a report is due. */
  count(): boolean {
    this.#tokens += this.#batchTokens;
    const elapsedMs = performance.now() - this.#windowStart;
    this.rate = (1000 * this.#tokens) / Math.max(elapsedMs, 0.01);
    if (elapsedMs < REPORT_MS) return false;
    this.restart();
    return true;
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
