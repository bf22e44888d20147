/**
 * What is measured: scores of tasks, values on the way to them, and what a metric is.
 */

/** A score: one row of the results view for each cell that the task stands in. */
export interface Score {
  /** "mlm" for held-out loss, else the data set's name. */
  readonly benchmark: string;
  /** "f1", "lossNats", "contextGapNats". */
  readonly metric: string;
  /** "validation", "dev" or "test". */
  readonly split: string;
  /** In the unit of the metric; NaN and the infinities are kept. */
  readonly value: number;
  /** How far `value` may be off by the choice of what it was measured on; its unit. */
  readonly standardError?: number;
}

/** Values of a metric that make what else was measured doubtful; told with a study's answer. */
export interface Doubt {
  /** Names the kind of doubt: "leakage". */
  readonly code: string;
  /** Values above this are such, by more than two standard errors where these are known. */
  readonly above?: number;
  /** Values that are not shown to reach this are such, by as much. */
  readonly below?: number;
  /** What such a value says: a sentence without its end. */
  readonly says: string;
}

/** What a metric is: declared by the kind that measures it, known to nobody else by name. */
export interface Metric {
  /** "nats", or "fraction" for what lies between 0 and 1 and is shown in percent. */
  readonly unit: string;
  /** Which way is better; absent where neither is. */
  readonly better?: "lower" | "higher";
  /** The least and the greatest value that can be. */
  readonly range?: readonly [least: number, most: number];
  /** Whether it is a mean over cells, and its standard error one over those. */
  readonly isOfCells?: true;
  /** Whether a table of it is worth showing at the end of a run. */
  readonly isHeadline: boolean;
  /** Which of its values make what else was measured doubtful; absent where none do. */
  readonly doubt?: Doubt;
  /** One sentence for help and column comments. */
  readonly about: string;
}

/** A score that a task will have. */
export type ScoreName = Pick<Score, "benchmark" | "metric" | "split">;

/** A value measured at a step; one row of `measurements`. */
export interface Measurement {
  /** The optimizer update after which it was measured. */
  readonly step: number;
  /** "lossNats", "contextGapNats", "learningRate", ... */
  readonly name: string;
  /** "train", "validation", "dev" or "test". */
  readonly split: string;
  /** NaN and the infinities are kept: a training may diverge. */
  readonly value: number;
  /** As a score's. */
  readonly standardError?: number;
}
