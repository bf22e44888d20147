/** One score of two experiments, cell by cell: paired by seeds where both have them. */
import { pairedDifference, type SeedMean, unpairedDifference } from "../../analysis/cells.ts";
import { summarise } from "../../analysis/noise.ts";
import type { Json, JsonObject } from "../../base/canonical.ts";
import { agreeing, counted } from "../../base/count.ts";
import { type Dot, dotsSpec, isCutOff } from "../../report/figures/dots_spec.ts";
import { formatAxisValue } from "../../report/text/labels.ts";
import { unitOf } from "../../report/text/units.ts";
import { sqlText } from "../../store/database/schema.ts";
import { type Ask, type Asked, named, numberIn } from "./asked.ts";
import type { Block, FigureBlock, TableBlock } from "./content.ts";
import { drawing, type DrawingNames } from "./drawing.ts";
import type { ReportScore } from "./scores.ts";

/** The names of the experiments. */
export type Pair = readonly [one: string, other: string];

/** How cells are compared that show the results of one task. */
const SAME = "the same task";

interface MeasuredCell {
  readonly axes: JsonObject;
  readonly values: readonly number[];
  /** The tasks that measured them. */
  readonly keys: ReadonlySet<string>;
  /** Values by seed; of those without a seed nothing can be paired. */
  readonly bySeed: ReadonlyMap<number, number>;
}

/** A cell that both have, and how they differ there. */
interface Match extends ReturnType<typeof differenceOf> {
  readonly cell: MeasuredCell;
  readonly twin: MeasuredCell;
}

/** A score of two experiments, and how it is written. */
interface Comparison {
  readonly pair: Pair;
  readonly score: ReportScore;
  readonly data: Asked;
  readonly axes: readonly string[];
  readonly matched: readonly Match[];
  /** A row a match: axes, both, the difference, its interval, by what, the verdict. */
  readonly rows: readonly (readonly string[])[];
}

/** Compares the cells that both have, and names those of one alone. */
export async function compareScore(
  ask: Ask,
  { pair, score, same, names }: {
    readonly pair: Pair;
    readonly score: ReportScore;
    readonly same: ReportScore;
    readonly names: DrawingNames;
  },
): Promise<{ compared: Block[]; alone: TableBlock[]; sentence: string }> {
  const [one, other] = pair;
  const data = await ask(`SELECT experiment, axes, seed, value, standard_error, key
FROM results
WHERE experiment IN (${sqlText(one)}, ${sqlText(other)}) AND stage = ${sqlText(score.stage)}
  AND benchmark = ${sqlText(score.benchmark)} AND metric = ${sqlText(score.metric)}
  AND split = ${sqlText(score.split)}
ORDER BY place, axes, experiment`);
  const axes = comparedAxes(score, same);
  const first = cellsOf(data, { name: one, axes }), second = cellsOf(data, { name: other, axes });
  const matched = [...first].flatMap(([key, cell]): Match[] => {
    const twin = second.get(key);
    return twin === undefined ? [] : [{ cell, twin, ...differenceOf(twin, cell) }];
  });
  const rows = matched.map((match) => rowOf(match, { axes, score, pair }));
  const comparison = { pair, score, data, axes, matched, rows };
  const better = score.declared?.better;
  const verdicts = matched.map(({ how }, i) => how === SAME ? SAME : rows[i]!.at(-1)!);
  return {
    compared: [...await differenceFigures(comparison, names), ...differenceTables(comparison)],
    alone: [
      ...aloneTables(comparison, { name: one, own: first, others: second }),
      ...aloneTables(comparison, { name: other, own: second, others: first }),
    ],
    sentence: sentenceOf(score.title, { verdicts, better, pair }),
  };
}

function rowOf(
  { cell, twin, difference, how }: Match,
  { axes, score, pair }: Pick<Comparison, "axes" | "score" | "pair">,
): string[] {
  const { declared } = score, { show } = unitOf(declared);
  return [
    ...axes.map((axis) => formatAxisValue(cell.axes[axis] ?? null)),
    spreadText(cell, score),
    spreadText(twin, score),
    signed(show(difference.mean)),
    intervalText(difference, show),
    how,
    how === SAME ? "" : verdictOf(difference, { pair, better: declared?.better }),
  ];
}

/** The mean of a cell with its deviation over how many values. */
function spreadText({ values }: MeasuredCell, { declared }: ReportScore): string {
  const { show } = unitOf(declared), { mean, deviation } = summarise(values);
  const spread = deviation === undefined ? "" : ` ± ${show(deviation)}`;
  return `${show(mean)}${spread}, n ${values.length}`;
}

function labelOf(
  cell: JsonObject,
  { axes, score }: Pick<Comparison, "axes" | "score">,
): string {
  return axes.map((axis) => `${axis} ${formatAxisValue(cell[axis] ?? null)}`).join(", ") ||
    score.stage;
}

/** The differences that have a number, drawn; nothing where none has. */
async function differenceFigures(
  comparison: Comparison,
  names: DrawingNames,
): Promise<FigureBlock[]> {
  const { pair: [one, other], score, data, axes, matched, rows } = comparison;
  const { factor } = unitOf(score.declared);
  const dots = matched.flatMap(({ cell, how, difference: { mean, interval } }): Dot[] =>
    Number.isFinite(mean) && how !== SAME
      ? [{
        label: labelOf(cell.axes, comparison),
        group: "difference",
        value: factor * mean,
        low: interval && factor * interval.low,
        high: interval && factor * interval.high,
      }]
      : []
  );
  if (dots.length === 0) return [];
  const told = rows.map((row) => row.slice(0, axes.length + 4).join(", ")).join("; ");
  return [{
    kind: "figure",
    title: `${score.title}: ${other} less ${one}`,
    drawings: [
      await drawing(dotsSpec(dots, { value: `${other} less ${one}: ${score.name}`, group: "" }), {
        name: names.of(score.stage, score.metric, "difference"),
        description: `${score.title}, ${other} less ${one}. ${told}.`,
      }),
    ],
    notes: [
      "Bars: intervals of 95 percent, seed by seed where both have the same seeds." +
      (isCutOff(dots) ? " Those that reach beyond the figure are cut off at its edge." : ""),
    ],
    data,
  }];
}

function differenceTables(
  { pair: [one, other], score, data, axes, rows }: Comparison,
): TableBlock[] {
  if (rows.length === 0) return [];
  return [{
    kind: "table",
    title: score.title,
    columns: [
      ...axes.map((name) => ({ name, as: "number" as const })),
      { name: one, as: "number" },
      { name: other, as: "number" },
      { name: "difference", as: "number" },
      { name: "interval of 95 percent", as: "number" },
      { name: "by" },
      { name: "better" },
    ],
    rows,
    notes: ["Mean over seeds ± standard deviation, n seeds; the difference is of the second."],
    data,
  }];
}

/** The cells that one of the two has alone. */
function aloneTables(
  comparison: Comparison,
  { name, own, others }: {
    readonly name: string;
    readonly own: ReadonlyMap<string, MeasuredCell>;
    readonly others: ReadonlyMap<string, MeasuredCell>;
  },
): TableBlock[] {
  const { score, data } = comparison;
  const cells = [...own].filter(([key]) => !others.has(key)).map(([, cell]) => cell);
  if (cells.length === 0) return [];
  return [{
    kind: "table",
    title: `${score.title}: only ${name} has`,
    columns: [{ name: "cell" }, { name: "mean", as: "number" }],
    rows: cells.map((cell) => [labelOf(cell.axes, comparison), spreadText(cell, score)]),
    notes: [],
    data,
  }];
}

/** What came out of a score's cells, in a sentence. */
function sentenceOf(
  title: string,
  { verdicts, better, pair }: {
    readonly verdicts: readonly string[];
    readonly better: "lower" | "higher" | undefined;
    readonly pair: Pair;
  },
): string {
  const count = (verdict: string) => verdicts.filter((each) => each === verdict).length;
  if (verdicts.length === 0) return `${title}: no cell is in both.`;
  if (count(SAME) === verdicts.length) return `${title}: both show the same tasks in all cells.`;
  if (better === undefined) {
    return `${title}: ${counted(verdicts.length, "cell")} that both have; neither way is better.`;
  }
  const wins = pair.map((name) => `${name} is better in ${count(name)}`);
  const others = verdicts.length - count(SAME) - count(pair[0]) - count(pair[1]);
  return `${title}: of ${counted(verdicts.length, "cell")} that both have, ${wins.join(", ")}; ` +
    `${others} ${agreeing(others, "is", "are")} not told apart` +
    (count(SAME) === 0
      ? "."
      : `, and ${count(SAME)} ${agreeing(count(SAME), "is", "are")} of the same task.`);
}

/**
 * The axes by which cells are matched: those of both, and those of one alone along which it
 * has several values, so that none of its cells would be the one that is meant.
 */
function comparedAxes(score: ReportScore, same: ReportScore): string[] {
  const varies = ({ rows }: ReportScore, axis: string) =>
    new Set(rows.map(({ axes }) => formatAxisValue(axes[axis] ?? null))).size > 1;
  const own = score.axes.filter((axis) => same.axes.includes(axis) || varies(score, axis));
  const more = same.axes.filter((axis) => !score.axes.includes(axis) && varies(same, axis));
  return [...own, ...more];
}

function cellsOf(
  data: Asked,
  { name, axes }: { readonly name: string; readonly axes: readonly string[] },
): Map<string, MeasuredCell> {
  const rows = named(data).filter(({ experiment }) => experiment === name);
  const own = (values: Json | undefined): JsonObject => {
    const all = values as JsonObject;
    return Object.fromEntries(
      axes.filter((axis) => Object.hasOwn(all, axis)).map((axis) => [axis, all[axis]!]),
    );
  };
  const groups = Map.groupBy(rows, (row) => JSON.stringify(own(row["axes"])));
  return new Map([...groups].map(([key, same]) => {
    const seeded = same.flatMap((row) => {
      const seed = numberIn(row, "seed");
      return seed === undefined ? [] : [[seed, Number(row["value"])] as const];
    });
    return [key, {
      axes: own(same[0]!["axes"]),
      values: same.map((row) => Number(row["value"])),
      keys: new Set(same.map((row) => String(row["key"]))),
      bySeed: new Map(seeded),
    }];
  }));
}

/** The difference, over seeds that both have; of their means where they have none in common. */
function differenceOf(
  twin: MeasuredCell,
  cell: MeasuredCell,
): { readonly difference: SeedMean; readonly how: string } {
  const paired = pairedDifference(twin.bySeed, cell.bySeed);
  if (twin.keys.symmetricDifference(cell.keys).size === 0) {
    return { difference: { mean: 0, seeds: cell.keys.size }, how: SAME };
  }
  if (paired !== undefined) {
    return { difference: paired, how: paired.seeds === 1 ? "1 seed" : `${paired.seeds} seeds` };
  }
  return { difference: unpairedDifference(twin.values, cell.values), how: "means, not paired" };
}

function verdictOf(
  { mean, interval }: SeedMean,
  { pair: [one, other], better }: {
    readonly pair: Pair;
    readonly better: "lower" | "higher" | undefined;
  },
): string {
  if (better === undefined) return "";
  if (!Number.isFinite(mean)) return "no number";
  if (interval === undefined) return "one seed tells not";
  if (interval.low <= 0 && interval.high >= 0) return "not told apart";
  return (mean > 0) === (better === "higher") ? other : one;
}

function intervalText({ interval }: SeedMean, show: (value: number) => string): string {
  if (interval === undefined) return "";
  return `${signed(show(interval.low))} to ${signed(show(interval.high))}`;
}

function signed(text: string): string {
  return text.startsWith("-") || Number(text) === 0 ? text : `+${text}`;
}
