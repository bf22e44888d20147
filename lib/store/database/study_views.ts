/**
 * Views on a study as a whole: means over seeds, gains, the frontier, where numbers come from.
 *
 * Intervals are of 95 percent by Student's t distribution over seeds, and null for one seed;
 * they are those of `analysis/cells.ts`, in SQL.
 */
import { studentQuantile } from "../../analysis/student_t.ts";
import { type Column, sqlText, type Table, TABLES } from "./schema.ts";
import { of, type View } from "./view.ts";

const { cells, scores, tasks, metrics } = TABLES as Readonly<
  Record<keyof typeof TABLES, Table>
>;

/** Freedoms whose quantiles are written out; beyond, a series is right to four digits. */
const WRITTEN_OUT = 60;

/** The macro of the quantiles: half of 5 percent lies above. */
export function quantileMacro(): string[] {
  const list = Array.from(
    { length: WRITTEN_OUT },
    (_, i) => studentQuantile(0.975, i + 1).toPrecision(9),
  );
  return [
    `CREATE MACRO t95(freedom) AS CASE WHEN freedom < 1 THEN NULL WHEN freedom <= ${WRITTEN_OUT}
      THEN list_extract([${list.join(", ")}], CAST(freedom AS BIGINT))
      ELSE 1.959963985 + 2.372271 / freedom + 2.8225 / (freedom * freedom) END`,
    `COMMENT ON MACRO t95 IS ${
      sqlText(
        "By how many standard errors an interval of 95 percent reaches on either side of a mean, " +
          "for so many degrees of freedom.",
      )
    }`,
  ];
}

/** A JSON mapping of some axes of a cell, as canonical text. */
const OWN_AXES = `'{' || coalesce(
    string_agg(to_json(axis_values.axis) || ':' || axis_value, ',' ORDER BY axis_values.axis)
    FILTER (WHERE axis_values.axis IS NOT NULL AND seed_axes.axis IS NULL), '') || '}'`;

/**
 * `points`: every finite score with its cell, the axes that hold nothing but the seed left out.
 */
export const POINTS: string = `axis_values AS (
  SELECT experiment, stage, axes, seed, each.key AS axis, CAST(each.value AS VARCHAR) AS axis_value
  FROM cells, json_each(cells.axes) AS each
), seed_axes AS (
  SELECT experiment, stage, axis FROM axis_values GROUP BY ALL
  HAVING bool_and(axis_value = CAST(seed AS VARCHAR))
), spots AS (
  SELECT cells.experiment, cells.stage, cells.axes,
    CAST(${OWN_AXES} AS JSON) AS cell
  FROM cells
  LEFT JOIN axis_values ON axis_values.experiment = cells.experiment
    AND axis_values.stage = cells.stage AND axis_values.axes = cells.axes
  LEFT JOIN seed_axes ON seed_axes.experiment = cells.experiment
    AND seed_axes.stage = cells.stage AND seed_axes.axis = axis_values.axis
  GROUP BY cells.experiment, cells.stage, cells.axes
), points AS (
  SELECT results.*, spots.cell FROM results JOIN spots USING (experiment, stage, axes)
  WHERE isfinite(value)
)`;

/**
 * `along`, after `points`: each once for every axis of its cell with positive numbers, as `x`;
 * `rest` is the cell without that axis.
 */
export const ALONG: string = `along AS (
  SELECT points.*, each.key AS axis, CAST(each.value AS DOUBLE) AS x,
    (SELECT '{' || coalesce(string_agg(to_json(other.key) || ':' || CAST(other.value AS VARCHAR), ','
        ORDER BY other.key) FILTER (WHERE other.key <> each.key), '') || '}'
      FROM json_each(points.cell) AS other) AS rest
  FROM points, json_each(points.cell) AS each
  WHERE each.type IN ('UBIGINT', 'BIGINT', 'DOUBLE') AND CAST(each.value AS DOUBLE) > 0
)`;

/** Half an interval of 95 percent of the mean of a column, in a query with groups. */
export const INTERVAL = (value: string): string =>
  `t95(count(*) - 1) * stddev_samp(${value}) / sqrt(count(*))`;

/** A cell without its seed. */
export const CELL: Column = [
  "JSON",
  "The values of the axes that the stage varies with, but for the seed.",
];
/** A count of seeds. */
export const SEEDS: Column = ["BIGINT", "How many seeds it is of."];

const MEAN_COLUMNS: Readonly<Record<string, Column>> = {
  ...of(cells, "experiment", "stage"),
  cell: CELL,
  ...of(scores, "benchmark", "metric", "split"),
  seeds: SEEDS,
  mean: ["DOUBLE", "The mean over seeds, in the metric's unit; fractions are from 0 to 1."],
  deviation: ["DOUBLE", "The sample standard deviation over seeds; null for one."],
  low: ["DOUBLE", "The lower end of the mean's interval of 95 percent; null for one seed."],
  high: ["DOUBLE", "The upper end of that interval."],
  ...of(metrics, "unit", "better"),
  distance: [
    "DOUBLE",
    "How much worse than the best mean of the stage's cells, 0 for the best; null where neither " +
    "way is better.",
  ],
  ...of(tasks, "steps", "unique_tokens", "seen_tokens", "flops", "parameters"),
  place: ["INTEGER", "Where the first of its cells stands in the spec."],
};

const MEANS_SQL = `WITH ${POINTS}, grouped AS (
  SELECT experiment, stage, cell, benchmark, metric, split, count(*) AS seeds, avg(value) AS mean,
    stddev_samp(value) AS deviation, ${INTERVAL("value")} AS half, any_value(unit) AS unit,
    any_value(better) AS better, avg(steps) AS steps, avg(unique_tokens) AS unique_tokens,
    avg(seen_tokens) AS seen_tokens, avg(flops) AS flops, avg(parameters) AS parameters,
    min(place) AS place
  FROM points GROUP BY experiment, stage, cell, benchmark, metric, split
)
SELECT experiment, stage, cell, benchmark, metric, split, seeds, mean, deviation,
  mean - half AS low, mean + half AS high, unit, better,
  CASE better
    WHEN 'lower' THEN mean - min(mean) OVER of_score
    WHEN 'higher' THEN max(mean) OVER of_score - mean
  END AS distance,
  CAST(steps AS BIGINT) AS steps, CAST(unique_tokens AS BIGINT) AS unique_tokens,
  CAST(seen_tokens AS BIGINT) AS seen_tokens, flops, CAST(parameters AS BIGINT) AS parameters, place
FROM grouped
WINDOW of_score AS (PARTITION BY experiment, stage, benchmark, metric, split)
ORDER BY experiment, place, stage, cell, benchmark, metric, split`;

const GAINS_SQL = `WITH ${POINTS}, ${ALONG}, doublings AS (
  SELECT experiment, stage, rest AS cell, benchmark, metric, split, seed, unit, better, place,
    axis AS against, x AS from_x, lead(x) OVER up AS to_x, lead(value) OVER up - value AS gain
  FROM along
  WINDOW up AS (
    PARTITION BY experiment, stage, rest, benchmark, metric, split, seed, axis ORDER BY x
  )
), whole AS (
  SELECT experiment, stage, rest AS cell, benchmark, metric, split, seed, any_value(unit) AS unit,
    any_value(better) AS better, min(place) AS place, axis AS against, min(x) AS from_x,
    max(x) AS to_x, max_by(value, x) - min_by(value, x) AS gain,
    regr_slope(value, log2(x)) AS per_doubling
  FROM along
  GROUP BY experiment, stage, rest, benchmark, metric, split, seed, axis HAVING count(*) > 2
), over_stages AS (
  SELECT one.experiment, one.stage, CAST(one.cell AS VARCHAR) AS cell, one.benchmark, one.metric,
    one.split, one.seed, one.unit, one.better, one.place, base.stage AS against,
    one.value - base.value AS gain
  FROM points AS one
  JOIN points AS base ON one.experiment = base.experiment AND one.benchmark = base.benchmark
    AND one.metric = base.metric AND one.split = base.split
    AND one.seed IS NOT DISTINCT FROM base.seed AND one.stage <> base.stage
  WHERE CAST(base.cell AS VARCHAR) = '{}'
), every AS (
  SELECT 'axis' AS of, * EXCLUDE (gain), gain, gain / log2(to_x / from_x) AS per_doubling
  FROM doublings WHERE to_x IS NOT NULL
  UNION ALL BY NAME SELECT 'whole axis' AS of, * FROM whole
  UNION ALL BY NAME SELECT 'stage' AS of, *, NULL AS from_x, NULL AS to_x, NULL AS per_doubling
  FROM over_stages
), grouped AS (
  SELECT experiment, stage, cell, benchmark, metric, split, of, against, from_x, to_x,
    count(*) AS seeds, avg(gain) AS gain, ${INTERVAL("gain")} AS half,
    avg(per_doubling) AS per_doubling, ${INTERVAL("per_doubling")} AS half_per_doubling,
    any_value(unit) AS unit, any_value(better) AS better, min(place) AS place
  FROM every GROUP BY experiment, stage, cell, benchmark, metric, split, of, against, from_x, to_x
)
SELECT experiment, stage, CAST(cell AS JSON) AS cell, benchmark, metric, split, of, against, from_x,
  to_x, seeds, gain, gain - half AS low, gain + half AS high, per_doubling,
  per_doubling - half_per_doubling AS per_doubling_low,
  per_doubling + half_per_doubling AS per_doubling_high,
  CASE better WHEN 'lower' THEN gain + half < 0 WHEN 'higher' THEN gain - half > 0 END AS is_better,
  unit, better
FROM grouped
ORDER BY experiment, place, stage, cell, benchmark, metric, split, of, against, from_x`;

const FRONTIER_SQL = `WITH ranked AS (
  SELECT *, CASE better WHEN 'lower' THEN mean ELSE -mean END AS rank FROM means
  WHERE better IS NOT NULL AND flops IS NOT NULL
), compared AS (
  SELECT *, min(rank) OVER (
    PARTITION BY experiment, stage, benchmark, metric, split ORDER BY flops, rank
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ) AS cheaper FROM ranked
)
SELECT * EXCLUDE (rank, cheaper) FROM compared WHERE cheaper IS NULL OR rank < cheaper
ORDER BY experiment, stage, benchmark, metric, split, flops`;

const INPUT_FILES_SQL = `WITH found AS (
  SELECT identities.key, each.atom AS digest,
    regexp_extract(each.fullkey, '^\\$\\.params\\.(.*)\\.sha256$', 1) AS param
  FROM identities, json_tree(identities.identity, '$.params') AS each
  WHERE each.key = 'sha256'
)
SELECT found.key, found.param, params.value AS file, found.digest->>'$' AS sha256
FROM found LEFT JOIN params ON params.key = found.key AND params.name = found.param
ORDER BY found.key, found.param`;

/** From each cell's task down to all that its own key is made of, each task once. */
const LINEAGE_SQL = `WITH RECURSIVE read AS (
  SELECT reader.key AS read_by, role.key AS role, reference->>'key' AS key,
    reference->>'output' AS output
  FROM identities AS reader, json_each(reader.identity, '$.inputs') AS role,
    unnest(CAST(role.value AS JSON[])) AS each(reference)
), walk AS (
  SELECT DISTINCT key AS root, key, CAST(0 AS INTEGER) AS distance FROM cells
  UNION
  SELECT walk.root, read.key, walk.distance + 1 FROM walk JOIN read ON read.read_by = walk.key
), met AS (
  SELECT root, key, min(distance) AS distance FROM walk GROUP BY root, key
), role_of AS (
  SELECT root, key, string_agg(DISTINCT role, ', ' ORDER BY role) AS read_as FROM (
    SELECT met.root, read.key, read.role || CASE read.output WHEN '' THEN '' ELSE
      ' (' || read.output || ')' END AS role
    FROM met JOIN read ON read.read_by = met.key
  ) GROUP BY root, key
), stood AS (
  SELECT experiment, key, arg_min(stage, place) AS stage, arg_min(spec_file, place) AS spec_file,
    arg_min(spec_line, place) AS spec_line
  FROM cells GROUP BY experiment, key
), files AS (
  SELECT key, string_agg(coalesce(file, param) || ' ' || sha256, ', ' ORDER BY param) AS files
  FROM input_files GROUP BY key
)
SELECT cells.experiment, cells.stage, cells.axes, cells.key, met.distance, met.key AS task_key,
  tasks.kind, tasks.version, tasks.code, tasks.device, tasks.engine, role_of.read_as,
  stood.stage AS task_stage, stood.spec_file, stood.spec_line, files.files
FROM cells
JOIN met ON met.root = cells.key
LEFT JOIN tasks ON tasks.key = met.key
LEFT JOIN role_of ON role_of.root = met.root AND role_of.key = met.key
LEFT JOIN stood ON stood.experiment = cells.experiment AND stood.key = met.key
LEFT JOIN files ON files.key = met.key
ORDER BY cells.experiment, cells.place, cells.stage, cells.axes, met.distance, met.key`;

/** The views on studies, by name, in an order in which each comes after those that it reads. */
export const STUDY_VIEWS: Readonly<Record<string, View>> = {
  means: {
    name: "means",
    about: "One row a cell without its seed, benchmark, metric and split: the mean over seeds.",
    columns: MEAN_COLUMNS,
    sql: MEANS_SQL,
  },
  gains: {
    name: "gains",
    about: "One row a cell and what it is compared with, seed by seed: a step along an axis, the " +
      "whole of an axis, or a stage that has one cell, such as a start or a control.",
    columns: {
      ...of(cells, "experiment", "stage"),
      cell: ["JSON", "The values of the axes that are the same in both, but for the seed."],
      ...of(scores, "benchmark", "metric", "split"),
      of: ["VARCHAR", "axis: from one value to the next; whole axis; or stage."],
      against: ["VARCHAR", "The axis, or the stage that is compared with."],
      from_x: ["DOUBLE", "The value of the axis before; null of a stage."],
      to_x: ["DOUBLE", "The value of the axis after; null of a stage."],
      seeds: SEEDS,
      gain: ["DOUBLE", "What is measured less what it is compared with, in the metric's unit."],
      low: ["DOUBLE", "The lower end of its interval of 95 percent; null for one seed."],
      high: ["DOUBLE", "The upper end of that interval."],
      per_doubling: [
        "DOUBLE",
        "The gain of a doubling of the axis: over the whole of it, by regression on log2.",
      ],
      per_doubling_low: ["DOUBLE", "The lower end of its interval of 95 percent."],
      per_doubling_high: ["DOUBLE", "The upper end of that interval."],
      is_better: [
        "BOOLEAN",
        "Whether the gain is shown to be for the better; null for one seed, or where neither is.",
      ],
      ...of(metrics, "unit", "better"),
    },
    sql: GAINS_SQL,
  },
  frontier: {
    name: "frontier",
    about: "The rows of means that no cheaper cell of their stage is as good as, by FLOPs.",
    columns: MEAN_COLUMNS,
    sql: FRONTIER_SQL,
  },
  input_files: {
    name: "input_files",
    about: "One row a task and outside file that it reads itself, with the digest in its key.",
    columns: {
      ...of(TABLES.identities, "key"),
      param: ["VARCHAR", "The param that names the file, such as sources[0].path."],
      file: ["VARCHAR", "Its path; null until the task is done."],
      sha256: [
        "VARCHAR",
        "The SHA-256 of its content; where the param means several, of their digests.",
      ],
    },
    sql: INPUT_FILES_SQL,
  },
  lineage: {
    name: "lineage",
    about: "One row a cell and task that its number rests on, its own first: where it comes from.",
    columns: {
      ...of(cells, "experiment", "stage", "axes"),
      key: ["VARCHAR", "The key of the cell's own task, as in results."],
      distance: ["INTEGER", "How far the task is from the cell's own, which is 0."],
      task_key: ["VARCHAR", "The key of the task that is told of."],
      ...of(tasks, "kind", "version", "code", "device", "engine"),
      read_as: ["VARCHAR", "As what its artifact is read on the way; null of the cell's own."],
      task_stage: ["VARCHAR", "The stage that it stands at; null where it stands at none."],
      spec_file: ["VARCHAR", "The file in which that stage stands."],
      spec_line: ["INTEGER", "The line of it, counted from 1."],
      files: ["VARCHAR", "The outside files that it reads itself, each with its SHA-256."],
    },
    sql: LINEAGE_SQL,
  },
};
