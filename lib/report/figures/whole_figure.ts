/** What all figures have in common: paper, type, axes and legends, as Vega-Lite has it. */
import type { TopLevelSpec } from "vega-lite";
import { greatestOf } from "../../base/extremes.ts";
import { FONT, INK } from "./theme.ts";

/** Whole thousands are short; anything else stands as it is. An expression of Vega's. */
export const TICK_LABEL: string = "datum.value >= 1000 && datum.value % 1000 === 0 " +
  "? format(datum.value, '~s') : '' + datum.value";

/** Powers of ten and numbers with prefixes, for what spans many sizes. An expression of Vega's. */
export const SHORT_LABEL = "datum.value === 0 ? '0' : format(datum.value, '.2~s')";

/** A view, or views beside each other, as a whole specification. */
export function wholeFigure(view: object): TopLevelSpec {
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    ...view,
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

/** Characters that labels of a legend above a panel may have in a line, with their symbols. */
const LEGEND_LINE = 46;

/** A legend above the panel, in as many columns as its labels leave room for. */
export function legendAbove(labels: readonly string[]): object {
  const longest = Math.max(1, greatestOf(labels.map(({ length }) => length)));
  const columns = Math.max(1, Math.min(labels.length, Math.floor(LEGEND_LINE / (longest + 4))));
  return { orient: "top", direction: "horizontal", titleOrient: "top", columns };
}
