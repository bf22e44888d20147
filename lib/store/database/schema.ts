/**
 * The tables of the database: every column with its type and what it means.
 *
 * Keys are the hexadecimal task keys, times are UTC, JSON columns hold canonical
 * JSON, what is absent is null. What artifacts say (tasks, params, measurements,
 * scores) and what the journals of runs say (runs, cells, history, fits) is read back by
 * a rebuild.
 */
import { type FactInfo, FACTS } from "../../base/facts.ts";

/** Counted up when a table or a view changes; a newer database is refused, an older one made anew. */
export const SCHEMA_VERSION = 10;

/** The types that columns have. */
export type ColumnType =
  | "VARCHAR"
  | "JSON"
  | "TIMESTAMP"
  | "INTEGER"
  | "BIGINT"
  | "DOUBLE"
  | "BOOLEAN";

/** A column: its type, and what stands in it. */
export type Column = readonly [type: ColumnType, about: string];

/** A table: its columns in order, and those that tell its rows apart. */
export interface Table {
  /** The table's name. */
  readonly name: string;
  /** What one row is. */
  readonly about: string;
  /** By the name of the column. */
  readonly columns: Readonly<Record<string, Column>>;
  /** No two rows agree in all of these. */
  readonly primaryKey: readonly string[];
  /** Whether no index sees to that, but whoever writes: where an index costs too much. */
  readonly isUnindexed?: boolean;
}

function table<const Columns extends Record<string, Column>>(
  name: string,
  { about, columns, primaryKey }: {
    readonly about: string;
    readonly columns: Columns;
    readonly primaryKey: readonly (keyof Columns & string)[];
  },
): Table {
  return { name, about, columns, primaryKey };
}

/** The columns of the facts. */
export const FACT_COLUMNS: Readonly<Record<string, Column>> = Object.fromEntries(
  Object.values(FACTS).map((
    { column, type, about, unit }: FactInfo,
  ) => [column, [type, `${about} In ${unit}.`]]),
);

const KEY: Column = ["VARCHAR", "The task's key: the hash of all that affects its result."];
const EXPERIMENT: Column = ["VARCHAR", "The spec's name, or that of a variant of it."];
const STAGE: Column = ["VARCHAR", "The stage's name in the spec."];
const AXES: Column = ["JSON", "The values of the axes that the stage varies with."];
const SEED: Column = ["BIGINT", "The seed of the task."];
const RUN: Column = ["VARCHAR", "The run's id; ids sort by time."];
const BENCHMARK: Column = ["VARCHAR", "mlm for held-out loss, else the data set's name."];
const METRIC: Column = ["VARCHAR", "What was measured; its unit stands in the table metrics."];
const SPLIT: Column = ["VARCHAR", "What it was measured on: validation, dev or test."];
const VALUE: Column = [
  "DOUBLE",
  "In the metric's unit; f1, precision, recall and accuracy are fractions from 0 to 1.",
];
const ERROR: Column = [
  "DOUBLE",
  "How far value may be off by the choice of what it was measured on, as a standard error.",
];

const MEASUREMENT_COLUMNS = {
  key: KEY,
  attempt: ["INTEGER", "The attempt that measured it last."],
  step: ["BIGINT", "The optimizer update after which it was measured."],
  name: METRIC,
  split: ["VARCHAR", "What it was measured on: train, validation, dev or test."],
  value: VALUE,
  standard_error: ERROR,
} satisfies Record<string, Column>;

/** Every table, by its name. */
export const TABLES = {
  experiments: table("experiments", {
    about: "One row an experiment: a spec, or a variant of it, as its latest run saw it.",
    columns: {
      experiment: EXPERIMENT,
      name: ["VARCHAR", "The spec's name."],
      variant: ["VARCHAR", "What makes it a variant of the spec; null for the spec as it stands."],
      file: ["VARCHAR", "The spec's path, as it was given."],
      place: ["VARCHAR", "Where the spec stands, seen from the folder of results."],
      about: ["VARCHAR", "One line on what it asks; null where the spec does not say."],
      axes: ["JSON", "The names of its axes, in the order of the spec."],
      latest_run: RUN,
    },
    primaryKey: ["experiment"],
  }),
  runs: table("runs", {
    about: "One row an invocation of run; counts are null until it ends.",
    columns: {
      run: RUN,
      experiment: EXPERIMENT,
      variant: ["VARCHAR", "What makes it a variant of the spec; null for the spec as it stands."],
      file: ["VARCHAR", "The spec's path, as it was given."],
      argv: ["JSON", "The arguments of the command line."],
      status: [
        "VARCHAR",
        "running, done, failed, interrupted, or killed where its process is gone.",
      ],
      started_at: ["TIMESTAMP", "When it began."],
      ended_at: ["TIMESTAMP", "When it ended."],
      elapsed_ms: ["DOUBLE", "How long it took, in milliseconds."],
      total: ["INTEGER", "How many tasks it had."],
      cached: ["INTEGER", "How many of them were there already, or not needed."],
      ran: ["INTEGER", "How many ran and were done."],
      failed: ["INTEGER", "How many failed, or were skipped because another one failed."],
      version: ["VARCHAR", "The version of Titrate."],
      commit: ["VARCHAR", "The commit that Titrate's code was of, where that is known."],
      host: ["VARCHAR", "The computer that it ran on."],
      processor: ["VARCHAR", "The processor of that computer."],
      pid: ["INTEGER", "The number of its process on that computer."],
      process_started_at: ["TIMESTAMP", "When that process began: numbers are used again."],
    },
    primaryKey: ["run"],
  }),
  spec_files: table("spec_files", {
    about: "One row a run and file of its spec; the text stands in spec_texts.",
    columns: {
      run: RUN,
      place: ["INTEGER", "0 for the spec itself, then the files that it extends."],
      file: ["VARCHAR", "The path, as it was given or as the spec led to it."],
      digest: ["VARCHAR", "The SHA-256 of its text."],
    },
    primaryKey: ["run", "place"],
  }),
  spec_texts: table("spec_texts", {
    about: "One row a text of a spec's file, each once however many runs read it.",
    columns: {
      digest: ["VARCHAR", "The SHA-256 of the text."],
      text: ["VARCHAR", "The file as it was written, comments included."],
    },
    primaryKey: ["digest"],
  }),
  tasks: table("tasks", {
    about: "One row a task: its state, and once it is done what its artifact says.",
    columns: {
      key: KEY,
      kind: ["VARCHAR", "The kind of the task, as uses: names it."],
      version: ["INTEGER", "The version of the kind."],
      state: ["VARCHAR", "waiting, ready, running, done, failed, skipped or interrupted."],
      run: ["VARCHAR", "The run that brought it into this state."],
      attempt: ["INTEGER", "Which attempt at the key, counted from 1."],
      message: ["VARCHAR", "Why it failed: the first of its faults."],
      device: ["VARCHAR", "The device that it ran on, such as cpu."],
      engine: ["VARCHAR", "The engine that computed its numbers; null where none did."],
      code: ["VARCHAR", "The hash of the kind's code."],
      started_at: ["TIMESTAMP", "When the attempt that made the artifact began."],
      elapsed_ms: ["DOUBLE", "How long that attempt took, in milliseconds."],
      product_rate: [
        "DOUBLE",
        "Floating-point operations a second of plain matrix products, on the device and with the " +
        "threads of a training; null where nothing was trained.",
      ],
      bytes: ["BIGINT", "The size of the artifact's files."],
      start_key: ["VARCHAR", "The task whose artifact its training went on from."],
      start_step: ["BIGINT", "The optimizer update at which that artifact stands."],
      ...FACT_COLUMNS,
    },
    primaryKey: ["key"],
  }),
  faults: table("faults", {
    about: "One row a fault of a failed task.",
    columns: {
      key: KEY,
      place: ["INTEGER", "Its place among the task's faults, from 0."],
      code: ["VARCHAR", "The kind of fault, such as text/bad-json."],
      message: ["VARCHAR", "What is wrong."],
      file: ["VARCHAR", "The file that is to blame."],
      line_number: ["INTEGER", "The line, counted from 1."],
      column_number: ["INTEGER", "The column, counted from 1."],
      mend: ["VARCHAR", "What to do about it."],
    },
    primaryKey: ["key", "place"],
  }),
  params: table("params", {
    about: "One row a param of a done task.",
    columns: {
      key: KEY,
      name: ["VARCHAR", "The param; nested ones by a path such as sources[0].path."],
      value: ["VARCHAR", "Its value as text, defaults filled in; lists and mappings as JSON."],
      number: ["DOUBLE", "The value where it is a number, to compare and to compute with."],
    },
    primaryKey: ["key", "name"],
  }),
  cells: table("cells", {
    about: "One row a cell of an experiment, with the task whose results it shows.",
    columns: {
      experiment: EXPERIMENT,
      stage: STAGE,
      axes: AXES,
      key: ["VARCHAR", "The key of the task whose results the cell shows."],
      wanted_key: [
        "VARCHAR",
        "The key that the latest run asks for; its results take the cell over once they are there.",
      ],
      seed: SEED,
      place: ["INTEGER", "Where the cell stands among those of the spec, in their order."],
      spec_file: [
        "VARCHAR",
        "The file in which its stage stands: the spec, or one that it extends.",
      ],
      spec_line: ["INTEGER", "The line in that file, counted from 1."],
    },
    primaryKey: ["experiment", "stage", "axes"],
  }),
  final_measurements: {
    ...table("final_measurements", {
      about: "One row a value that a done task measured: what its artifact says.",
      columns: MEASUREMENT_COLUMNS,
      primaryKey: ["key", "step", "name", "split"],
    }),
    isUnindexed: true,
  },
  running_measurements: {
    ...table("running_measurements", {
      about: "One row a value measured so far by a task that is not done.",
      columns: MEASUREMENT_COLUMNS,
      primaryKey: ["key", "step", "name", "split"],
    }),
    isUnindexed: true,
  },
  scores: table("scores", {
    about: "One row a score that a task gave its artifact when it was done.",
    columns: {
      key: KEY,
      benchmark: BENCHMARK,
      metric: METRIC,
      split: SPLIT,
      value: VALUE,
      standard_error: ERROR,
    },
    primaryKey: ["key", "benchmark", "metric", "split"],
  }),
  metrics: table("metrics", {
    about: "One row a metric of a kind of task, as the kind declares it.",
    columns: {
      kind: ["VARCHAR", "The kind of the task that measures it."],
      metric: ["VARCHAR", "The metric's name in scores and measurements."],
      unit: ["VARCHAR", "The unit of value; fraction is from 0 to 1."],
      better: ["VARCHAR", "lower or higher; null where neither is better."],
      least: ["DOUBLE", "The least value that can be."],
      most: ["DOUBLE", "The greatest value that can be."],
      is_headline: ["BOOLEAN", "Whether a run ends with a table of it."],
      about: ["VARCHAR", "What it measures."],
    },
    primaryKey: ["kind", "metric"],
  }),
  published: table("published", {
    about: "One row a value that others published: not measured here.",
    columns: {
      experiment: EXPERIMENT,
      place: ["INTEGER", "Where it stands in the table that the spec names, from 0."],
      benchmark: ["VARCHAR", "What the study calls the data set; null where it has it not."],
      metric: ["VARCHAR", "What the study calls the metric; null where it has it not."],
      model: ["VARCHAR", "Whose value it is."],
      value: ["DOUBLE", "As a fraction from 0 to 1."],
      source: ["VARCHAR", "Where it was published."],
      task: ["VARCHAR", "The kind of task, in the words of the table."],
      dataset: ["VARCHAR", "The data set, in the words of the table."],
      published_metric: ["VARCHAR", "The metric, in the words of the table."],
    },
    primaryKey: ["experiment", "place"],
  }),
  fits: table("fits", {
    about: "One row a scaling curve.",
    columns: {
      experiment: EXPERIMENT,
      fit: ["VARCHAR", "The fit's name in the spec."],
      cell: ["JSON", "The values of the axes that it is made for."],
      stage: STAGE,
      benchmark: BENCHMARK,
      metric: METRIC,
      split: SPLIT,
      against: [
        "VARCHAR",
        "The column of results on the horizontal axis; several, with commas between, of a form in " +
        "several variables.",
      ],
      key: [
        "VARCHAR",
        "The task that fitted it; null where some cell had no score, so that the run fitted the rest.",
      ],
      form: ["VARCHAR", "The formula that the parameters are of."],
      shape: [
        "VARCHAR",
        "What the points look like: saturating, saturated (at once), unsaturated, unbounded (the " +
        "limit lies outside the metric's range), turning or flat; null where nothing was fitted.",
      ],
      points: ["INTEGER", "How many points were used."],
      parameters: ["JSON", "By name; null where no fit could be made."],
      intervals: [
        "JSON",
        "Low and high by parameter, of 95 percent; an end that is null is infinite. Null where the " +
        "points cannot tell: warnings says why.",
      ],
      next: [
        "JSON",
        "What the curve says of twice the largest x, or of the largest run with twice its tokens: " +
        "x, value in the metric's unit, its interval, and at, all variables where there are several.",
      ],
      goodness: [
        "JSON",
        "rmse in the metric's unit, heldOutRmse at the largest runs fitted without them, rSquared, " +
        "and chanceOfConstant: how often points that do not depend on x would be described as well.",
      ],
      warnings: ["JSON", "What to be wary of."],
    },
    primaryKey: ["experiment", "fit", "cell", "stage", "benchmark", "metric", "split", "against"],
  }),
  identities: table("identities", {
    about: "One row a key and what it is the hash of; explain says by it what changed.",
    columns: { key: KEY, identity: ["JSON", "What the key is the hash of."] },
    primaryKey: ["key"],
  }),
  history: table("history", {
    about: "One row a key that stood at a cell in a run that had something to do.",
    columns: {
      experiment: EXPERIMENT,
      stage: STAGE,
      axes: AXES,
      key: KEY,
      latest_run: ["VARCHAR", "The latest run in which it stood there."],
    },
    primaryKey: ["experiment", "stage", "axes", "key"],
  }),
} as const;

/** The statements that make a table, with its comments. */
export function tableStatements(table: Table): string[] {
  const { name, about, columns, primaryKey, isUnindexed = false } = table;
  const lines = Object.entries(columns).map(([column, [type]]) => `"${column}" ${type}`);
  if (!isUnindexed) lines.push(`PRIMARY KEY (${primaryKey.join(", ")})`);
  return [
    `CREATE TABLE ${name} (${lines.join(", ")})`,
    ...commentStatements(name, { type: "TABLE", about, columns }),
  ];
}

/** The statements that comment a table or a view and its columns. */
export function commentStatements(
  name: string,
  { type, about, columns }: {
    readonly type: "TABLE" | "VIEW";
    readonly about: string;
    readonly columns: Readonly<Record<string, Column>>;
  },
): string[] {
  return [
    `COMMENT ON ${type} ${name} IS ${sqlText(about)}`,
    ...Object.entries(columns).map(([column, [, text]]) =>
      `COMMENT ON COLUMN ${name}."${column}" IS ${sqlText(text)}`
    ),
  ];
}

/** A text as SQL writes it. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as SQL writes it, whatever stands in it. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
