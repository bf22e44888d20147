/** Panels of curves as a Vega-Lite specification: a row a metric, a column an axis. */
import type { TopLevelSpec } from "vega-lite";
import { greatestOf, leastOf } from "../../base/extremes.ts";
import type { Panel } from "./curves.ts";
import { curveLooks, INK } from "./theme.ts";
import { legendAbove, TICK_LABEL, wholeFigure } from "./whole_figure.ts";

/** What stands above the panels. */
export interface CurvesTitle {
  /** The experiment's name. */
  readonly title: string;
  /** Whether points are means over several seeds. */
  readonly hasSeeds: boolean;
}

/** Share of the vertical span that is left free above and below. */
const MARGIN = 0.08;

const PANEL = { width: 300, height: 200 } as const;

/** The specification of all panels in one; it holds its data. */
export function curvesSpec(
  panels: readonly Panel[],
  { title, hasSeeds }: CurvesTitle,
): TopLevelSpec {
  const rows = Map.groupBy(panels, ({ stage, metric }) => `${stage}\n${metric}`);
  return wholeFigure({
    title: { text: title, subtitle: signsOf(panels, hasSeeds), anchor: "start", offset: 16 },
    vconcat: [...rows.values()].map((row) => ({
      hconcat: row.map((panel) => panelSpec(panel)),
      spacing: 32,
    })),
    spacing: 24,
  });
}

/** One panel as a figure of its own, with its legend above so that it is no wider than need be. */
export function panelFigure(panel: Panel): TopLevelSpec {
  return wholeFigure(panelSpec(panel, { legend: legendAbove(panel.curves.map((c) => c.label)) }));
}

/** What points, bars and lines of a panel mean, in a sentence. */
export function panelSigns(panel: Panel, hasSeeds: boolean): string {
  return signsOf([panel], hasSeeds).join("; ");
}

/** Characters of a line of signs; Vega takes text for wider than it is, and the figure with it. */
const LINE = 64;

/** What points, bars and lines mean, as far as there are any, in lines. */
function signsOf(panels: readonly Panel[], hasSeeds: boolean): string[] {
  const curves = panels.flatMap((panel) => panel.curves);
  const levels = panels.flatMap((panel) => panel.levels);
  const hasBars = curves.some(({ points }) => points.some(({ low }) => low !== undefined));
  const signs = [
    ...(hasSeeds ? ["points: mean over seeds"] : []),
    ...(hasBars ? [`bars: ± one standard ${hasSeeds ? "deviation" : "error"}`] : []),
    ...(curves.some(({ fitted }) => fitted !== undefined) ? ["thick lines: fitted laws"] : []),
    ...(levels.some(({ isPublished }) => !isPublished) ? ["dashed: stages without axes"] : []),
    ...(levels.some(({ isPublished }) => isPublished) ? ["dotted: published by others"] : []),
  ];
  const lines: string[] = [];
  for (const sign of signs) {
    const longer = `${lines.at(-1)}; ${sign}`;
    if (lines.length > 0 && longer.length <= LINE) lines[lines.length - 1] = longer;
    else lines.push(sign);
  }
  return lines;
}

/** The values that the vertical axis spans: a little more than all there is to show. */
function spanOf({ curves, levels, range = [-Infinity, Infinity] }: Panel): [number, number] {
  const shown = [
    ...levels.map(({ y }) => y),
    ...curves.flatMap(({ points, fitted = [] }) => [
      ...points.flatMap(({ y, low = y, high = y }) => [low, high]),
      ...fitted.map(({ y }) => y),
    ]),
  ];
  const least = leastOf(shown), most = greatestOf(shown);
  const margin = most > least ? MARGIN * (most - least) : Math.abs(most) * MARGIN || 1;
  return [
    least < range[0] ? least : Math.max(range[0], least - margin),
    most > range[1] ? most : Math.min(range[1], most + margin),
  ];
}

/** Characters of labels that fit in a line above a panel, with as many curves. */
const LEGEND_LINE = { curves: 5, characters: 24 } as const;

/** A few short labels stand in a line above the panel, others beside it. */
function placeOf(labels: readonly string[]): object {
  const isShort = labels.length <= LEGEND_LINE.curves &&
    labels.join("").length <= LEGEND_LINE.characters;
  return isShort
    ? { orient: "top", direction: "horizontal", titleOrient: "left" }
    : { orient: "right", direction: "vertical" };
}

function panelSpec(panel: Panel, { legend: place }: { readonly legend?: object } = {}) {
  const { metric, axis, scale, others, curves, levels } = panel;
  const labels = curves.map(({ label }) => label);
  const { colours, shapes } = curveLooks(labels.length);
  const isNumber = scale !== "names";
  const ticks = [...new Set(curves.flatMap(({ points }) => points.map(({ x }) => x)))];
  const x = {
    field: "x",
    type: isNumber ? "quantitative" : "ordinal",
    title: axis,
    scale: scale === "names"
      ? { padding: 0.4 }
      : { type: scale, nice: false, padding: 16, ...(scale === "linear" ? { zero: false } : {}) },
    axis: isNumber
      ? { values: ticks, labelExpr: TICK_LABEL, labelOverlap: true }
      : { labelAngle: 0, labelLimit: 150 },
    ...(isNumber ? {} : { sort: ticks }),
  };
  const legend = others.length === 0 ? null : {
    title: others.join(", "),
    ...(place ?? placeOf(labels)),
  };
  const sort = { domain: labels };
  const colour = { field: "curve", type: "nominal", scale: { ...sort, range: colours } };
  const silent = { ...colour, legend: null };
  const y = { field: "y", type: "quantitative", title: metric, scale: { domain: spanOf(panel) } };
  const points = curves.flatMap((curve) =>
    curve.points.map((point) => ({ curve: curve.label, ...point }))
  );
  const lines = curves.flatMap(({ label, points, fitted }) =>
    (fitted ?? points).map((point) => (
      { curve: label, x: point.x, y: point.y, isFit: fitted !== undefined }
    ))
  );
  return {
    ...PANEL,
    layer: [
      ...levels.map((level) => levelRule(level, y)),
      {
        data: { values: lines },
        mark: { type: "line", clip: true },
        encoding: {
          x,
          y,
          color: silent,
          detail: { field: "isFit" },
          strokeWidth: { condition: { test: "datum.isFit", value: 2.25 }, value: 1.5 },
          opacity: { condition: { test: "datum.isFit", value: 0.85 }, value: 0.55 },
        },
      },
      ...levels.flatMap((level) => levelName(level, { levels, y })),
      {
        data: { values: points.filter(({ low }) => low !== undefined) },
        mark: { type: "rule", strokeWidth: 1.5, opacity: 0.8 },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color: silent },
      },
      {
        data: { values: points },
        mark: { type: "point", filled: true, size: 55, opacity: 1 },
        encoding: {
          x,
          y,
          color: { ...colour, legend },
          shape: { field: "curve", type: "nominal", scale: { ...sort, range: shapes }, legend },
        },
      },
    ],
    resolve: { scale: { color: "independent", shape: "independent" } },
  };
}

type Level = Panel["levels"][number];

/** A line across the panel, dashed, or dotted for what others published. */
function levelRule(level: Level, y: object) {
  return {
    data: { values: [{ y: level.y }] },
    mark: {
      type: "rule",
      strokeDash: level.isPublished ? [1.5, 3.5] : [5, 4],
      strokeWidth: 1.25,
      color: INK.level,
    },
    encoding: { y },
  };
}

/**
 * Its name: at the right, above the highest level and below the lowest, where curves seldom
 * are; of others at the left. A rim of paper lets it be read on any line.
 */
function levelName(level: Level, { levels, y }: { readonly levels: readonly Level[]; y: object }) {
  const isHighest = levels.every((other) => other.y <= level.y);
  const isLowest = levels.every((other) => other.y >= level.y);
  const isLeft = !isHighest && !isLowest;
  const isBelow = isLowest && !isHighest;
  const text = {
    type: "text",
    fontSize: 10.5,
    align: isLeft ? "left" : "right",
    baseline: isBelow ? "top" : "bottom",
    dy: isBelow ? 3 : -2,
  };
  const layer = {
    data: { values: [level] },
    encoding: {
      y,
      x: { value: isLeft ? 4 : PANEL.width - 4 },
      text: { field: "label", type: "nominal" },
    },
  };
  const rim = { fill: null, stroke: INK.paper, strokeWidth: 4, strokeJoin: "round" };
  return [
    { ...layer, mark: { ...text, ...rim } },
    { ...layer, mark: { ...text, color: INK.faint } },
  ];
}
