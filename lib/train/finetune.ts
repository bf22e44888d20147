/**
 * Fine-tuning of token labels: batches, the loop, and prediction. Stores nothing.
 *
 * Rows are padded to one length, so that one compiled graph serves a whole
 * training. The order is a pure function of (seed, step), as in pre-training.
 */
import { ExperimentError } from "../base/errors.ts";
import { Permutation } from "../base/rng.ts";
import type { Executable, TrainingSession } from "../engine/engine.ts";
import { PADDING_BIAS } from "../model/bert.ts";
import { AbortWatch } from "./abort_watch.ts";
import { learningRateAt } from "./schedule.ts";

/** A row to be labelled. */
export interface TokenExample {
  /** Pieces with [CLS] and [SEP]. */
  readonly ids: Int32Array;
  /** As long as `ids`: a label's number, or -1 where none is learned. */
  readonly pieceLabels: Int32Array;
}

/** The shape that rows are padded to. */
export interface PaddedShape {
  /** Rows a batch. */
  readonly rows: number;
  /** Pieces a row. */
  readonly length: number;
  /** The id of [PAD]. */
  readonly padId: number;
}

/** The data inputs of `tokenClassifier`, less the dropout seed. */
export interface LabelledBatch {
  /** [rows * length] */
  readonly ids: Int32Array;
  /** [rows, 1, 1, length] */
  readonly attentionBias: Float32Array;
  /** [rows * length] */
  readonly targets: Int32Array;
  /** [rows * length], 0 where the label is ignored. */
  readonly weights: Float32Array;
}

/** The smallest multiple of 16 that fits the longest example, but at most `limit`. */
export function fittingLength(examples: readonly TokenExample[], limit: number): number {
  const longest = examples.reduce((most, each) => Math.max(most, each.ids.length), 1);
  return Math.min(limit, Math.ceil(longest / 16) * 16);
}

/** Pads examples to a batch; rows that are missing weigh nothing. */
export function padBatch(examples: readonly TokenExample[], shape: PaddedShape): LabelledBatch {
  const { rows, length, padId } = shape;
  const batch: LabelledBatch = {
    ids: new Int32Array(rows * length).fill(padId),
    attentionBias: new Float32Array(rows * length).fill(PADDING_BIAS),
    targets: new Int32Array(rows * length),
    weights: new Float32Array(rows * length),
  };
  for (let row = 0; row < rows; row++) {
    // A row that attends to nothing would be the one odd case of softmax.
    batch.attentionBias[row * length] = 0;
    const example = examples[row];
    if (example === undefined) continue;
    if (example.ids.length > length) {
      throw new Error(`an example of ${example.ids.length} pieces in rows of ${length}`);
    }
    batch.ids.set(example.ids, row * length);
    batch.attentionBias.fill(0, row * length, row * length + example.ids.length);
    example.pieceLabels.forEach((label, place) => {
      if (label < 0) return;
      batch.targets[row * length + place] = label;
      batch.weights[row * length + place] = 1;
    });
  }
  return batch;
}

/** What a fine-tuning takes. */
export interface FinetuneOptions {
  /** With the initial state loaded. */
  readonly session: TrainingSession;
  /** At least one. */
  readonly examples: readonly TokenExample[];
  /** The shape of the graph's batches. */
  readonly shape: PaddedShape;
  /** Optimizer updates. */
  readonly steps: number;
  /** The full learning rate. */
  readonly learningRate: number;
  /** The share of steps over which the learning rate rises; then it falls to 0. */
  readonly warmupFraction: number;
  /** The seed of order and dropout. */
  readonly seed: number;
  /** Whether the graph draws dropout masks. */
  readonly hasDropout: boolean;
  /** Stops the training. */
  readonly signal: AbortSignal;
}

/** How far a fine-tuning is. */
export interface FinetuneProgress {
  /** Updates done. */
  readonly step: number;
  /** Optimizer updates. */
  readonly steps: number;
  /** Mean loss of the last epoch's steps. */
  readonly lossNats: number;
}

/** Every how many milliseconds progress is told. */
const REPORT_MS = 250;

/**
 * Fine-tunes for a number of steps.
 *
 * @yields progress every quarter of a second
 * @returns progress at the end; its loss is the mean over the last epoch, in nats
 * @throws ExperimentError "train/examples" when there are none, "train/diverged" when the
 *   loss or the gradient is no number any more
 * @throws the signal's reason when it is aborted
 */
export async function* finetune(
  options: FinetuneOptions,
): AsyncGenerator<FinetuneProgress, FinetuneProgress> {
  const { session, examples, shape, steps, seed, signal } = options;
  if (examples.length === 0) {
    throw new ExperimentError("train/examples", "there are no training examples", {
      mend: "give a training file with at least one sentence",
    });
  }
  const warmup = Math.round(options.warmupFraction * steps);
  const schedule = { kind: "linear", learningRate: options.learningRate, warmup } as const;
  const order = new ExampleOrder(examples.length, seed);
  const losses = new LastMean(Math.max(1, Math.round(examples.length / shape.rows)));
  let reportedMs = performance.now();
  for (let step = 1; step <= steps; step++) {
    signal.throwIfAborted();
    const chosen = Array.from(
      { length: shape.rows },
      (_, row) => examples[order.at((step - 1) * shape.rows + row)]!,
    );
    const learningRate = learningRateAt(schedule, { step, steps });
    const dropoutSeed = Int32Array.of(seed | 0, step);
    const begun = await session.step(
      { ...padBatch(chosen, shape), ...(options.hasDropout ? { dropoutSeed } : {}) },
      { learningRate, step },
    );
    const outputs = await begun.read();
    const lossNats = outputs.loss![0]!;
    // At the last step a loss may still be finite when the update makes no weight so.
    if (!Number.isFinite(lossNats) || !Number.isFinite(outputs.gradientNorm![0]!)) {
      throw new ExperimentError(
        "train/diverged",
        `the loss is no number any more at step ${step}, learning rate ${learningRate}`,
        { mend: "lower the learning rate, or lengthen the warm-up" },
      );
    }
    losses.add(lossNats);
    if (performance.now() - reportedMs >= REPORT_MS) {
      reportedMs = performance.now();
      yield { step, steps, lossNats: losses.mean };
      // Lets an abort arrive that comes as a message, even if the engine never waits.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
  return { step: steps, steps, lossNats: losses.mean };
}

/**
 * The likeliest label of each position of each example.
 *
 * @param model the forward graph of `tokenClassifier`, compiled for the shape
 * @param options labels: how many there are
 * @returns label numbers, as long as each example's ids
 * @throws the signal's reason when it is aborted
 */
export async function predictLabels(
  model: Executable,
  options: {
    readonly examples: readonly TokenExample[];
    readonly shape: PaddedShape;
    readonly labels: number;
    /** Stops between two batches. */
    readonly signal: AbortSignal;
  },
): Promise<readonly Int32Array[]> {
  const { examples, shape, labels } = options;
  const watch = new AbortWatch(options.signal);
  const predicted: Int32Array[] = [];
  for (let start = 0; start < examples.length; start += shape.rows) {
    await watch.check();
    const chosen = examples.slice(start, start + shape.rows);
    const { ids, attentionBias } = padBatch(chosen, shape);
    const logits = (await model.run({ ids, attentionBias })).logits as Float32Array;
    chosen.forEach((example, row) => {
      const first = row * shape.length;
      predicted.push(
        Int32Array.from(
          example.ids,
          (_, place) =>
            largest(logits.subarray((first + place) * labels, (first + place + 1) * labels)),
        ),
      );
    });
  }
  return predicted;
}

/** The place of the largest value, the first of equal ones. */
function largest(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Examples one after the other, every epoch in an order of its own. */
class ExampleOrder {
  #order: Permutation;

  constructor(readonly count: number, readonly seed: number) {
    this.#order = new Permutation(count, seed, "train/finetune-order", 0);
  }

  at(place: number): number {
    const epoch = Math.floor(place / this.count);
    if (this.#order.epoch !== epoch) {
      this.#order = new Permutation(this.count, this.seed, "train/finetune-order", epoch);
    }
    return this.#order.at(place % this.count);
  }
}

/** The mean of the last few values. */
class LastMean {
  readonly #values: number[] = [];

  constructor(readonly size: number) {}

  add(value: number): void {
    this.#values.push(value);
    if (this.#values.length > this.size) this.#values.shift();
  }

  get mean(): number {
    return this.#values.reduce((sum, each) => sum + each, 0) / Math.max(1, this.#values.length);
  }
}
