/** Amounts as bars from the left, a line each. */
import type { TopLevelSpec } from "vega-lite";
import { curveLooks, INK } from "./theme.ts";
import { wholeFigure } from "./whole_figure.ts";

/** An amount. */
export interface Bar {
  /** What it is of. */
  readonly label: string;
  /** How much, at least 0. */
  readonly amount: number;
  /** As it stands beside the bar. */
  readonly text: string;
}

/** The specification: the bars from top to bottom as given. */
export function barsSpec(bars: readonly Bar[], title: string): TopLevelSpec {
  const [accent] = curveLooks(1).colours;
  const y = {
    field: "label",
    type: "ordinal",
    title: null,
    sort: bars.map(({ label }) => label),
    axis: { ticks: false, domain: false, labelLimit: 200, minExtent: 0 },
  };
  const x = {
    field: "amount",
    type: "quantitative",
    title,
    scale: { nice: false, zero: true },
    axis: { labels: false, ticks: false, domain: false, titleFontWeight: 400, titlePadding: 4 },
  };
  return wholeFigure({
    width: 220,
    height: { step: 24 },
    data: { values: bars },
    layer: [
      { mark: { type: "bar", color: accent, height: 14 }, encoding: { x, y } },
      {
        mark: { type: "text", align: "left", dx: 6, fontSize: 11, color: INK.text },
        encoding: { x, y, text: { field: "text", type: "nominal" } },
      },
    ],
  });
}
