/** Pre-training: the step loop over masked batches of a corpus, measured on held-out text. */
import type { MaskedBatches } from "./batches.ts";
import {
  type Estimated,
  runSteps,
  type StepsOptions,
  type TrainingPoint,
  type TrainMeasurement,
  type TrainProgress,
} from "./steps.ts";

/** What a pre-training takes besides what every training does. */
export interface PretrainOptions extends
  Pick<
    StepsOptions,
    "session" | "schedule" | "steps" | "from" | "dropoutSeed" | "save" | "signal"
  > {
  /** The training data. */
  readonly batches: MaskedBatches;
  /** Measures the model as it is; may throw the signal's reason. */
  readonly measure: () => Promise<Readonly<Record<string, Estimated>>>;
  /** Measured at each multiple of it, as well as at step 0 and at the end. */
  readonly measureEvery?: number | undefined;
}

/** What is told of a training on pairs, by the graph's outputs. */
const PAIR_LOSSES = { lossNats: "maskedLoss", nextSentenceLossNats: "nextSentenceLoss" } as const;

/** The running mean of the training loss is of about so many steps. */
const AVERAGE_STEPS = 20;

/**
 * Pre-trains from a point to `steps`, telling progress and measurements.
 *
 * @returns and throws as `runSteps`
 */
export function pretrain(
  options: PretrainOptions,
): AsyncGenerator<TrainMeasurement | TrainProgress, TrainingPoint> {
  const { batches } = options;
  return runSteps({
    ...options,
    batchAt: (step) => batches.partsAt(step).map((part) => ({ ...part })),
    batchTokens: batches.tokensOf(1),
    partRows: batches.microRows === batches.options.rows ? undefined : batches.microRows,
    told: batches.source.isPaired ? PAIR_LOSSES : undefined,
    averageSteps: AVERAGE_STEPS,
    phase: "pre-training",
    heldOut: {
      measure: options.measure,
      every: options.measureEvery,
    },
  });
}
