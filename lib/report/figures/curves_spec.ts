/** Panels of curves as a Vega-Lite specification: a row a metric, a column an axis. */
import type { TopLevelSpec } from "vega-lite";
import type { Panel } from "./curves.ts";
import { curveLooks, FONT, INK } from "./theme.ts";

/** What stands above the panels. */
export interface CurvesTitle {
  /** The experiment's name. */
  readonly title: string;
  /** Whether points are means over several seeds. */
  readonly hasSeeds: boolean;
}

/** Whole thousands are short; anything else stands as it is. */
const TICK_LABEL = "datum.value >= 1000 && datum.value % 1000 === 0 " +
  "? format(datum.value, '~s') : '' + datum.value";

/** Share of the vertical span that is left free above and below. */
const MARGIN = 0.05;

const PANEL = { width: 300, height: 200 } as const;

/** The specification; it holds its data. */
export function curvesSpec(
  panels: readonly Panel[],
  { title, hasSeeds }: CurvesTitle,
): TopLevelSpec {
  const rows = Map.groupBy(panels, ({ stage, metric }) => `${stage}\n${metric}`);
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: { text: title, subtitle: signsOf(panels, hasSeeds), anchor: "start", offset: 16 },
    vconcat: [...rows.values()].map((row) => ({ hconcat: row.map(panelSpec), spacing: 32 })),
    spacing: 24,
    background: INK.paper,
    padding: 16,
    config: {
      font: FONT,
      view: { stroke: null },
      title: {
        color: INK.text,
        fontSize: 15,
        fontWeight: 600,
        subtitleColor: INK.faint,
        subtitleFontSize: 11,
        subtitlePadding: 4,
      },
      axis: {
        domainColor: INK.axis,
        tickColor: INK.axis,
        gridColor: INK.grid,
        labelColor: INK.faint,
        titleColor: INK.text,
        labelFontSize: 11,
        titleFontSize: 12,
        titleFontWeight: 500,
        titlePadding: 8,
      },
      axisX: { grid: false },
      axisY: { domain: false, ticks: false, labelPadding: 6, minExtent: 48 },
      legend: {
        labelColor: INK.text,
        titleColor: INK.faint,
        labelFontSize: 11,
        titleFontSize: 11,
        titleFontWeight: 500,
        symbolSize: 60,
        labelLimit: 280,
        offset: 8,
      },
    },
    // deno-lint-ignore no-explicit-any -- the types of concatenations do not meet those of their parts
  } as any;
}

/** Characters of a line of signs; Vega takes text for wider than it is, and the figure with it. */
const LINE = 64;

/** What points, bars and lines mean, as far as there are any, in lines. */
function signsOf(panels: readonly Panel[], hasSeeds: boolean): string[] {
  const curves = panels.flatMap((panel) => panel.curves);
  const hasBars = curves.some(({ points }) => points.some(({ low }) => low !== undefined));
  const signs = [
    ...(hasSeeds ? ["points: mean over seeds"] : []),
    ...(hasBars ? [`bars: ± one standard ${hasSeeds ? "deviation" : "error"}`] : []),
    ...(curves.some(({ fitted }) => fitted !== undefined) ? ["thick lines: fitted laws"] : []),
    ...(panels.some(({ levels }) => levels.length > 0) ? ["dashed: stages without axes"] : []),
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
  const least = Math.min(...shown), most = Math.max(...shown);
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

function panelSpec(panel: Panel) {
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
  const legend = others.length === 0 ? null : { title: others.join(", "), ...placeOf(labels) };
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
      ...levels.flatMap((level, place) => levelName(level, { place, y })),
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

/** A dashed line across the panel. */
function levelRule(level: Level, y: object) {
  return {
    data: { values: [{ y: level.y }] },
    mark: { type: "rule", strokeDash: [5, 4], strokeWidth: 1.25, color: INK.level },
    encoding: { y },
  };
}

/** Its name, on the left and the right in turns, with a rim of paper to be read on any line. */
function levelName(
  level: Level,
  { place, y }: { readonly place: number; readonly y: object },
) {
  const isLeft = place % 2 === 0;
  const text = {
    type: "text",
    fontSize: 10.5,
    align: isLeft ? "left" : "right",
    baseline: "bottom",
    dy: -2,
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
