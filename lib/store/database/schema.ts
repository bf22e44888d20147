/**
 * The tables of the database and the view `results`.
 *
 * Keys are the hexadecimal task keys, times are UTC, JSON columns hold canonical
 * JSON. What follows from the artifacts (tasks, params, measurements, scores) can
 * be rebuilt from them; cells are recorded again by any run of their experiment.
 */

/** Counted up when a table or the view changes; a newer database is refused. */
export const SCHEMA_VERSION = 2;

/** The types that columns have. */
export type ColumnType = "VARCHAR" | "JSON" | "TIMESTAMP" | "INTEGER" | "BIGINT" | "DOUBLE";

/** A table: its columns in order, and those that tell its rows apart. */
export interface Table {
  /** The table's name. */
  readonly name: string;
  /** Types by the name of the column. */
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** No two rows agree in all of these. */
  readonly primaryKey: readonly string[];
}

function table<const Columns extends Record<string, ColumnType>>(
  name: string,
  columns: Columns,
  primaryKey: readonly (keyof Columns & string)[],
): Table {
  return { name, columns, primaryKey };
}

/** Every table, by its name. */
export const TABLES = {
  /** One row an experiment, as its latest run saw it. */
  experiments: table("experiments", {
    experiment: "VARCHAR",
    file: "VARCHAR",
    text: "VARCHAR",
    latest_run: "VARCHAR",
  }, ["experiment"]),
  /** One row an invocation of `run`; counts are absent until it ends. */
  runs: table("runs", {
    run: "VARCHAR",
    experiment: "VARCHAR",
    file: "VARCHAR",
    text: "VARCHAR",
    argv: "JSON",
    status: "VARCHAR",
    started_at: "TIMESTAMP",
    ended_at: "TIMESTAMP",
    elapsed_ms: "DOUBLE",
    total: "INTEGER",
    cached: "INTEGER",
    ran: "INTEGER",
    failed: "INTEGER",
  }, ["run"]),
  /** One row a task: its state, and once it is done what its artifact says. */
  tasks: table("tasks", {
    key: "VARCHAR",
    kind: "VARCHAR",
    version: "INTEGER",
    state: "VARCHAR",
    run: "VARCHAR",
    attempt: "INTEGER",
    message: "VARCHAR",
    device: "VARCHAR",
    engine: "VARCHAR",
    code: "VARCHAR",
    started_at: "TIMESTAMP",
    elapsed_ms: "DOUBLE",
    steps: "BIGINT",
    unique_tokens: "BIGINT",
    seen_tokens: "BIGINT",
    epochs: "DOUBLE",
    parameters: "BIGINT",
    flops: "DOUBLE",
  }, ["key"]),
  /** One row a param of a done task, nested ones by a path such as "sources[0].path". */
  params: table("params", {
    key: "VARCHAR",
    name: "VARCHAR",
    value: "JSON",
  }, ["key", "name"]),
  /** Which task stands at which cell of which experiment; `place` is the cell's in the spec. */
  cells: table("cells", {
    experiment: "VARCHAR",
    stage: "VARCHAR",
    axes: "JSON",
    key: "VARCHAR",
    seed: "BIGINT",
    place: "INTEGER",
  }, ["experiment", "stage", "axes"]),
  /** Values measured during a task; `attempt` is the one that wrote last. */
  measurements: table("measurements", {
    key: "VARCHAR",
    attempt: "INTEGER",
    step: "BIGINT",
    name: "VARCHAR",
    split: "VARCHAR",
    value: "DOUBLE",
  }, ["key", "step", "name", "split"]),
  /** What a task says of its artifact when it is done. */
  scores: table("scores", {
    key: "VARCHAR",
    benchmark: "VARCHAR",
    metric: "VARCHAR",
    split: "VARCHAR",
    value: "DOUBLE",
  }, ["key", "benchmark", "metric", "split"]),
  /** What a key is the hash of, as canonical JSON; kept to say what changed since. */
  identities: table("identities", {
    key: "VARCHAR",
    identity: "JSON",
  }, ["key"]),
  /** Which keys stood at a cell in runs that had something to do, and when last. */
  history: table("history", {
    experiment: "VARCHAR",
    stage: "VARCHAR",
    axes: "JSON",
    key: "VARCHAR",
    latest_run: "VARCHAR",
  }, ["experiment", "stage", "axes", "key"]),
  /** Scaling curves; `cell` holds the values of the axes that a fit is made for. */
  fits: table("fits", {
    experiment: "VARCHAR",
    fit: "VARCHAR",
    cell: "JSON",
    stage: "VARCHAR",
    benchmark: "VARCHAR",
    metric: "VARCHAR",
    split: "VARCHAR",
    against: "VARCHAR",
    form: "VARCHAR",
    shape: "VARCHAR",
    points: "INTEGER",
    parameters: "JSON",
    intervals: "JSON",
    goodness: "JSON",
    warnings: "JSON",
  }, ["experiment", "fit", "cell", "stage", "benchmark", "metric", "split", "against"]),
} as const;

/** The view that most questions are asked of. */
const RESULTS_VIEW = `CREATE VIEW results AS
SELECT
  cells.experiment, cells.stage, cells.key, cells.axes,
  scores.benchmark, scores.metric, scores.split, cells.seed, scores.value,
  tasks.steps, tasks.unique_tokens, tasks.seen_tokens, tasks.epochs, tasks.parameters, tasks.flops
FROM cells
JOIN scores ON scores.key = cells.key
JOIN tasks ON tasks.key = cells.key
ORDER BY cells.experiment, cells.place, cells.stage, cells.axes,
  scores.benchmark, scores.metric, scores.split`;

/** The statements that make an empty database one of Titrate. */
export function schemaStatements(): string[] {
  return [
    "CREATE TABLE schema_version (version INTEGER)",
    `INSERT INTO schema_version VALUES (${SCHEMA_VERSION})`,
    ...Object.values(TABLES).map(createTable),
    RESULTS_VIEW,
  ];
}

function createTable({ name, columns, primaryKey }: Table): string {
  const lines = Object.entries(columns).map(([column, type]) => `${column} ${type}`);
  return `CREATE TABLE ${name} (${lines.join(", ")}, PRIMARY KEY (${primaryKey.join(", ")}))`;
}
