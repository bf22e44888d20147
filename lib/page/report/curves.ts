/** Scores over every swept axis: points, intervals, fitted laws, and what others published. */
import type { StudyFit } from "../../analysis/scaling.ts";
import type { JsonObject } from "../../base/canonical.ts";
import { greatestOf, leastOf } from "../../base/extremes.ts";
import { FACTS, FIT_FACTS } from "../../base/facts.ts";
import { curvePanels, type CurveRow, type Panel } from "../../report/figures/curves.ts";
import { panelFigure, panelSigns } from "../../report/figures/curves_spec.ts";
import { formatNumber } from "../../report/text/format.ts";
import type { PublishedValue } from "../../report/text/published.ts";
import { sqlText } from "../../store/database/schema.ts";
import { type Ask, type Asked, named, numberIn } from "./asked.ts";
import type { Drawing, FigureBlock } from "./content.ts";
import { drawing, type DrawingNames } from "./drawing.ts";
import { isSameMeasure, type ReportScore } from "./scores.ts";

/** What curves are drawn with besides their points. */
export interface CurveOptions {
  /** The experiment's name. */
  readonly experiment: string;
  /** Its fits. */
  readonly fits: readonly StudyFit[];
  /** What others published of its benchmarks. */
  readonly published: readonly PublishedValue[];
  /** What drawings are called. */
  readonly names: DrawingNames;
}

/** A figure a score that has an axis with two values; a drawing an axis. */
export async function curveBlocks(
  ask: Ask,
  scores: readonly ReportScore[],
  { experiment, fits, published, names }: CurveOptions,
): Promise<FigureBlock[]> {
  const blocks: FigureBlock[] = [];
  for (const score of scores.filter(({ axes }) => axes.length > 0)) {
    const beside = scores.filter((other) => other.axes.length === 0 && isSameMeasure(score, other));
    const data = await ask(curvesSql(experiment, score, beside));
    const rows = curveRows(data, [score, ...beside]);
    const panels = curvePanels(rows, fits, published).filter(({ stage }) => stage === score.stage);
    if (panels.length === 0) continue;
    const hasSeeds = new Set(rows.map(({ seed }) => seed)).size > 1;
    const drawings: Drawing[] = [];
    for (const panel of panels) {
      drawings.push(
        await drawing(panelFigure(panel), {
          name: names.of(score.stage, score.metric, "over", panel.axis),
          description: describe(panel),
        }),
      );
    }
    const signs = [...new Set(panels.flatMap((panel) => panelSigns(panel, hasSeeds).split("; ")))];
    blocks.push({
      kind: "figure",
      title: score.title,
      drawings,
      notes: signs.length === 0 ? [] : [`${capitalised(signs.join("; "))}.`],
      data,
    });
  }
  return blocks;
}

function curvesSql(
  experiment: string,
  { stage, benchmark, metric, split }: ReportScore,
  beside: readonly ReportScore[],
): string {
  const stages = [stage, ...beside.map((each) => each.stage)].map(sqlText).join(", ");
  const facts = FIT_FACTS.map((name) => FACTS[name].column).join(", ");
  return `SELECT stage, axes, seed, value, standard_error, ${facts}
FROM results
WHERE experiment = ${sqlText(experiment)} AND stage IN (${stages})
  AND benchmark = ${sqlText(benchmark)} AND metric = ${sqlText(metric)} AND split = ${
    sqlText(split)
  }
ORDER BY place, stage, axes`;
}

function curveRows(data: Asked, scores: readonly ReportScore[]): CurveRow[] {
  return named(data).map((row): CurveRow => {
    const score = scores.find(({ stage }) => stage === row["stage"])!;
    const { stage, benchmark, metric, split, declared } = score;
    const axes = row["axes"] as JsonObject;
    // In the order of the spec, which JSON does not keep.
    const names = Object.keys(score.rows[0]!.axes);
    const seed = numberIn(row, "seed"), standardError = numberIn(row, "standard_error");
    return {
      ...{ stage, benchmark, metric, split, declared },
      axes: Object.fromEntries(names.map((name) => [name, axes[name] ?? null])),
      seed,
      value: Number(row["value"]),
      standardError,
      x: Object.fromEntries(
        FIT_FACTS.map((name) => [name, numberIn(row, FACTS[name].column)]),
      ) as CurveRow["x"],
    };
  });
}

/** What a panel shows, for whoever does not see it. */
function describe({ metric, axis, others, curves, levels }: Panel): string {
  const all = curves.flatMap(({ points }) => points.map(({ y }) => y));
  const each = curves.map(({ label, points }) => {
    const [first, last] = [points[0]!, points.at(-1)!];
    const name = others.length === 0 ? "from" : `${others.join(", ")} ${label}: from`;
    return `${name} ${formatNumber(first.y)} at ${first.x} to ${formatNumber(last.y)} at ${last.x}`;
  });
  const beside = levels.map(({ label, y }) => `${label} at ${formatNumber(y)}`);
  return `${metric} over ${axis}, between ${formatNumber(leastOf(all))} and ${
    formatNumber(greatestOf(all))
  }. ${[...each, ...beside].join("; ")}.`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
