/**
 * Views on what a researcher decides by: which cells are shown to be worse than the best, where
 * a curve flattens, and which form of fit foretells best.
 *
 * The first two are those of `analysis/cells.ts`, in SQL.
 */
import { type Column, sqlText, type Table, TABLES } from "./schema.ts";
import { ALONG, CELL, INTERVAL, POINTS, SEEDS } from "./study_views.ts";
import { of, type View } from "./view.ts";

const { cells, scores, metrics, fits } = TABLES as Readonly<Record<keyof typeof TABLES, Table>>;

const SCORE = "experiment, stage, benchmark, metric, split";

const AGAINST_BEST_SQL = `WITH ${POINTS}, best AS (
  SELECT ${SCORE}, cell AS best_cell FROM means WHERE distance IS NOT NULL
  QUALIFY row_number() OVER (PARTITION BY ${SCORE} ORDER BY distance, place) = 1
), pairs AS (
  SELECT one.experiment, one.stage, CAST(one.cell AS VARCHAR) AS cell, one.benchmark, one.metric,
    one.split, CAST(best_cell AS VARCHAR) AS best_cell, one.value - top.value AS difference,
    one.unit, one.better, one.place
  FROM points AS one
  JOIN best ON best.experiment = one.experiment AND best.stage = one.stage
    AND best.benchmark = one.benchmark AND best.metric = one.metric AND best.split = one.split
    AND CAST(best_cell AS VARCHAR) <> CAST(one.cell AS VARCHAR)
  JOIN points AS top ON top.experiment = one.experiment AND top.stage = one.stage
    AND top.benchmark = one.benchmark AND top.metric = one.metric AND top.split = one.split
    AND CAST(top.cell AS VARCHAR) = CAST(best_cell AS VARCHAR)
    AND top.seed IS NOT DISTINCT FROM one.seed
), grouped AS (
  SELECT ${SCORE}, cell, best_cell, count(*) AS seeds, avg(difference) AS difference,
    ${INTERVAL("difference")} AS half, any_value(unit) AS unit, any_value(better) AS better,
    min(place) AS place
  FROM pairs GROUP BY ${SCORE}, cell, best_cell
)
SELECT experiment, stage, CAST(cell AS JSON) AS cell, benchmark, metric, split,
  CAST(best_cell AS JSON) AS best_cell, seeds, difference, difference - half AS low,
  difference + half AS high,
  CASE better WHEN 'lower' THEN difference - half > 0 WHEN 'higher' THEN difference + half < 0 END
    AS is_worse,
  unit, better
FROM grouped ORDER BY experiment, place, stage, cell, benchmark, metric, split`;

const FLATTENING_SQL = `WITH ${POINTS}, ${ALONG}, pairs AS (
  SELECT less.experiment, less.stage, less.rest, less.benchmark, less.metric, less.split, less.axis,
    less.x, more.x AS beyond, less.better, less.place,
    CASE less.better WHEN 'lower' THEN less.value - more.value ELSE more.value - less.value END
      AS gain
  FROM along AS less
  JOIN along AS more ON more.experiment = less.experiment AND more.stage = less.stage
    AND more.rest = less.rest AND more.benchmark = less.benchmark AND more.metric = less.metric
    AND more.split = less.split AND more.axis = less.axis
    AND more.seed IS NOT DISTINCT FROM less.seed AND more.x > less.x
  WHERE less.better IS NOT NULL
), shown AS (
  SELECT ${SCORE}, rest, axis, x, beyond, count(*) AS seeds, min(place) AS place,
    any_value(better) AS better, avg(gain) - ${INTERVAL("gain")} > 0 AS is_better
  FROM pairs GROUP BY ${SCORE}, rest, axis, x, beyond
), steps AS (
  SELECT ${SCORE}, rest, axis, x, min(seeds) AS seeds, min(place) AS place,
    any_value(better) AS better, max(beyond) AS last_x, bool_or(is_better IS NULL) AS is_unknown,
    bool_or(is_better) AS is_rising
  FROM shown GROUP BY ${SCORE}, rest, axis, x
), lines AS (
  SELECT ${SCORE}, rest, axis, min(seeds) AS seeds, min(place) AS place,
    any_value(better) AS better, min(x) AS first_x, max(last_x) AS last_x,
    min(x) FILTER (is_unknown) AS unknown_from,
    min(x) FILTER (NOT is_unknown AND NOT is_rising) AS flat_from
  FROM steps GROUP BY ${SCORE}, rest, axis
)
SELECT experiment, stage, CAST(rest AS JSON) AS cell, benchmark, metric, split, axis, first_x,
  last_x, seeds, CASE WHEN unknown_from IS NULL OR flat_from < unknown_from THEN flat_from END
    AS flat_from,
  CASE WHEN flat_from < coalesce(unknown_from, 'inf') THEN TRUE
    WHEN unknown_from IS NULL THEN FALSE END AS is_flat,
  better
FROM lines ORDER BY experiment, place, stage, rest, benchmark, metric, split, axis`;

const SAME_POINTS = `${SCORE}, cell, points`;

const FIT_FORMS_SQL = `WITH fitted AS (
  SELECT *, CAST(goodness->>'rmse' AS DOUBLE) AS rmse,
    CAST(goodness->>'heldOutRmse' AS DOUBLE) AS held_out_rmse
  FROM fits WHERE parameters IS NOT NULL
  QUALIFY min(form) OVER (PARTITION BY ${SAME_POINTS}) <> max(form) OVER (PARTITION BY ${SAME_POINTS})
)
SELECT experiment, stage, cell, benchmark, metric, split, points, fit, against, form, rmse,
  held_out_rmse, CASE WHEN held_out_rmse IS NOT NULL THEN
    rank() OVER (PARTITION BY ${SAME_POINTS} ORDER BY held_out_rmse NULLS LAST) END AS foretells
FROM fitted ORDER BY experiment, stage, benchmark, metric, split, cell, points, foretells, fit`;

const REST: Column = ["JSON", "The values of the other axes, but for the seed."];

/** The views on decisions, by name; they read those on studies. */
export const ANSWER_VIEWS: Readonly<Record<string, View>> = {
  against_best: {
    name: "against_best",
    about: "One row a cell without its seed and score: its difference from the best cell of its " +
      "stage, seed by seed.",
    columns: {
      ...of(cells, "experiment", "stage"),
      cell: CELL,
      ...of(scores, "benchmark", "metric", "split"),
      best_cell: ["JSON", "The cell with the best mean; it has no row of its own."],
      seeds: SEEDS,
      difference: [
        "DOUBLE",
        "The cell less the best, over the seeds of both, in the metric's unit.",
      ],
      low: ["DOUBLE", "The lower end of its interval of 95 percent; null for one seed."],
      high: ["DOUBLE", "The upper end of that interval."],
      is_worse: ["BOOLEAN", "Whether the cell is shown to be worse; null for one seed."],
      ...of(metrics, "unit", "better"),
    },
    sql: AGAINST_BEST_SQL,
  },
  flattening: {
    name: "flattening",
    about: "One row a curve over an axis: the value beyond which no larger one is shown better.",
    columns: {
      ...of(cells, "experiment", "stage"),
      cell: REST,
      ...of(scores, "benchmark", "metric", "split"),
      axis: ["VARCHAR", "The axis that the curve is over."],
      first_x: ["DOUBLE", "The smallest value of the axis."],
      last_x: ["DOUBLE", "The largest."],
      seeds: ["BIGINT", "The fewest seeds that two compared values have in common."],
      flat_from: [
        "DOUBLE",
        "The smallest value of the axis beyond which none is shown to be better, as far as these " +
        "seeds can tell; null where the curve still rises, or seeds are too few.",
      ],
      is_flat: [
        "BOOLEAN",
        "Whether there is such a value; false where the largest is shown to be better than each " +
        "before it or those between, null where seeds are too few.",
      ],
      ...of(metrics, "better"),
    },
    sql: FLATTENING_SQL,
  },
  fit_forms: {
    name: "fit_forms",
    about: "One row a fit where several forms are fitted to the same points: how far off each is " +
      "at the largest runs, fitted without them.",
    columns: {
      ...of(fits, "experiment", "stage", "cell", "benchmark", "metric", "split", "points", "fit"),
      ...of(fits, "against", "form"),
      rmse: ["DOUBLE", "Root mean squared residual of the points, in the metric's unit."],
      held_out_rmse: [
        "DOUBLE",
        "The same at the largest runs, a fifth of them (of a form in one variable, at the largest " +
        "x), of the form fitted without them; null where too few are left.",
      ],
      foretells: ["BIGINT", "Its rank by held_out_rmse, 1 the best; null where that is."],
    },
    sql: FIT_FORMS_SQL,
  },
};

/** The macro that gives the cheapest cells that are good enough. */
export function cheapestMacro(): string[] {
  return [
    `CREATE MACRO cheapest_within(most) AS TABLE SELECT * FROM means
      WHERE distance <= most AND flops IS NOT NULL
      QUALIFY row_number() OVER (PARTITION BY ${SCORE} ORDER BY flops, distance, place) = 1
      ORDER BY experiment, place, stage, benchmark, metric, split`,
    `COMMENT ON MACRO TABLE cheapest_within IS ${
      sqlText(
        "Of each score the cheapest cell, by FLOPs, whose mean is no further from the best than " +
          "this, in the metric's unit.",
      )
    }`,
  ];
}
