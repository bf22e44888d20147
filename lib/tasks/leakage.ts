/**
 * Leakage between a benchmark's parts as kinds that read benchmarks tell it: as measurements, as
 * scores of the results view, as a warning, and as a gate where the spec sets a limit.
 */
import { z } from "zod";
import { SCORED_PARTS, type ScoredPart } from "../benchmarks/benchmark.ts";
import { countMetric } from "../benchmarks/counts.ts";
import { type Copy, leakageOf, NEAR } from "../benchmarks/leakage.ts";
import { ExperimentError, fault, formatPosition, type SourcePosition } from "../base/errors.ts";
import { agreeing } from "../base/count.ts";
import type { Part } from "../base/parts.ts";
import type { Metric, Score, ScoreName } from "../base/measures.ts";
import type { TaskContext } from "../graph/task.ts";
import { tellCounts } from "./counted.ts";

/** What the results view calls the data set of these scores. */
const BENCHMARK = "leakage";

const share = { unit: "fraction", better: "lower", range: [0, 1], isHeadline: false } as const;

const says =
  "rows of this part stand in an earlier part too, word for word or nearly: its scores " +
  "flatter what has learnt them by heart";
const doubt = { code: "leakage", above: 0, says } as const;

/** What kinds that read benchmarks measure of them. */
export const leakageMetrics: Readonly<Record<string, Metric>> = {
  copyShare: {
    ...share,
    doubt,
    about: "Rows of the part that stand word for word in a part before it.",
  },
  nearCopyShare: {
    ...share,
    doubt,
    about:
      `Rows of the part that share at least ${100 * NEAR}% of their runs of three words with ` +
      "a row of a part before it, and are no copies.",
  },
  copies: countMetric("The rows of copyShare, by the part where they stand too after a slash."),
  nearCopies: countMetric("The rows of nearCopyShare, likewise."),
};

/** Those that are scores. */
const SHARES = ["copyShare", "nearCopyShare"] as const;

/** The limit, as a spec gives it. */
export const maxLeakageSchema: z.ZodType<number | undefined> = z.number().min(0).max(1).optional()
  .describe(
    "The largest share of dev, and of test, that may be copies or near copies of rows of an " +
      "earlier part; absent: they are counted and told.",
  );

/** The scores that every such kind has. */
export function leakageScores(): ScoreName[] {
  return SCORED_PARTS.flatMap((split) =>
    SHARES.map((metric) => ({ benchmark: BENCHMARK, metric, split }))
  );
}

/** A row as it is compared, and where it stands. */
export interface ComparedRow {
  /** Its text. */
  readonly text: string;
  /** Where a person finds it. */
  readonly at: SourcePosition;
}

/** How many examples are named where there is too much. */
const NAMED = 5;

/**
 * Counts leakage and tells it.
 *
 * @param options rows: what they are called, "sentences"; maxLeakage: the limit
 * @returns the scores
 * @throws ExperimentError "tasks/leakage" with examples, file and line each, above the limit
 */
export function tellLeakage(
  parts: Readonly<Record<Part, readonly ComparedRow[]>>,
  { rows, maxLeakage, emit }: {
    readonly rows: string;
    readonly maxLeakage: number | undefined;
    readonly emit: TaskContext<unknown>["emit"];
  },
): Score[] {
  const texts = (part: Part) => parts[part].map(({ text }) => text);
  const found = leakageOf({ train: texts("train"), dev: texts("dev"), test: texts("test") });
  const scores: Score[] = [];
  for (const split of SCORED_PARTS) {
    const { copies, rows: count } = found[split];
    const exact = copies.filter(({ isExact }) => isExact).length;
    const near = copies.length - exact;
    const of = (number: number) => count === 0 ? 0 : number / count;
    scores.push(
      { benchmark: BENCHMARK, metric: "copyShare", split, value: of(exact) },
      { benchmark: BENCHMARK, metric: "nearCopyShare", split, value: of(near) },
    );
    const by = Map.groupBy(
      copies,
      ({ part, isExact }) => isExact ? `copies/${part}` : `nearCopies/${part}`,
    );
    const counts = [...by].map(([name, found]) => ({ name, value: found.length }));
    tellCounts(emit, { counts, split, step: 0 });
    if (near > 0) {
      emit({
        type: "warning",
        message: `${near} of ${count} ${split} ${rows} nearly ${
          agreeing(near, "stands", "stand")
        } in an earlier part too`,
      });
    }
    if (maxLeakage === undefined || of(copies.length) <= maxLeakage) continue;
    throw tooMuch(split, { copies, parts, rows, maxLeakage });
  }
  return scores;
}

function tooMuch(
  split: ScoredPart,
  { copies, parts, rows, maxLeakage }: {
    readonly copies: readonly Copy[];
    readonly parts: Readonly<Record<Part, readonly ComparedRow[]>>;
    readonly rows: string;
    readonly maxLeakage: number;
  },
): ExperimentError {
  const { length: count } = parts[split];
  const share = (100 * copies.length / count).toFixed(1);
  const examples = copies.slice(0, NAMED).map(({ row, part, original, similarity, isExact }) => {
    const how = isExact ? "word for word" : `to ${Math.floor(100 * similarity)}%`;
    return fault(
      "tasks/leakage",
      `stands ${how} in ${part} too, at ${formatPosition(parts[part][original]!.at)}`,
      { at: parts[split][row]!.at, mend: "take it out of the earlier part" },
    );
  });
  return ExperimentError.of([
    fault(
      "tasks/leakage",
      `${copies.length} of ${count} ${split} ${rows} (${share}%) stand in an earlier part too, ` +
        `above maxLeakage: ${maxLeakage}`,
      {
        mend: `take them out, the first ${examples.length} of them below, or raise maxLeakage`,
      },
    ),
    ...examples,
  ]);
}
