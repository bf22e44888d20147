/**
 * Fine-tuning: batches of examples, and the step loop over them.
 *
 * The order is a pure function of (seed, step), as in pre-training.
 */
import { ExperimentError } from "../base/errors.ts";
import { Permutation } from "../base/rng.ts";
import type { Example, Head } from "../benchmarks/benchmark.ts";
import type { Tensors } from "../engine/engine.ts";
import {
  batchRows,
  type Padding,
  piecesOf,
  type RowShape,
  shapeFor,
  shapeName,
  targetsOf,
} from "./row_batch.ts";
import {
  runSteps,
  type StepsOptions,
  type TrainingPoint,
  type TrainMeasurement,
  type TrainProgress,
} from "./steps.ts";

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

function meanLength(examples: readonly Pick<Example, "ids">[]): number {
  return piecesOf(examples) / examples.length;
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
