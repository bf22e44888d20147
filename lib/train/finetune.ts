/**
 * Fine-tuning: padded batches of examples, the step loop over them, and prediction.
 *
 * Rows of a batch are padded to the length of a ladder that fits its longest example, so
 * that few compiled graphs serve a whole training and little is computed on padding. The
 * order is a pure function of (seed, step), as in pre-training, and of the number of steps where
 * rows are grouped by length; prediction takes examples by their length.
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

/** How examples are padded to rows. */
export interface Padding {
  /** Rows a batch. */
  readonly rows: number;
  /** The pieces a row may have, ascending; the last fits every example. */
  readonly lengths: readonly number[];
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

/** The shape of one batch. */
export interface PaddedShape extends Omit<Padding, "lengths"> {
  /** Pieces a row. */
  readonly length: number;
}

/** Each a half or a third more than the one before; multiples of 16. */
const LADDER: readonly number[] = [16, 32, 48, 64, 96, 128, 192, 256, 384, 512];

/** The lengths that rows are padded to: those of the ladder up to what the longest needs. */
export function paddedLengths(examples: readonly Pick<Example, "ids">[], limit: number): number[] {
  const longest = longestOf(examples), last = Math.min(limit, Math.ceil(longest / 16) * 16);
  return [...LADDER.filter((length) => length < last), last];
}

/** The shape for a batch: the shortest rows that hold its longest example. */
export function shapeFor(
  examples: readonly Pick<Example, "ids">[],
  { lengths, ...shape }: Padding,
): PaddedShape {
  const longest = longestOf(examples);
  const length = lengths.find((each) => each >= longest);
  if (length === undefined) {
    throw new Error(`an example of ${longest} pieces in rows of ${lengths.at(-1)}`);
  }
  return { ...shape, length };
}

function longestOf(examples: readonly Pick<Example, "ids">[]): number {
  return examples.reduce((most, each) => Math.max(most, each.ids.length), 1);
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
  extends Pick<StepsOptions, "session" | "steps" | "from" | "heldOut" | "save" | "signal"> {
  /** At least one. */
  readonly examples: readonly Example[];
  /** Of a micro-batch; the session has a graph for each of its lengths. */
  readonly padding: Padding;
  /** Micro-batches a step; absent: 1. */
  readonly parts?: number | undefined;
  /** What is put on the encoder. */
  readonly head: Head;
  /** The full learning rate. */
  readonly learningRate: number;
  /** The share of steps over which the learning rate rises; then it falls to 0. */
  readonly warmupFraction: number;
  /** Whether batches are of rows of like length, see `Batches`. */
  readonly groupsByLength?: boolean | undefined;
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
  const { examples, padding, parts = 1 } = options, rows = parts * padding.rows;
  if (examples.length === 0) {
    throw new ExperimentError("train/examples", "there are no training examples", {
      mend: "give training data with at least one row",
    });
  }
  const warmup = Math.round(options.warmupFraction * options.steps);
  const batches = new Batches(examples, { ...options, rows });
  return runSteps({
    ...options,
    schedule: { kind: "linear", learningRate: options.learningRate, warmup },
    batchAt: (step) => paddedParts(batches.at(step), options),
    batchTokens: rows * meanLength(examples),
    partRows: parts === 1 ? undefined : padding.rows,
    averageSteps: Math.max(1, Math.round(examples.length / rows)),
    dropoutSeed: options.hasDropout ? options.seed : undefined,
    phase: "fine-tuning",
  });
}

/**
 * The micro-batches of a step, each of which knows the weight of all. They are padded alike, as
 * the whole batch would be, so that dropout draws what it would there.
 */
function paddedParts(
  chosen: readonly Example[],
  { padding, head }: Pick<FinetuneOptions, "padding" | "head">,
): readonly Tensors[] {
  const shape = shapeFor(chosen, padding);
  const padded = inParts(chosen, padding.rows).map((own) => (
    { ...padRows(own, shape), ...padTargets(own, { ...shape, head }) }
  ));
  if (padded.length === 1) return padded;
  const total = padded.reduce((sum, { weights }) => sum + weights.reduce((a, b) => a + b, 0), 0);
  const weightTotal = Float32Array.of(Math.max(1, total));
  return padded.map((each) => ({ ...each, weightTotal }));
}

function inParts<Each>(chosen: readonly Each[], rows: number): (readonly Each[])[] {
  return Array.from(
    { length: Math.ceil(chosen.length / rows) },
    (_, part) => chosen.slice(part * rows, (part + 1) * rows),
  );
}

/** What the steps of a fine-tuning took, from its beginning to its end. */
export interface TrainedBatches {
  /** Pieces, padding not counted. */
  readonly tokens: number;
  /** How many micro-batches had rows of each length. */
  readonly batchesByLength: ReadonlyMap<number, number>;
}

/** Counts what a fine-tuning of so many steps trains on. */
export function trainedBatches(
  examples: readonly Pick<Example, "ids">[],
  options: OrderOptions & {
    readonly padding: Padding;
    readonly parts?: number;
    /** How many of its steps are counted; absent: all. */
    readonly until?: number;
  },
): TrainedBatches {
  const { padding, parts = 1, steps, until = steps } = options;
  const batches = new Batches(examples, { ...options, rows: parts * padding.rows });
  const batchesByLength = new Map<number, number>();
  let tokens = 0;
  for (let step = 1; step <= until; step++) {
    const chosen = batches.at(step), { length } = shapeFor(chosen, padding);
    batchesByLength.set(length, (batchesByLength.get(length) ?? 0) + parts);
    tokens += chosen.reduce((sum, each) => sum + each.ids.length, 0);
  }
  return { tokens, batchesByLength };
}

function meanLength(examples: readonly Pick<Example, "ids">[]): number {
  return examples.reduce((sum, each) => sum + each.ids.length, 0) / examples.length;
}

/** What a head gave for an example. */
export interface Predicted<Row> {
  /** The place of the example among those given. */
  readonly index: number;
  /** The example. */
  readonly example: Row;
  /**
   * Its own outputs: for tokens [pieces * labels], for a sequence [labels], for a span
   * [pieces * 2]; a view that is over with the next one.
   */
  readonly outputs: Float32Array;
}

/**
 * What the head gives for each example, the short ones first.
 *
 * @param compile makes a classifier's forward graph for rows of a length; it is disposed
 *   of after the last batch of that length
 * @throws the signal's reason when it is aborted
 */
export async function* predict<Row extends Example>(
  compile: (length: number) => Promise<Executable>,
  options: {
    readonly examples: readonly Row[];
    readonly padding: Padding;
    readonly head: Head;
    /** Stops between two batches. */
    readonly signal: AbortSignal;
  },
): AsyncGenerator<Predicted<Row>, void> {
  const { examples, padding, head } = options;
  const watch = new AbortWatch(options.signal);
  const byLength = Map.groupBy(
    examples.map((example, index) => ({ example, index })),
    ({ example }) => shapeFor([example], padding).length,
  );
  for (const length of padding.lengths) {
    const chosen = byLength.get(length);
    if (chosen === undefined) continue;
    const model = await compile(length);
    try {
      for (let start = 0; start < chosen.length; start += padding.rows) {
        await watch.check();
        const batch = chosen.slice(start, start + padding.rows);
        yield* predictBatch(model, batch, { ...padding, length, head });
      }
    } finally {
      await model.dispose();
    }
  }
}

async function* predictBatch<Row extends Example>(
  model: Executable,
  batch: readonly Omit<Predicted<Row>, "outputs">[],
  { head, ...shape }: PaddedShape & { readonly head: Head },
): AsyncGenerator<Predicted<Row>, void> {
  const width = head.kind === "span" ? 2 : head.labels;
  const rows = padRows(batch.map(({ example }) => example), shape);
  const logits = (await model.run({ ...rows })).logits as Float32Array;
  for (const [row, each] of batch.entries()) {
    const first = head.kind === "sequence" ? row : row * shape.length;
    const count = head.kind === "sequence" ? 1 : each.example.ids.length;
    yield { ...each, outputs: logits.subarray(first * width, (first + count) * width) };
  }
}

/** What the order of examples follows from. */
type OrderOptions = Pick<FinetuneOptions, "steps" | "seed" | "groupsByLength">;

/** So many steps at most are sorted together. */
const MOST_STEPS = 50;

/**
 * Batches of examples, every epoch in an order of its own.
 *
 * Where rows are grouped by length, the batches of some steps, a quarter of an epoch at most,
 * are made anew from the same examples in the order of their lengths, and come in an order that
 * is drawn: little is computed on padding, and every example is seen as often as before.
 */
class Batches<Row extends Pick<Example, "ids">> {
  #order: Permutation;
  #group: { readonly index: number; readonly batches: readonly (readonly Row[])[] } | undefined;
  readonly #groupSteps: number;

  constructor(
    readonly examples: readonly Row[],
    readonly options: OrderOptions & { readonly rows: number },
  ) {
    this.#order = this.#orderOf(0);
    const quarter = Math.floor(examples.length / (4 * options.rows));
    this.#groupSteps = Math.max(1, Math.min(MOST_STEPS, quarter));
  }

  /** The examples of a step, from 1. */
  at(step: number): readonly Row[] {
    if (this.options.groupsByLength !== true) return this.#drawn(step - 1, 1);
    const index = Math.floor((step - 1) / this.#groupSteps);
    if (this.#group?.index !== index) {
      this.#group = { index, batches: this.#grouped(index) };
    }
    return this.#group.batches[(step - 1) % this.#groupSteps]!;
  }

  #grouped(index: number): readonly (readonly Row[])[] {
    const { rows, steps, seed } = this.options, first = index * this.#groupSteps;
    // What lies beyond the last step is not mixed in: some examples would be missed for it.
    const count = Math.min(this.#groupSteps, steps - first);
    const sorted = this.#drawn(first, count).toSorted((a, b) => a.ids.length - b.ids.length);
    const batches = inParts(sorted, rows);
    const order = new Permutation(count, seed, "train/finetune-groups", index);
    return batches.map((_, place) => batches[order.at(place)]!);
  }

  /** The examples of some steps, the first of which is given from 0. */
  #drawn(first: number, steps: number): Row[] {
    const { rows } = this.options;
    return Array.from({ length: steps * rows }, (_, row) => this.#visit(first * rows + row));
  }

  #visit(place: number): Row {
    const count = this.examples.length, epoch = Math.floor(place / count);
    if (this.#order.epoch !== epoch) this.#order = this.#orderOf(epoch);
    return this.examples[this.#order.at(place % count)]!;
  }

  #orderOf(epoch: number): Permutation {
    return new Permutation(this.examples.length, this.options.seed, "train/finetune-order", epoch);
  }
}
