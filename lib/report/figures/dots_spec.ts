/** Values with their intervals, a line each: gains of cells, differences of two studies. */
import type { TopLevelSpec } from "vega-lite";
import { greatestOf, leastOf } from "../../base/extremes.ts";
import { curveLooks, INK } from "./theme.ts";
import { legendAbove, wholeFigure } from "./whole_figure.ts";

/** A value and how sure it is. */
export interface Dot {
  /** What it is of; no two of one group have the same. */
  readonly label: string;
  /** What it is told apart by in colour: what is compared with. */
  readonly group: string;
  /** In the unit that is shown. */
  readonly value: number;
  /** The lower end of its interval, where there is one. */
  readonly low?: number | undefined;
  /** The upper end. */
  readonly high?: number | undefined;
}

/** What a figure of dots is called by. */
export interface DotsTitle {
  /** What runs across, with its unit. */
  readonly value: string;
  /** What groups are of. */
  readonly group: string;
}

/** Height of a line, in pixels. */
const LINE = 17;

/** How many times the span of the values themselves an axis may take for their intervals. */
const MOST_SPANS = 3;

/** The specification: a line a label, from top to bottom as given, with a line at zero. */
export function dotsSpec(dots: readonly Dot[], title: DotsTitle): TopLevelSpec {
  const groups = [...new Set(dots.map(({ group }) => group))];
  const labels = [...new Set(dots.map(({ label }) => label))];
  const { colours, shapes } = curveLooks(groups.length);
  const x = {
    field: "value",
    type: "quantitative",
    title: title.value,
    scale: { domain: spanOf(dots), nice: true },
    axis: { grid: true, tickCount: 6 },
  };
  const y = {
    field: "label",
    type: "ordinal",
    title: null,
    sort: labels,
    axis: { grid: false, ticks: false, domain: false, labelLimit: 220, minExtent: 0 },
  };
  const range = { domain: groups };
  const color = {
    field: "group",
    type: "nominal",
    scale: { ...range, range: colours },
    legend: groups.length > 1 ? { title: title.group, ...legendAbove(groups) } : null,
  };
  // Several of one label stand below each other.
  const isShared = dots.length > labels.length;
  const yOffset = isShared ? { yOffset: { field: "group", sort: groups } } : {};
  return wholeFigure({
    width: 220,
    height: { step: isShared ? LINE * (1 + groups.length) / 2 : LINE, for: "position" },
    data: { values: dots },
    layer: [
      {
        data: { values: [{ zero: 0 }] },
        mark: { type: "rule", color: INK.level, strokeWidth: 1.25 },
        encoding: { x: { field: "zero", type: "quantitative" } },
      },
      {
        transform: [{ filter: "isValid(datum.low)" }],
        mark: { type: "rule", strokeWidth: 1.5, opacity: 0.7, clip: true },
        encoding: { x: { ...x, field: "low" }, x2: { field: "high" }, y, ...yOffset, color },
      },
      {
        mark: { type: "point", filled: true, size: 50, opacity: 1, clip: true },
        encoding: {
          x,
          y,
          ...yOffset,
          color,
          shape: {
            field: "group",
            type: "nominal",
            scale: { ...range, range: shapes },
            legend: color.legend,
          },
        },
      },
    ],
  });
}

/** Whether an interval reaches beyond what the figure shows. */
export function isCutOff(dots: readonly Dot[]): boolean {
  const [least, most] = spanOf(dots);
  return dots.some(({ low, high }) => (low ?? least) < least || (high ?? most) > most);
}

/** All values and zero; of intervals as much as leaves the values apart. */
function spanOf(dots: readonly Dot[]): [number, number] {
  const values = [0, ...dots.map(({ value }) => value)];
  const least = leastOf(values), most = greatestOf(values);
  const room = MOST_SPANS / 2 * (most - least || Math.abs(most) || 1);
  const ends = dots.flatMap(({ low, high }) => [low, high].filter((end) => end !== undefined));
  return [
    Math.max(least - room, Math.min(least, leastOf(ends))),
    Math.min(most + room, Math.max(most, greatestOf(ends))),
  ];
}
