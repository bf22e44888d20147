/** Two experiments compared, cell by cell: paired by seeds where both have them. */
import { pairedDifference, type SeedMean, unpairedDifference } from "../../analysis/cells.ts";
import { summarise } from "../../analysis/noise.ts";
import type { Json, JsonObject } from "../../base/canonical.ts";
import { ExperimentError } from "../../base/errors.ts";
import { agreeing, counted } from "../../base/count.ts";
import { listOf } from "../../base/list.ts";
import { answerOf } from "../../report/answer/answer.ts";
import { type Dot, dotsSpec, isCutOff } from "../../report/figures/dots_spec.ts";
import { formatAxisValue } from "../../report/text/labels.ts";
import { unitOf } from "../../report/text/units.ts";
import { readStudyRecord } from "../../run/study_record.ts";
import { sqlText } from "../../store/database/schema.ts";
import { type Ask, type Asked, asking, named, numberIn } from "./asked.ts";
import type { Block, Report, Section, TableBlock } from "./content.ts";
import { drawing, DrawingNames } from "./drawing.ts";
import { provenanceBlocks } from "./provenance.ts";
import { answerBlock, factsOf, type ReportSource } from "./report.ts";
import { isSameMeasure, type ReportScore, reportScores } from "./scores.ts";

/** The names of the experiments. */
export type Pair = readonly [one: string, other: string];

/**
 * Makes the report of two experiments.
 *
 * @throws ExperimentError "page/nothing-to-compare", "run/unknown-experiment", and as `query`
 */
export async function comparisonOf(
  pair: Pair,
  { database, kinds }: ReportSource,
): Promise<Report> {
  const [one, other] = pair;
  if (one === other) throw nothing(`${one} is compared with itself`, "name two experiments");
  const studies = [
    await readStudyRecord(database, one, kinds),
    await readStudyRecord(database, other, kinds),
  ] as const;
  const [answers, scores] = [
    studies.map(answerOf),
    studies.map((study) => reportScores(study.rows, answerOf(study).main?.score)) as [
      ReportScore[],
      ReportScore[],
    ],
  ];
  const common = scores[0].flatMap((score) => {
    const same = scores[1].find((each) => each.stage === score.stage && isSameMeasure(each, score));
    return same === undefined ? [] : [[score, same] as const];
  });
  if (common.length === 0) {
    const told = pair.map((name, i) =>
      `${name} has ${listOf(scores[i]!.map(({ title }) => title)) || "none yet"}`
    );
    throw nothing(
      `${one} and ${other} have no score in common: ${told.join("; ")}`,
      "name two that measure the same at stages of one name, as a spec and a variant of it do",
    );
  }
  const ask = asking(database), names = new DrawingNames();
  const compared: Block[] = [], alone: TableBlock[] = [], sentences: string[] = [];
  for (const [score, same] of common) {
    const found = await compareScore(ask, { pair, score, same, names });
    compared.push(...found.compared);
    alone.push(...found.alone);
    sentences.push(found.sentence);
  }
  const sections: Section[] = [
    { id: "cells", title: "Cell by cell", blocks: compared },
    { id: "alone", title: "Cells of one alone", blocks: alone },
    { id: "settings", title: "Settings that differ", blocks: await settingBlocks(ask, pair) },
    ...await Promise.all(pair.map(async (name, i) => ({
      id: `provenance-${i + 1}`,
      title: `Provenance of ${name}`,
      blocks: await provenanceBlocks(ask, name),
    }))),
  ];
  const facts = await Promise.all(
    pair.map(async (name) => `${name}: ${(await factsOf(ask, name)).join(", ")}`),
  );
  return {
    title: `${one} and ${other}`,
    facts,
    answers: [
      { question: `How does ${other} differ from ${one}?`, sentences, warnings: [] },
      ...answers.map((answer, i) => ({ of: pair[i]!, ...answerBlock(answer) })),
    ],
    sections: sections.filter(({ blocks }) => blocks.length > 0),
  };
}

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

async function compareScore(
  ask: Ask,
  { pair: [one, other], score, same, names }: {
    readonly pair: Pair;
    readonly score: ReportScore;
    readonly same: ReportScore;
    readonly names: DrawingNames;
  },
): Promise<{ compared: Block[]; alone: TableBlock[]; sentence: string }> {
  const data = await ask(`SELECT experiment, axes, seed, value, standard_error, key
FROM results
WHERE experiment IN (${sqlText(one)}, ${sqlText(other)}) AND stage = ${sqlText(score.stage)}
  AND benchmark = ${sqlText(score.benchmark)} AND metric = ${sqlText(score.metric)}
  AND split = ${sqlText(score.split)}
ORDER BY place, axes, experiment`);
  const axes = comparedAxes(score, same);
  const [first, second] = [one, other].map((name) => cellsOf(data, { name, axes })) as [
    Map<string, MeasuredCell>,
    Map<string, MeasuredCell>,
  ];
  const { declared } = score, { show, factor } = unitOf(declared);
  const matched = [...first].flatMap(([key, cell]) => {
    const twin = second.get(key);
    return twin === undefined ? [] : [{ cell, twin, ...differenceOf(twin, cell) }];
  });
  const text = ({ values }: MeasuredCell) => {
    const { mean, deviation } = summarise(values);
    return `${show(mean)}${
      deviation === undefined ? "" : ` ± ${show(deviation)}`
    }, n ${values.length}`;
  };
  const label = (cell: JsonObject) =>
    axes.map((axis) => `${axis} ${formatAxisValue(cell[axis] ?? null)}`).join(", ") || score.stage;
  const rows = matched.map(({ cell, twin, difference, how }) => [
    ...axes.map((axis) => formatAxisValue(cell.axes[axis] ?? null)),
    text(cell),
    text(twin),
    signed(show(difference.mean)),
    intervalText(difference, show),
    how,
    how === SAME ? "" : verdictOf(difference, { pair: [one, other], better: declared?.better }),
  ]);
  const dots = matched.flatMap(({ cell, how, difference: { mean, interval } }): Dot[] =>
    Number.isFinite(mean) && how !== SAME
      ? [{
        label: label(cell.axes),
        group: "difference",
        value: factor * mean,
        low: interval && factor * interval.low,
        high: interval && factor * interval.high,
      }]
      : []
  );
  const compared: Block[] = [];
  if (dots.length > 0) {
    compared.push({
      kind: "figure",
      title: `${score.title}: ${other} less ${one}`,
      drawings: [
        await drawing(
          dotsSpec(dots, { value: `${other} less ${one}: ${score.name}`, group: "" }),
          {
            name: names.of(score.stage, score.metric, "difference"),
            description: `${score.title}, ${other} less ${one}. ${
              rows.map((row) => row.slice(0, axes.length + 4).join(", ")).join("; ")
            }.`,
          },
        ),
      ],
      notes: [
        "Bars: intervals of 95 percent, seed by seed where both have the same seeds." +
        (isCutOff(dots) ? " Those that reach beyond the figure are cut off at its edge." : ""),
      ],
      data,
    });
  }
  if (rows.length > 0) {
    compared.push({
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
    });
  }
  const lists = [[one, first, second], [other, second, first]] as const;
  const alone = lists.flatMap(([name, own, others]): TableBlock[] => {
    const cells = [...own].filter(([key]) => !others.has(key)).map(([, cell]) => cell);
    if (cells.length === 0) return [];
    return [{
      kind: "table",
      title: `${score.title}: only ${name} has`,
      columns: [{ name: "cell" }, { name: "mean", as: "number" }],
      rows: cells.map((cell) => [label(cell.axes), text(cell)]),
      notes: [],
      data,
    }];
  });
  const verdicts = matched.map(({ how }, i) => how === SAME ? SAME : rows[i]!.at(-1)!);
  const better = declared?.better;
  const sentence = sentenceOf(score.title, { verdicts, better, pair: [one, other] });
  return { compared, alone, sentence };
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

async function settingBlocks(ask: Ask, [one, other]: Pair): Promise<TableBlock[]> {
  const of = (name: string) =>
    `SELECT stage, name, value FROM settings WHERE experiment = ${sqlText(name)}`;
  const data = await ask(`WITH own AS (
  SELECT DISTINCT cells.experiment, cells.stage, params.name, CAST(params.value AS VARCHAR) AS value
  FROM cells JOIN params ON params.key = cells.key
  WHERE cells.experiment IN (${sqlText(one)}, ${sqlText(other)})
), settings AS (
  SELECT experiment, stage, name, string_agg(value, ', ' ORDER BY length(value), value) AS value
  FROM own GROUP BY experiment, stage, name
)
SELECT stage, name, first.value AS first_value, second.value AS second_value
FROM (${of(one)}) AS first FULL JOIN (${of(other)}) AS second USING (stage, name)
WHERE first.value IS DISTINCT FROM second.value
ORDER BY stage, name`);
  if (data.rows.length === 0) return [];
  return [{
    kind: "table",
    title: "Parameters by stage",
    columns: [
      { name: "stage" },
      { name: "parameter" },
      { name: one, as: "long" },
      { name: other, as: "long" },
    ],
    rows: named(data).map((row) => [
      String(row["stage"]),
      String(row["name"]),
      String(row["first_value"] ?? "–"),
      String(row["second_value"] ?? "–"),
    ]),
    notes: ["Values of all cells of a stage, defaults filled in; of stages that both have or one."],
    data,
  }];
}

function intervalText({ interval }: SeedMean, show: (value: number) => string): string {
  if (interval === undefined) return "";
  return `${signed(show(interval.low))} to ${signed(show(interval.high))}`;
}

function signed(text: string): string {
  return text.startsWith("-") || Number(text) === 0 ? text : `+${text}`;
}

function nothing(message: string, mend: string): ExperimentError {
  return new ExperimentError("page/nothing-to-compare", message, { mend });
}
