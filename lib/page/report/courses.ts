/** Learning curves: what was measured on the way of each training. */
import { canonical, type Json, type JsonObject } from "../../base/canonical.ts";
import { loadKinds } from "../../graph/kinds.ts";
import type { Kinds } from "../../graph/task.ts";
import { type Course, linesSpec } from "../../report/figures/lines_spec.ts";
import { formatNumber } from "../../report/text/format.ts";
import { formatAxisValue } from "../../report/text/labels.ts";
import { nameOfMetric, unitOf } from "../../report/text/units.ts";
import { sqlText } from "../../store/database/schema.ts";
import { type Ask, type Asked, named } from "./asked.ts";
import type { FigureBlock } from "./content.ts";
import { drawing, type DrawingNames } from "./drawing.ts";

/** Steps that make a course worth drawing. */
const LEAST_STEPS = 3;

/** Rows that a figure is drawn from: of longer courses every second, third, ... is taken. */
const MOST_ROWS = 4000;

/** Colours that are told apart; with more courses only the axis of most values is. */
const MOST_LABELS = 12;

/** What courses are drawn with. */
export interface CourseOptions {
  /** The experiment's name. */
  readonly experiment: string;
  /** The order of its axes. */
  readonly axes: readonly string[];
  /** The kinds by name, for what they declare of their metrics. */
  readonly kinds: Kinds;
  /** What drawings are called. */
  readonly names: DrawingNames;
}

/** A figure for each stage and measurement that has a course. */
export async function courseBlocks(
  ask: Ask,
  { experiment, axes, kinds, names }: CourseOptions,
): Promise<FigureBlock[]> {
  const there = await ask(`SELECT stage, name, split, any_value(kind) AS kind, count(*) AS measured
FROM curves JOIN tasks USING (key)
WHERE experiment = ${sqlText(experiment)} AND isfinite(value)
GROUP BY stage, name, split HAVING count(DISTINCT step) >= ${LEAST_STEPS}
ORDER BY min(place), name, split`);
  const blocks: FigureBlock[] = [];
  const known = await loadKinds(kinds, named(there).map(({ kind }) => String(kind)));
  for (const row of named(there)) {
    const stage = String(row["stage"]), name = String(row["name"]), split = String(row["split"]);
    const metric = known.get(String(row["kind"]))?.metrics?.[name];
    if (metric === undefined || metric.unit === "count") continue;
    if (!metric.isHeadline && split !== "train") continue;
    const data = await ask(coursesSql(experiment, { stage, name, split, rows: row["measured"]! }));
    const { factor } = unitOf(metric);
    const { courses, by } = coursesOf(data, { axes, factor });
    const title = `${split} ${nameOfMetric(name, metric)}`;
    blocks.push({
      kind: "figure",
      title: `${stage}: ${title}`,
      drawings: [
        await drawing(linesSpec(courses, { metric: title, axes: by }), {
          name: names.of(stage, name, split, "course"),
          description: describe(courses, { title, by }),
        }),
      ],
      notes: [
        "A line a training, from its beginning; those that others go on from are within them.",
      ],
      data,
    });
  }
  return blocks;
}

function coursesSql(
  experiment: string,
  { stage, name, split, rows }: {
    readonly stage: string;
    readonly name: string;
    readonly split: string;
    readonly rows: Json;
  },
): string {
  const every = Math.ceil(Number(rows) / MOST_ROWS);
  const thinned = every === 1
    ? ""
    : `QUALIFY (row_number() OVER (PARTITION BY axes ORDER BY step DESC) - 1) % ${every} = 0\n`;
  return `SELECT axes, seed, key, step, value, standard_error
FROM curves
WHERE experiment = ${sqlText(experiment)} AND stage = ${sqlText(stage)}
  AND name = ${sqlText(name)} AND split = ${sqlText(split)} AND isfinite(value)
${thinned}ORDER BY place, axes, step`;
}

interface CellCourse {
  readonly axes: JsonObject;
  readonly seed: Json;
  /** Which task measured it at which step: equal where a course is part of another. */
  readonly places: readonly string[];
  readonly points: Course["points"];
}

/** The courses that are no part of another, and the axes that tell them apart. */
function coursesOf(
  data: Asked,
  { axes: order, factor }: { readonly axes: readonly string[]; readonly factor: number },
): { courses: Course[]; by: string[] } {
  const cells = [...Map.groupBy(named(data), (row) => canonical(row["axes"]!)).values()]
    .map((rows): CellCourse => ({
      axes: rows[0]!["axes"] as JsonObject,
      seed: rows[0]!["seed"]!,
      places: rows.map((row) => `${row["key"]} ${row["step"]}`),
      points: rows.map((row) => ({ step: Number(row["step"]), y: factor * Number(row["value"]) })),
    }));
  // The longest that goes through a place keeps it; the others end on their way along it.
  const longest = new Map<string, CellCourse>();
  for (const cell of cells) {
    for (const place of cell.places) {
      if (cell.places.length > (longest.get(place)?.places.length ?? 0)) longest.set(place, cell);
    }
  }
  const whole = cells.filter((cell) => longest.get(cell.places.at(-1)!) === cell);
  const known = new Set(whole.flatMap(({ axes }) => Object.keys(axes)));
  const names = [...order.filter((name) => known.delete(name)), ...known];
  const valuesOf = (name: string) =>
    new Set(whole.map(({ axes }) => canonical(axes[name] ?? null))).size;
  const isSeed = (name: string) => whole.every(({ axes, seed }) => axes[name] === seed);
  let by = names.filter((name) => valuesOf(name) > 1 && !isSeed(name));
  const labelOf = ({ axes }: CellCourse) =>
    by.map((name) => formatAxisValue(axes[name] ?? null)).join(", ");
  if (new Set(whole.map(labelOf)).size > MOST_LABELS) {
    by = [...by].sort((a, b) => valuesOf(b) - valuesOf(a)).slice(0, 1);
  }
  return { courses: whole.map((cell) => ({ label: labelOf(cell), points: cell.points })), by };
}

function describe(
  courses: readonly Course[],
  { title, by }: { readonly title: string; readonly by: readonly string[] },
): string {
  const each = courses.map(({ label, points }) => {
    const [first, last] = [points[0]!, points.at(-1)!];
    const name = by.length === 0 ? "from" : `${by.join(", ")} ${label}: from`;
    return `${name} ${formatNumber(first.y)} at step ${first.step} to ${
      formatNumber(last.y)
    } at step ${last.step}`;
  });
  return `${title} over steps. ${each.join("; ")}.`;
}
