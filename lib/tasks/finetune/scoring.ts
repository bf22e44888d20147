/** Predicts parts of a benchmark with a model, scores them and tells the scores. */
import type { Example, Prepared, Scored, ScoredPart } from "../../benchmarks/benchmark.ts";
import { SCORED_PARTS } from "../../benchmarks/benchmark.ts";
import type { NewScores } from "../../benchmarks/scores_artifact.ts";
import { ExperimentError, fault } from "../../base/errors.ts";
import { PARTS } from "../../base/parts.ts";
import type { Executable } from "../../engine/engine.ts";
import type { Graph } from "../../engine/ir/graph.ts";
import type { Score } from "../../base/measures.ts";
import type { TaskContext } from "../../graph/task.ts";
import { predict } from "../../train/predict.ts";
import { paddedLengths, type Padding, type RowShape } from "../../train/row_batch.ts";
import { tellCounts } from "../counted.ts";
import { fitPass, type PassOptions } from "../training/fit_memory.ts";
import type { Phases } from "../training/phases.ts";

/** What parts are scored with. */
export interface Scoring<Row extends Example, Answer> {
  /** Makes a classifier's forward graph for rows of a length; it is disposed of after use. */
  readonly compile: (length: number) => Promise<Executable>;
  /** How rows are padded. */
  readonly padding: Padding;
  /** The benchmark's data. */
  readonly prepared: Prepared<Row, Answer>;
  /** The parts; each is scored once, in the order of all parts. */
  readonly parts: readonly ScoredPart[];
  /** Told what is being done. */
  readonly phases: Phases;
  /** Stops between two batches. */
  readonly signal: AbortSignal;
}

/** What parts came to, of those that were scored. */
export type ScoredParts = Readonly<Partial<Record<ScoredPart, Scored>>>;

/**
 * Refuses parts that hold nothing to be scored on: a rate over nothing would pass for a measured 0.
 *
 * @throws ExperimentError "tasks/no-examples"
 */
export function refuseEmpty(
  { examples }: Pick<Prepared<Example, unknown>, "examples">,
  { parts, rows }: {
    readonly parts: readonly ScoredPart[];
    readonly rows: string;
  },
): void {
  const empty = SCORED_PARTS.filter((part) => parts.includes(part) && examples[part].length === 0);
  if (empty.length === 0) return;
  throw ExperimentError.of(
    empty.map((part) =>
      fault("tasks/no-examples", `there are no ${part} ${rows} to score the model on`, {
        mend: `give the data a ${part} part, or score on others alone`,
      })
    ),
  );
}

/** Predicts and scores. */
export async function scoreParts<Row extends Example, Answer>(
  { compile, padding, prepared, parts, phases, signal }: Scoring<Row, Answer>,
): Promise<ScoredParts> {
  const scored: Partial<Record<ScoredPart, Scored>> = {};
  for (const part of SCORED_PARTS) {
    if (!parts.includes(part)) continue;
    const examples = prepared.examples[part], answers = new Array<Answer>(examples.length);
    const { head } = prepared, asked = { examples, padding, head, signal };
    let done = 0;
    phases.begin(`predicting ${part}`, { total: examples.length, unit: "rows" });
    for await (const { index, example, outputs } of predict(compile, asked)) {
      answers[index] = prepared.decode(example, outputs);
      phases.reach(++done);
    }
    phases.begin(`scoring ${part}`);
    scored[part] = prepared.score(part, answers);
  }
  return scored;
}

/**
 * How what is scored is padded: for all parts, so that a part's bits are the same whichever are
 * scored beside it.
 */
export function scoredPadding(
  { examples }: Pick<Prepared<Example, unknown>, "examples">,
  { rows, length, padId }: {
    readonly rows: number;
    readonly length: number;
    readonly padId: number;
  },
): Padding {
  const held = SCORED_PARTS.flatMap((part) => examples[part]);
  const lengths = paddedLengths(held, length);
  return { rows, lengths, padId, hasSegments: hasSegments(examples) };
}

/** What a padding's rows are fitted to a device's memory by. */
export interface FittingOptions extends Pick<PassOptions, "engine" | "beside" | "warn"> {
  /** The forward graph for rows of a shape. */
  readonly graphOf: (shape: RowShape) => Graph;
}

/**
 * A padding of fewer rows where those do not fit the device's memory: as many for all lengths as
 * the longest takes.
 *
 * @throws ExperimentError "engine/memory" where not even one row fits
 */
export async function fittingPadding(
  { lengths, ...padding }: Padding,
  { graphOf, ...options }: FittingOptions,
): Promise<Padding> {
  const length = lengths.at(-1)!;
  const rows = await fitPass(padding.rows, {
    ...options,
    what: "prediction",
    graphOf: (rows) => graphOf({ ...padding, rows, length }),
  });
  return { ...padding, rows, lengths };
}

/** Whether any row of any part has a second segment. */
export function hasSegments(examples: Prepared<Example, unknown>["examples"]): boolean {
  return PARTS.some((part) => examples[part].some(({ tokenTypes }) => tokenTypes !== undefined));
}

/** Tells scores and counts as measurements at a step; returns the scores. */
export function tellScores(
  scored: ScoredParts,
  { benchmark, step, emit }: {
    readonly benchmark: string;
    readonly step: number;
    readonly emit: TaskContext<unknown>["emit"];
  },
): Score[] {
  for (const split of SCORED_PARTS) {
    tellCounts(emit, { counts: scored[split]?.counts ?? [], split, step });
  }
  return SCORED_PARTS.flatMap((split) =>
    Object.entries(scored[split]?.scores ?? {}).map(([metric, score]) => {
      emit({ type: "measurement", step, name: metric, split, ...score });
      return { benchmark, metric, split, ...score };
    })
  );
}

/** Scores and predictions as they are written, below what else is to be said. */
export function writtenScores(scored: ScoredParts, summary: object): NewScores {
  const entries = SCORED_PARTS.flatMap((part) => {
    const found = scored[part];
    return found === undefined ? [] : [[part, found] as const];
  });
  return {
    summary: {
      ...summary,
      ...Object.fromEntries(entries.map(([part, { details }]) => [part, details])),
    },
    predictions: Object.fromEntries(
      entries.flatMap(([part, { predictions }]) =>
        Object.entries(predictions).map(([name, text]) => [`${part}.${name}`, text])
      ),
    ),
  };
}
