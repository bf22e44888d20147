/** Courses of trainings: what was measured on the way, a line a training. */
import type { TopLevelSpec } from "vega-lite";
import { curveLooks } from "./theme.ts";
import { legendAbove, TICK_LABEL, wholeFigure } from "./whole_figure.ts";

/** The course of one training. */
export interface Course {
  /** What it is told apart by in colour; trainings that differ in their seed have the same. */
  readonly label: string;
  /** What was measured, in the unit that is shown, from the first step on. */
  readonly points: readonly { readonly step: number; readonly y: number }[];
}

/** What a figure of courses is called by. */
export interface CoursesTitle {
  /** What is measured, with its unit. */
  readonly metric: string;
  /** The axes that tell the courses apart. */
  readonly axes: readonly string[];
}

/** The specification. */
export function linesSpec(
  courses: readonly Course[],
  { metric, axes }: CoursesTitle,
): TopLevelSpec {
  const labels = [...new Set(courses.map(({ label }) => label))];
  const { colours } = curveLooks(labels.length);
  const values = courses.flatMap(({ label, points }, course) =>
    points.map(({ step, y }) => ({ curve: label, course, step, y }))
  );
  return wholeFigure({
    width: 300,
    height: 200,
    data: { values },
    mark: { type: "line", strokeWidth: 1.5, opacity: 0.85 },
    encoding: {
      x: {
        field: "step",
        type: "quantitative",
        title: "step",
        scale: { nice: false },
        axis: { labelExpr: TICK_LABEL, tickCount: 6 },
      },
      y: { field: "y", type: "quantitative", title: metric, scale: { zero: false } },
      detail: { field: "course" },
      color: {
        field: "curve",
        type: "nominal",
        scale: { domain: labels, range: colours },
        legend: labels.length > 1 ? { title: axes.join(", "), ...legendAbove(labels) } : null,
      },
    },
  });
}
