/**
 * What a benchmark is: one small module that says how its data becomes rows of pieces, what
 * is put on the encoder, and how the head's outputs become answers and scores.
 *
 * Batches, fine-tuning, checkpoints, prediction and the task around them are shared and
 * know no benchmark; a benchmark knows no model and no training.
 */
import type { z } from "zod";
import type { Part } from "../base/parts.ts";
import type { Metric } from "../base/measures.ts";
import type { ArtifactType, UpstreamTask } from "../graph/task.ts";
import type { Count } from "./counts.ts";
import type { WordPiece } from "../text/pieces/wordpiece.ts";

/**
 * What is put on the encoder.
 *
 * - tokens: a label for each piece;
 * - sequence: a label for the row, from [CLS] through BERT's pooler;
 * - span: where an answer begins and where it ends.
 */
export type Head =
  | { readonly kind: "tokens"; readonly labels: number }
  | { readonly kind: "sequence"; readonly labels: number }
  | { readonly kind: "span" };

/** A row as the model takes it. */
export interface Example {
  /** Pieces, from [CLS] to the last [SEP]. */
  readonly ids: Int32Array;
  /** As long as `ids`: 0 for the first segment, 1 for the second; absent: all 0. */
  readonly tokenTypes?: Int32Array;
  /**
   * What is to be learned, -1 where nothing is. For tokens as long as `ids`, a label's
   * number each; for a sequence the one label; for a span the places of its first and its
   * last piece.
   */
  readonly targets: Int32Array;
}

/** A part that a model is scored on. */
export type ScoredPart = Exclude<Part, "train">;

/** Those parts, in the order in which they are scored. */
export const SCORED_PARTS: readonly ScoredPart[] = ["dev", "test"];

/** A score of a metric. */
export interface MetricScore {
  /** In the metric's unit. */
  readonly value: number;
  /** How far it may be off by the choice of what was scored; absent where it cannot be told. */
  readonly standardError?: number;
}

/** What the answers of a part are worth. */
export interface Scored {
  /** By metric. */
  readonly scores: Readonly<Record<string, MetricScore>>;
  /** What the scores are made of; absent: nothing is counted. */
  readonly counts?: readonly Count[];
  /** Whatever else a person may want to see. */
  readonly details: object;
  /** The answers in the benchmark's own format, for others' scripts: texts by file name. */
  readonly predictions: Readonly<Record<string, string>>;
}

/** Data made ready for a model. */
export interface Prepared<Row extends Example, Answer> {
  /** What is put on the encoder. */
  readonly head: Head;
  /** What its outputs are of, by number; of a span none. */
  readonly labels: readonly string[];
  /** Rows of each part; a row need not be what is scored: a long text may be several. */
  readonly examples: Readonly<Record<Part, readonly Row[]>>;
  /**
   * The answer that a row's outputs stand for.
   *
   * @param outputs tokens: [pieces * labels]; sequence: [labels]; span: [pieces * 2], begin
   *   and end of each piece; not to be kept
   */
  decode(example: Row, outputs: Float32Array): Answer;
  /** Scores the answers of all rows of a part, in their order. */
  score(part: ScoredPart, answers: readonly Answer[]): Scored;
}

/** What data is made ready with. */
export interface PrepareOptions<Params> {
  /** The model's vocabulary. */
  readonly encoder: WordPiece;
  /** The most pieces of a row, [CLS] and [SEP] counted. */
  readonly length: number;
  /** The benchmark's own parameters. */
  readonly params: Params;
  /** Names of the outputs of a head that is there already; absent: as the data has them. */
  readonly labels?: readonly string[] | undefined;
  /** Told of all that is left out, cut or odd. */
  readonly warn: (message: string) => void;
}

/** A benchmark; `finetuning` of the tasks makes a kind of it. */
export interface Benchmark<
  Data,
  Params extends z.ZodRawShape,
  Row extends Example,
  Answer,
> {
  /** The name that `uses:` gives, such as "ner". */
  readonly kind: string;
  /** Counted up by hand when the same inputs would give another result. */
  readonly version: number;
  /** One sentence for help and for editors. */
  readonly about: string;
  /** The URL of the module whose graph is the benchmark's code: its `import.meta.url`. */
  readonly entry: string;
  /** The artifact that its data is. */
  readonly data: ArtifactType<Data>;
  /** One sentence on it. */
  readonly aboutData: string;
  /** What a row of it is called in messages: "sentences". */
  readonly rows: string;
  /** Parameters besides those that every fine-tuning has. */
  readonly params: Params;
  /** What it is scored by. */
  readonly metrics: Readonly<Record<string, Metric>>;
  /** What it counts; absent: nothing. */
  readonly counts?: Readonly<Record<string, Metric>>;
  /** How many rows there are to train on, where the task that makes the data tells. */
  countTrain?(data: UpstreamTask): number | undefined;
  /** The data with these parts, one after the other, as what is trained on. */
  trainOn(data: Data, parts: readonly Part[]): Data;
  /** Makes data ready; pure. */
  prepare(
    data: Data,
    options: PrepareOptions<z.output<z.ZodObject<Params>>>,
  ): Prepared<Row, Answer>;
}
