/** The views that questions are asked of. */
import { commentStatements, FACT_COLUMNS, type Table, TABLES } from "./schema.ts";
import { ANSWER_VIEWS, cheapestMacro } from "./answer_views.ts";
import { CELL, POINTS, quantileMacro, STUDY_VIEWS } from "./study_views.ts";
import { of, type View } from "./view.ts";

const { cells, scores, tasks, metrics, faults, runs, spec_files, spec_texts } = TABLES as Readonly<
  Record<keyof typeof TABLES, Table>
>;
const measurements: Table = TABLES.final_measurements;

/**
 * Every cell's task, and the tasks that its training went on from, one after another.
 * A training measures what lies after its start; what lies before, those before it did.
 */
const LINEAGE = `WITH RECURSIVE lineage AS (
  SELECT experiment, stage, axes, seed, place, key, CAST(NULL AS BIGINT) AS until_step FROM cells
  UNION ALL
  SELECT experiment, stage, axes, seed, place, tasks.start_key, tasks.start_step
  FROM lineage JOIN tasks ON tasks.key = lineage.key
  WHERE tasks.start_key IS NOT NULL AND (until_step IS NULL OR tasks.start_step < until_step)
)`;

const factColumns = Object.keys(FACT_COLUMNS).map((name) => `tasks.${name}`).join(", ");

/**
 * Whether a fault that blames no file but the place where the spec of its run asks for the task
 * stands at a cell of another spec: that is told of its own.
 */
const IS_OF_OTHER_SPEC = "of_spec.key IS NOT NULL AND cells.experiment <> runs.experiment";

/** Every view, by its name. */
export const VIEWS: Readonly<Record<string, View>> = {
  measurements: {
    name: "measurements",
    about: "One row a value measured in the course of a task.",
    columns: measurements.columns,
    sql: "FROM final_measurements UNION ALL FROM running_measurements",
  },
  results: {
    name: "results",
    about: "One row a cell, benchmark, metric and split: what most questions are asked of.",
    columns: {
      ...of(cells, "experiment", "stage", "key", "axes"),
      ...of(scores, "benchmark", "metric", "split"),
      ...of(cells, "seed"),
      ...of(scores, "value", "standard_error"),
      ...of(metrics, "unit", "better"),
      is_current: [
        "BOOLEAN",
        "Whether this is of the spec as it last ran; false until the cell's new result is there.",
      ],
      ...of(cells, "place"),
      ...of(tasks, "kind"),
      ...FACT_COLUMNS,
    },
    sql: `SELECT cells.experiment, cells.stage, cells.key, cells.axes,
  scores.benchmark, scores.metric, scores.split, cells.seed, scores.value, scores.standard_error,
  metrics.unit, metrics.better, cells.key = cells.wanted_key AS is_current, cells.place, tasks.kind,
  ${factColumns}
FROM cells
JOIN scores ON scores.key = cells.key
JOIN tasks ON tasks.key = cells.key
LEFT JOIN metrics ON metrics.kind = tasks.kind AND metrics.metric = scores.metric
ORDER BY cells.experiment, cells.place, cells.stage, cells.axes,
  scores.benchmark, scores.metric, scores.split`,
  },
  curves: {
    name: "curves",
    about: "One row a measurement on the way to a cell, from the beginning of its training.",
    columns: {
      ...of(cells, "experiment", "stage", "axes", "seed", "place"),
      ...of(measurements, "key", "step", "name", "split", "value", "standard_error"),
    },
    sql: `${LINEAGE}
SELECT lineage.experiment, lineage.stage, lineage.axes, lineage.seed, lineage.place,
  lineage.key, step, name, split, value, standard_error
FROM lineage
JOIN measurements USING (key)
LEFT JOIN tasks USING (key)
WHERE step > coalesce(tasks.start_step, -1) AND (until_step IS NULL OR step <= until_step)
ORDER BY lineage.experiment, lineage.place, lineage.stage, lineage.axes, name, split, step`,
  },
  counts: {
    name: "counts",
    about: "One row a cell, split, count and class: what scores are made of, and what was read.",
    columns: {
      ...of(cells, "experiment", "stage", "axes", "seed", "place", "key"),
      ...of(measurements, "split"),
      name: ["VARCHAR", "What is counted; what that is stands in the table metrics."],
      class: ["VARCHAR", "The class, type or reason that is counted; null for all together."],
      value: ["BIGINT", "How many."],
    },
    sql: `WITH counted AS (
  SELECT measurements.key, step, split, split_part(measurements.name, '/', 1) AS name,
    nullif(substr(measurements.name, length(split_part(measurements.name, '/', 1)) + 2), '') AS class,
    CAST(value AS BIGINT) AS value
  FROM measurements
  JOIN tasks ON tasks.key = measurements.key
  JOIN metrics ON metrics.kind = tasks.kind AND metrics.unit = 'count'
    AND metrics.metric = split_part(measurements.name, '/', 1)
)
SELECT cells.experiment, cells.stage, cells.axes, cells.seed, cells.place, cells.key, split, name,
  class, value
FROM cells JOIN counted USING (key)
ORDER BY cells.experiment, cells.place, cells.stage, cells.axes, split, name, class NULLS FIRST`,
  },
  published_beside: {
    name: "published_beside",
    about:
      "One row a published value and cell that measured the same on a test part, seeds together.",
    columns: {
      ...of(TABLES.published, "experiment", "benchmark", "metric", "model"),
      published: ["DOUBLE", "What others published; not measured here."],
      ...of(TABLES.published, "source"),
      stage: ["VARCHAR", "The stage that measured it here; null where none has yet."],
      axes: CELL,
      measured: ["DOUBLE", "The mean of what was measured here."],
      deviation: ["DOUBLE", "The standard deviation of that over seeds; null for one."],
      seeds: ["BIGINT", "How many were measured here."],
    },
    sql: `WITH ${POINTS}, own AS (
  SELECT experiment, place, stage, benchmark, metric, value, cell AS axes
  FROM points WHERE split = 'test'
)
SELECT published.experiment, published.benchmark, published.metric, model,
  published.value AS published, source, stage, axes, avg(own.value) AS measured,
  stddev_samp(own.value) AS deviation, count(own.value) AS seeds
FROM published LEFT JOIN own ON own.experiment = published.experiment
  AND own.benchmark = published.benchmark AND own.metric = published.metric
WHERE published.benchmark IS NOT NULL AND published.metric IS NOT NULL
GROUP BY published.experiment, published.place, published.benchmark, published.metric, model,
  published.value, source, stage, axes
ORDER BY published.experiment, published.place, min(own.place)`,
  },
  costs: {
    name: "costs",
    about: "One row an experiment and done task: what it cost itself, and all before it.",
    columns: {
      ...of(cells, "experiment"),
      ...of(tasks, "key", "kind"),
      stages: ["VARCHAR", "The stages that it stands at, or is on the way to."],
      ...of(tasks, "device", "engine", "started_at"),
      seconds: ["DOUBLE", "How long the attempt took that made its artifact."],
      ...of(tasks, "own_steps", "own_tokens", "own_flops"),
      flops_per_second: ["DOUBLE", "own_flops / seconds."],
      utilisation: [
        "DOUBLE",
        "flops_per_second as a fraction of what plain matrix products reach there; all that a " +
        "task does besides training counts against it.",
      ],
      tokens_per_second: ["DOUBLE", "own_tokens / seconds."],
      ...of(tasks, "steps", "seen_tokens", "flops", "bytes"),
    },
    sql: `${LINEAGE}, wanted AS (
  SELECT experiment, key, string_agg(DISTINCT stage, ', ' ORDER BY stage) AS stages
  FROM lineage GROUP BY experiment, key
)
SELECT experiment, key, kind, stages, device, engine, started_at, elapsed_ms / 1000 AS seconds,
  own_steps, own_tokens, own_flops,
  own_flops / nullif(elapsed_ms / 1000, 0) AS flops_per_second,
  own_flops / nullif(elapsed_ms / 1000 * product_rate, 0) AS utilisation,
  own_tokens / nullif(elapsed_ms / 1000, 0) AS tokens_per_second,
  steps, seen_tokens, flops, bytes
FROM wanted JOIN tasks USING (key)
WHERE tasks.version IS NOT NULL
ORDER BY experiment, started_at, key`,
  },
  failures: {
    name: "failures",
    about: "One row a cell whose task failed when it ran last, and fault.",
    columns: {
      ...of(cells, "experiment", "stage", "axes"),
      ...of(tasks, "kind", "key", "run", "attempt"),
      ...of(faults, "code", "message", "file", "line_number", "column_number", "mend"),
    },
    sql: `WITH of_spec AS (
  SELECT DISTINCT faults.key, faults.place
  FROM faults
  JOIN tasks ON tasks.key = faults.key
  JOIN runs ON runs.run = tasks.run
  JOIN cells ON cells.wanted_key = faults.key AND cells.experiment = runs.experiment
    AND cells.spec_file = faults.file AND cells.spec_line = faults.line_number
)
SELECT cells.experiment, cells.stage, cells.axes, tasks.kind, tasks.key, tasks.run,
  tasks.attempt, faults.code, faults.message,
  CASE WHEN ${IS_OF_OTHER_SPEC} THEN cells.spec_file ELSE faults.file END AS file,
  CASE WHEN ${IS_OF_OTHER_SPEC} THEN cells.spec_line ELSE line_number END AS line_number,
  CASE WHEN ${IS_OF_OTHER_SPEC} THEN NULL ELSE column_number END AS column_number, faults.mend
FROM tasks
JOIN faults ON faults.key = tasks.key
JOIN cells ON cells.wanted_key = tasks.key
LEFT JOIN runs ON runs.run = tasks.run
LEFT JOIN of_spec ON of_spec.key = faults.key AND of_spec.place = faults.place
WHERE tasks.state = 'failed'
ORDER BY cells.experiment, cells.place, tasks.key, faults.place`,
  },
  specs: {
    name: "specs",
    about: "One row a run and file of its spec, as it was written.",
    columns: {
      ...of(runs, "run", "experiment"),
      ...of(spec_files, "place", "file"),
      ...of(spec_texts, "text"),
    },
    sql: `SELECT run, experiment, spec_files.place, spec_files.file, text
FROM spec_files JOIN spec_texts USING (digest) LEFT JOIN runs USING (run)
ORDER BY run, spec_files.place`,
  },
  ...STUDY_VIEWS,
  ...ANSWER_VIEWS,
};

/** The statements that make views and macros in a database that has the tables. */
export function viewStatements(): string[] {
  return [
    ...quantileMacro(),
    ...Object.values(VIEWS).flatMap(({ name, about, columns, sql }) => [
      `CREATE VIEW ${name} AS ${sql}`,
      ...commentStatements(name, { type: "VIEW", about, columns }),
    ]),
    ...paramMacros(),
    ...cheapestMacro(),
  ];
}

/** The macros that give a param of a task, for those who have a key and do not want to join. */
function paramMacros(): string[] {
  // Of these names no column is called: an argument such as "key" is that of the query around.
  const named = (value: string) =>
    `(SELECT "its value" FROM (
      SELECT key AS "its key", name AS "its name", ${value} AS "its value" FROM params
    ) WHERE "its key" = of_key AND "its name" = of_name)`;
  return [
    `CREATE MACRO param(of_key, of_name) AS ${named("value")}`,
    "COMMENT ON MACRO param IS 'The param of that name of the task of that key, as text.'",
    `CREATE MACRO param_number(of_key, of_name) AS ${named("number")}`,
    "COMMENT ON MACRO param_number IS 'The same as a number; null where it is none.'",
  ];
}
