/**
 * Fine-tuning: padded batches of examples, the step loop over them, and prediction.
 *
 * Rows are padded to one length, so that one compiled graph serves a whole
 * training. The order is a pure function of (seed, step), as in pre-training.
 */
import { ExperimentError } from "../base/errors.ts";
import { Permutation } from "../base/rng.ts";
import type { Example, Head } from "../benchmarks/benchmark.ts";
import type { Executable, Tensors } from "../engine/engine.ts";
import { PADDING_BIAS } from "../model/bert.ts";
import { AbortWatch } from "./abort_watch.ts";
import {
  runSteps,
  type StepsOptions,
  type TrainingPoint,
  type TrainMeasurement,
  type TrainProgress,
} from "./steps.ts";

/** The shape that rows are padded to. */
export interface PaddedShape {
  /** Rows a batch. */
  readonly rows: number;
  /** Pieces a row. */
  readonly length: number;
  /** The id of [PAD]. */
  readonly padId: number;
  /** Whether rows hold several segments. */
  readonly hasSegments: boolean;
}

/** The data inputs of a classifier's forward graph. */
export interface RowBatch {
  /** [rows * length] */
  readonly ids: Int32Array;
  /** [rows, 1, 1, length] */
  readonly attentionBias: Float32Array;
  /** [rows * length]; absent where rows have one segment. */
  readonly tokenTypes?: Int32Array;
}

/** What is to be learned of a batch: tokens [rows * length], sequence [rows], span [2 * rows]. */
export interface TargetBatch {
  /** Labels or places, 0 where nothing is learned. */
  readonly targets: Int32Array;
  /** As long, 1, or 0 where nothing is learned. */
  readonly weights: Float32Array;
}

/** The smallest multiple of 16 that fits the longest example, but at most `limit`. */
export function fittingLength(
  examples: readonly Pick<Example, "ids">[],
  limit: number,
): number {
  const longest = examples.reduce((most, each) => Math.max(most, each.ids.length), 1);
  return Math.min(limit, Math.ceil(longest / 16) * 16);
}

/** Pads examples to a batch; rows that are missing hold nothing but padding. */
export function padRows(examples: readonly Example[], shape: PaddedShape): RowBatch {
  const { rows, length, padId, hasSegments } = shape;
  const ids = new Int32Array(rows * length).fill(padId);
  const attentionBias = new Float32Array(rows * length).fill(PADDING_BIAS);
  const tokenTypes = hasSegments ? new Int32Array(rows * length) : undefined;
  for (let row = 0; row < rows; row++) {
    // A row that attends to nothing would be the one odd case of softmax.
    attentionBias[row * length] = 0;
    const example = examples[row];
    if (example === undefined) continue;
    if (example.ids.length > length) {
      throw new Error(`an example of ${example.ids.length} pieces in rows of ${length}`);
    }
    ids.set(example.ids, row * length);
    attentionBias.fill(0, row * length, row * length + example.ids.length);
    if (example.tokenTypes !== undefined) tokenTypes!.set(example.tokenTypes, row * length);
  }
  return { ids, attentionBias, ...(tokenTypes === undefined ? {} : { tokenTypes }) };
}

/** What is learned of a batch's rows; rows that are missing weigh nothing. */
export function padTargets(
  examples: readonly Example[],
  { rows, length, head }: Pick<PaddedShape, "rows" | "length"> & { readonly head: Head },
): TargetBatch {
  const width = head.kind === "tokens" ? length : head.kind === "span" ? 2 : 1;
  const targets = new Int32Array(rows * width), weights = new Float32Array(rows * width);
  examples.forEach((example, row) =>
    example.targets.forEach((target, place) => {
      if (target < 0) return;
      targets[row * width + place] = target;
      weights[row * width + place] = 1;
    })
  );
  return { targets, weights };
}

/** What a fine-tuning takes besides what every training does. */
export interface FinetuneOptions
  extends Pick<StepsOptions, "session" | "steps" | "from" | "save" | "signal"> {
  /** At least one. */
  readonly examples: readonly Example[];
  /** The shape of the graph's batches. */
  readonly shape: PaddedShape;
  /** What is put on the encoder. */
  readonly head: Head;
  /** The full learning rate. */
  readonly learningRate: number;
  /** The share of steps over which the learning rate rises; then it falls to 0. */
  readonly warmupFraction: number;
  /** The seed of order and dropout. */
  readonly seed: number;
  /** Whether the graph draws dropout masks. */
  readonly hasDropout: boolean;
}

/**
 * Fine-tunes from a point to `steps`; its running loss is of about the last epoch.
 *
 * @returns and throws as `runSteps`
 * @throws ExperimentError "train/examples" when there are none
 */
export function finetune(
  options: FinetuneOptions,
): AsyncGenerator<TrainMeasurement | TrainProgress, TrainingPoint> {
  const { examples, shape, steps, seed, head } = options;
  if (examples.length === 0) {
    throw new ExperimentError("train/examples", "there are no training examples", {
      mend: "give training data with at least one row",
    });
  }
  const warmup = Math.round(options.warmupFraction * steps);
  const order = new ExampleOrder(examples.length, seed);
  return runSteps({
    ...options,
    schedule: { kind: "linear", learningRate: options.learningRate, warmup },
    batchAt: (step): Tensors => {
      const chosen = Array.from(
        { length: shape.rows },
        (_, row) => examples[order.at((step - 1) * shape.rows + row)]!,
      );
      return { ...padRows(chosen, shape), ...padTargets(chosen, { ...shape, head }) };
    },
    batchTokens: shape.rows * meanLength(examples),
    averageSteps: Math.max(1, Math.round(examples.length / shape.rows)),
    dropoutSeed: options.hasDropout ? seed : undefined,
    phase: "fine-tuning",
  });
}

/**
 * How many pieces a fine-tuning trains on from its beginning to a step, padding not counted.
 */
export function trainedTokens(
  examples: readonly Pick<Example, "ids">[],
  { rows, steps, seed }: { readonly rows: number; readonly steps: number; readonly seed: number },
): number {
  const visits = rows * steps, epochs = Math.floor(visits / examples.length);
  let tokens = epochs * examples.reduce((sum, each) => sum + each.ids.length, 0);
  const order = new ExampleOrder(examples.length, seed);
  for (let place = epochs * examples.length; place < visits; place++) {
    tokens += examples[order.at(place)]!.ids.length;
  }
  return tokens;
}

function meanLength(examples: readonly Pick<Example, "ids">[]): number {
  return examples.reduce((sum, each) => sum + each.ids.length, 0) / examples.length;
}

/**
 * What the head gives for each example, one after the other.
 *
 * @param model a classifier's forward graph, compiled for the shape
 * @yields the example's own outputs: for tokens [pieces * labels], for a sequence [labels],
 *   for a span [pieces * 2]; a view that is over with the next one
 * @throws the signal's reason when it is aborted
 */
export async function* predict<Row extends Example>(
  model: Executable,
  options: {
    readonly examples: readonly Row[];
    readonly shape: PaddedShape;
    readonly head: Head;
    /** Stops between two batches. */
    readonly signal: AbortSignal;
  },
): AsyncGenerator<{ readonly example: Row; readonly outputs: Float32Array }, void> {
  const { examples, shape, head } = options;
  const watch = new AbortWatch(options.signal);
  const width = head.kind === "span" ? 2 : head.labels;
  for (let start = 0; start < examples.length; start += shape.rows) {
    await watch.check();
    const chosen = examples.slice(start, start + shape.rows);
    const logits = (await model.run({ ...padRows(chosen, shape) })).logits as Float32Array;
    for (const [row, example] of chosen.entries()) {
      const first = head.kind === "sequence" ? row : row * shape.length;
      const count = head.kind === "sequence" ? 1 : example.ids.length;
      const outputs = logits.subarray(first * width, (first + count) * width);
      yield { example, outputs };
    }
  }
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
