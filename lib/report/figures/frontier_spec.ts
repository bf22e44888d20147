/** Cells by what they cost and how good they are, and those that nothing cheaper beats. */
import type { TopLevelSpec } from "vega-lite";
import { greatestOf, leastOf } from "../../base/extremes.ts";
import { curveLooks, INK } from "./theme.ts";
import { SHORT_LABEL, wholeFigure } from "./whole_figure.ts";

/** A cell by its cost. */
export interface CostedPoint {
  /** The cell. */
  readonly label: string;
  /** FLOPs of all training that led to it. */
  readonly flops: number;
  /** The mean over seeds, in the unit that is shown. */
  readonly value: number;
  /** Whether no cheaper cell is as good. */
  readonly isOnFrontier: boolean;
}

/** The specification; `metric` names the vertical axis. */
export function frontierSpec(points: readonly CostedPoint[], metric: string): TopLevelSpec {
  const [accent] = curveLooks(1).colours;
  const costs = points.map(({ flops }) => flops);
  const isWide = leastOf(costs) > 0 && greatestOf(costs) / leastOf(costs) >= 4;
  const x = {
    field: "flops",
    type: "quantitative",
    title: "FLOPs of training",
    scale: isWide ? { type: "log", nice: false, padding: 16 } : { zero: false, padding: 16 },
    axis: { labelExpr: SHORT_LABEL, tickCount: 4, labelOverlap: true },
  };
  const y = { field: "value", type: "quantitative", title: metric, scale: { zero: false } };
  return wholeFigure({
    width: 300,
    height: 220,
    data: { values: points },
    layer: [
      {
        transform: [{ filter: "datum.isOnFrontier" }],
        mark: { type: "line", interpolate: "step-after", color: accent, strokeWidth: 1.75 },
        encoding: { x, y },
      },
      {
        transform: [{ filter: "!datum.isOnFrontier" }],
        mark: { type: "point", filled: false, size: 45, color: INK.level, strokeWidth: 1.5 },
        encoding: { x, y, description: { field: "label" } },
      },
      {
        transform: [{ filter: "datum.isOnFrontier" }],
        mark: { type: "point", filled: true, size: 65, color: accent, opacity: 1 },
        encoding: { x, y, description: { field: "label" } },
      },
    ],
  });
}
