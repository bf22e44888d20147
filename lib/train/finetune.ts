/**
 * Fine-tuning: batches of examples, the step loop over them, and prediction.
 *
 * Rows of a batch are padded to the length of a ladder that fits its longest example, so
 * that few compiled graphs serve a whole training. Without padding the rows' pieces alone are
 * computed, but in attention: as many as some whole rows of that length have. The order is a pure
 * function of (seed, step), as in pre-training; prediction takes examples by their length, padded.
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
  /** Whether pieces alone are computed, but in attention; absent: padding too. */
  readonly isUnpadded?: boolean | undefined;
}

/** The data inputs of a classifier's forward graph; without padding as many ids as pieces. */
export interface RowBatch {
  /** [rows * length] */
  readonly ids: Int32Array;
  /** [rows, 1, 1, length] */
  readonly attentionBias: Float32Array;
  /** [rows * length]; absent where rows have one segment. */
  readonly tokenTypes?: Int32Array;
}

/** Where the pieces of a batch without padding lie; those of no row lie at place 0. */
export interface PieceBatch {
  /** [pieces], each piece's place in its row. */
  readonly positions: Int32Array;
  /** [pieces], its place among those of all rows. */
  readonly placeOf: Int32Array;
  /** [rows * length], the piece at a place; 0 where there is none. */
  readonly pieceAt: Int32Array;
  /** [rows], each row's first piece. */
  readonly firstPieces: Int32Array;
}

/**
 * What is to be learned of a batch: tokens [rows * length], without padding [pieces]; sequence
 * [rows]; span [2 * rows].
 */
export interface TargetBatch {
  /** Labels or places, 0 where nothing is learned. */
  readonly targets: Int32Array;
  /** As long, 1, or 0 where nothing is learned. */
  readonly weights: Float32Array;
}

/** The shape of one batch. */
export interface RowShape extends Omit<Padding, "lengths" | "isUnpadded"> {
  /** Pieces a row. */
  readonly length: number;
  /** Without padding: pieces of all rows and a few of none, a multiple of `length`. */
  readonly pieces?: number | undefined;
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
  { lengths, isUnpadded = false, ...shape }: Padding,
): RowShape {
  const longest = longestOf(examples);
  const length = lengths.find((each) => each >= longest);
  if (length === undefined) {
    throw new Error(`an example of ${longest} pieces in rows of ${lengths.at(-1)}`);
  }
  return isUnpadded ? unpaddedShape(examples, { ...shape, length }) : { ...shape, length };
}

function unpaddedShape(
  examples: readonly Pick<Example, "ids">[],
  shape: Omit<RowShape, "pieces">,
): RowShape {
  const { length } = shape, rows = Math.ceil(Math.max(1, piecesOf(examples)) / length);
  return { ...shape, pieces: rows * length };
}

function piecesOf(examples: readonly Pick<Example, "ids">[]): number {
  return examples.reduce((sum, each) => sum + each.ids.length, 0);
}

function longestOf(examples: readonly Pick<Example, "ids">[]): number {
  return examples.reduce((most, each) => Math.max(most, each.ids.length), 1);
}

/** The batch of a shape; rows that are missing hold nothing. */
export function batchRows(
  examples: readonly Example[],
  shape: RowShape,
): RowBatch & Partial<PieceBatch> {
  const { pieces } = shape;
  const padded = padRows(examples, shape);
  return pieces === undefined ? padded : withoutPadding(padded, examples, { ...shape, pieces });
}

/** Takes what stands at the places of examples out of padded rows. */
function withoutPadding(
  padded: RowBatch,
  examples: readonly Pick<Example, "ids">[],
  { rows, length, pieces, padId }: RowShape & { readonly pieces: number },
): RowBatch & PieceBatch {
  const positions = new Int32Array(pieces), placeOf = new Int32Array(pieces);
  const pieceAt = new Int32Array(rows * length), firstPieces = new Int32Array(rows);
  const ids = new Int32Array(pieces).fill(padId);
  const tokenTypes = padded.tokenTypes && new Int32Array(pieces);
  let piece = 0;
  for (const [row, each] of examples.entries()) {
    firstPieces[row] = piece;
    for (let position = 0; position < each.ids.length; position++, piece++) {
      const place = row * length + position;
      positions[piece] = position;
      placeOf[piece] = place;
      pieceAt[place] = piece;
      ids[piece] = padded.ids[place]!;
      if (tokenTypes !== undefined) tokenTypes[piece] = padded.tokenTypes![place]!;
    }
  }
  return {
    ids,
    attentionBias: padded.attentionBias,
    ...(tokenTypes === undefined ? {} : { tokenTypes }),
    positions,
    placeOf,
    pieceAt,
    firstPieces,
  };
}

/** Pads examples to a batch; rows that are missing hold nothing but padding. */
export function padRows(examples: readonly Example[], shape: RowShape): RowBatch {
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
export function targetsOf(
  examples: readonly Example[],
  { rows, length, pieces, head }: Pick<RowShape, "rows" | "length" | "pieces"> & {
    readonly head: Head;
  },
): TargetBatch {
  const width = head.kind === "tokens" ? length : head.kind === "span" ? 2 : 1;
  const isOfPieces = head.kind === "tokens" && pieces !== undefined;
  const count = isOfPieces ? pieces : rows * width;
  const targets = new Int32Array(count), weights = new Float32Array(count);
  let before = 0;
  for (const [row, example] of examples.entries()) {
    const start = isOfPieces ? before : row * width;
    example.targets.forEach((target, place) => {
      if (target < 0) return;
      targets[start + place] = target;
      weights[start + place] = 1;
    });
    before += example.ids.length;
  }
  return { targets, weights };
}

/** What a fine-tuning takes besides what every training does. */
export interface FinetuneOptions
  extends Pick<StepsOptions, "session" | "steps" | "from" | "heldOut" | "save" | "signal"> {
  /** At least one. */
  readonly examples: readonly Example[];
  /** Of a micro-batch; the session has a graph for each of its shapes. */
  readonly padding: Padding;
  /** Micro-batches a step; absent: 1. */
  readonly parts?: number | undefined;
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
  const { examples, padding, parts = 1 } = options, rows = parts * padding.rows;
  if (examples.length === 0) {
    throw new ExperimentError("train/examples", "there are no training examples", {
      mend: "give training data with at least one row",
    });
  }
  const warmup = Math.round(options.warmupFraction * options.steps);
  const batches = new Batches(examples, { seed: options.seed, rows });
  return runSteps({
    ...options,
    schedule: { kind: "linear", learningRate: options.learningRate, warmup },
    batchAt: (step) => microBatchesOf(batches.at(step), { ...options, step }),
    batchTokens: rows * meanLength(examples),
    partRows: parts === 1 ? undefined : padding.rows,
    averageSteps: Math.max(1, Math.round(examples.length / rows)),
    dropoutSeed: options.hasDropout ? options.seed : undefined,
    phase: "fine-tuning",
  });
}

/**
 * The micro-batches of a step, each of which knows the weight of all, and where it lies in the
 * whole batch, so that dropout draws what it would there.
 */
function microBatchesOf(
  chosen: readonly Example[],
  { padding, head, hasDropout, seed, step }: Omit<FinetuneOptions, "steps"> & {
    readonly step: number;
  },
): readonly Tensors[] {
  const parts = partsOf(chosen, padding);
  const batches = parts.map(({ own, shape }) => (
    { ...batchRows(own, shape), ...targetsOf(own, { ...shape, head }) }
  ));
  if (batches.length === 1) return batches.map((each) => ({ ...each }));
  const total = batches.reduce((sum, { weights }) => sum + weights.reduce((a, b) => a + b, 0), 0);
  const weightTotal = Float32Array.of(Math.max(1, total));
  const isDrawnByPiece = hasDropout && padding.isUnpadded === true;
  let before = 0;
  return batches.map((each, part) => {
    const pieceDropoutSeed = Int32Array.of(seed | 0, step, before);
    before += piecesOf(parts[part]!.own);
    return { ...each, weightTotal, ...isDrawnByPiece ? { pieceDropoutSeed } : {} };
  });
}

/** A batch's micro-batches and their shapes: their rows are as long as the whole batch's. */
function partsOf<Row extends Pick<Example, "ids">>(
  chosen: readonly Row[],
  padding: Padding,
): readonly { readonly own: readonly Row[]; readonly shape: RowShape }[] {
  const { length } = shapeFor(chosen, padding);
  return inParts(chosen, padding.rows).map((own) => (
    { own, shape: shapeFor(own, { ...padding, lengths: [length] }) }
  ));
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
  /** The shapes of micro-batches, and how many had each. */
  readonly shapes: readonly { readonly shape: RowShape; readonly batches: number }[];
}

/** Counts what a fine-tuning of so many steps trains on. */
export function trainedBatches(
  examples: readonly Pick<Example, "ids">[],
  options: Pick<FinetuneOptions, "steps" | "seed"> & {
    readonly padding: Padding;
    readonly parts?: number;
    /** How many of its steps are counted; absent: all. */
    readonly until?: number;
  },
): TrainedBatches {
  const { padding, parts = 1, seed, steps, until = steps } = options;
  const batches = new Batches(examples, { seed, rows: parts * padding.rows });
  const counts = new Map<string, { readonly shape: RowShape; batches: number }>();
  let tokens = 0;
  for (let step = 1; step <= until; step++) {
    const chosen = batches.at(step);
    for (const { shape } of partsOf(chosen, padding)) {
      const name = shapeName(shape), counted = counts.get(name);
      if (counted === undefined) counts.set(name, { shape, batches: 1 });
      else counted.batches++;
    }
    tokens += piecesOf(chosen);
  }
  return { tokens, shapes: [...counts.values()] };
}

/** Tells shapes of one padding apart: "96", without padding "576 in rows of 96". */
export function shapeName({ length, pieces }: Pick<RowShape, "length" | "pieces">): string {
  return pieces === undefined ? `${length}` : `${pieces} in rows of ${length}`;
}

function meanLength(examples: readonly Pick<Example, "ids">[]): number {
  return piecesOf(examples) / examples.length;
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
  { head, ...shape }: RowShape & { readonly head: Head },
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

/** Batches of examples, every epoch in an order of its own. */
class Batches<Row extends Pick<Example, "ids">> {
  #order: Permutation;

  constructor(
    readonly examples: readonly Row[],
    readonly options: Pick<FinetuneOptions, "seed"> & { readonly rows: number },
  ) {
    this.#order = this.#orderOf(0);
  }

  /** The examples of a step, from 1. */
  at(step: number): readonly Row[] {
    const { rows } = this.options, first = (step - 1) * rows;
    return Array.from({ length: rows }, (_, row) => this.#visit(first + row));
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
