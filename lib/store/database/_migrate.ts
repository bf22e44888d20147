/**
 * What a database of an older version holds, brought over into a new one.
 *
 * Columns that both have are copied; what is new is filled from artifacts and journals
 * where these are, and null where they are not. So runs, history and numbers whose
 * artifacts are gone, or are of a form that is not read any more, stay.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { writeAxesViews } from "./_axes_views.ts";
import { sqlName, type Table, TABLES } from "./schema.ts";

/** The name that the older database has in SQL, beside the new one. */
export const FORMER = "former";

/** Values of columns that versions before have not, or had otherwise; `old` is their row. */
const DERIVED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  experiments: { name: "old.experiment", axes: "CAST('[]' AS JSON)" },
  cells: { wanted_key: "old.key" },
  params: {
    value: "CAST(old.value AS JSON)->>'$'",
    number: `CASE WHEN json_type(CAST(old.value AS JSON)) IN ('BIGINT', 'UBIGINT', 'DOUBLE')
      THEN TRY_CAST(CAST(old.value AS JSON)->>'$' AS DOUBLE) END`,
  },
};

/** The version from which on params are texts: what is derived of them is then there. */
const TEXT_PARAMS = 8;
/** The version from which on rates are fractions. */
const FRACTIONS = 2;
/** What was in percent before. */
const PERCENTAGES = "('f1', 'precision', 'recall')";

/**
 * Copies what the older database holds into empty tables, but for what was measured.
 *
 * @returns what is to be done once artifacts and journals have given theirs
 */
export async function copyFormer(
  connection: DuckDBConnection,
  version: number,
): Promise<() => Promise<void>> {
  const former = await columnsOfFormer(connection);
  for (const table of Object.values(TABLES)) {
    if (isOfMeasurements(table) || !former.has(table.name)) continue;
    await copyTable(connection, table, { has: former.get(table.name)!, version });
  }
  const texts = former.get("runs")?.has("text") === true;
  if (texts) await connection.run(SPECS_OF_RUNS);
  if (!former.has("faults")) await connection.run(FAULTS_OF_TASKS);
  if (version < FRACTIONS) {
    await connection.run(`UPDATE scores SET value = value / 100 WHERE metric IN ${PERCENTAGES}`);
    await makeFractionsOfFits(connection);
  }
  // Without a process to look for, nobody would ever learn that it is gone.
  await connection.run(
    "UPDATE runs SET status = 'killed' WHERE status = 'running' AND pid IS NULL",
  );
  return async () => {
    await copyMeasurements(connection, former);
    if (version < FRACTIONS) {
      for (const { name } of [TABLES.final_measurements, TABLES.running_measurements]) {
        await connection.run(
          `UPDATE ${name} SET value = value / 100 WHERE name IN ${PERCENTAGES}
           AND key IN (SELECT key FROM ${FORMER}.measurements)`,
        );
      }
    }
    const reader = await connection.runAndReadAll("SELECT DISTINCT experiment FROM cells");
    await writeAxesViews(connection, reader.getRows().map(([name]) => String(name)));
  };
}

async function columnsOfFormer(
  connection: DuckDBConnection,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const reader = await connection.runAndReadAll(
    `SELECT table_name, column_name FROM duckdb_columns()
     WHERE database_name = '${FORMER}' AND table_name IN (
       SELECT table_name FROM duckdb_tables() WHERE database_name = '${FORMER}')`,
  );
  const columns = new Map<string, Set<string>>();
  for (const [table, column] of reader.getRows()) {
    const of = columns.get(String(table)) ?? new Set<string>();
    columns.set(String(table), of.add(String(column)));
  }
  return columns;
}

async function copyTable(
  connection: DuckDBConnection,
  { name, columns }: Table,
  { has, version }: { readonly has: ReadonlySet<string>; readonly version: number },
): Promise<void> {
  const derived = name === "params" && version >= TEXT_PARAMS ? {} : DERIVED[name] ?? {};
  const values = Object.keys(columns).flatMap((column): [string, string][] => {
    const isSame = has.has(column) && !(name === "params" && derived[column] !== undefined);
    const value = isSame ? `old.${sqlName(column)}` : derived[column];
    return value === undefined ? [] : [[sqlName(column), value]];
  });
  await connection.run(
    `INSERT INTO ${name} (${values.map(([column]) => column).join(", ")})
     SELECT ${values.map(([, value]) => value).join(", ")} FROM ${FORMER}.${name} AS old`,
  );
}

/** Of the first version, in which the spec stood in the run. */
const SPECS_OF_RUNS = `
  INSERT INTO spec_texts SELECT DISTINCT sha256(text), text FROM ${FORMER}.runs
    WHERE text IS NOT NULL ON CONFLICT DO NOTHING;
  INSERT INTO spec_files SELECT run, 0, file, sha256(text) FROM ${FORMER}.runs
    WHERE text IS NOT NULL ON CONFLICT DO NOTHING`;

/** Of the first version, which kept of a fault what is wrong alone. */
const FAULTS_OF_TASKS = `
  INSERT INTO faults (key, place, code, message)
  SELECT key, 0, 'unknown', message FROM ${FORMER}.tasks
  WHERE state = 'failed' AND message IS NOT NULL`;

/** What was measured by tasks of which no artifact told it. */
async function copyMeasurements(
  connection: DuckDBConnection,
  former: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<void> {
  const sources = former.has("final_measurements")
    ? [TABLES.final_measurements.name, TABLES.running_measurements.name]
    : ["measurements"];
  for (const source of sources) {
    const has = former.get(source);
    if (has === undefined) continue;
    const columns = Object.keys(TABLES.final_measurements.columns)
      .filter((column) => has.has(column)).map(sqlName).join(", ");
    const missing = `SELECT ${columns} FROM ${FORMER}.${source}
      WHERE key NOT IN (SELECT DISTINCT key FROM final_measurements)`;
    const done = "key IN (SELECT key FROM tasks WHERE version IS NOT NULL)";
    await connection.run(
      `INSERT INTO running_measurements (${columns}) ${missing} AND NOT (${done});
       INSERT INTO final_measurements (${columns}) ${missing} AND ${done}`,
    );
  }
}

/** What of a curve has the unit of its metric. */
const IN_UNIT = ["limit", "amplitude", "rmse"];

async function makeFractionsOfFits(connection: DuckDBConnection): Promise<void> {
  const reader = await connection.runAndReadAll(
    `SELECT rowid, parameters, intervals, goodness FROM fits WHERE metric IN ${PERCENTAGES}`,
  );
  for (const [row, ...texts] of reader.getRows()) {
    const scaled = texts.map((text) => text === null ? null : scaleText(String(text)));
    await connection.run(
      "UPDATE fits SET parameters = $2, intervals = $3, goodness = $4 WHERE rowid = $1",
      [row!, ...scaled],
    );
  }
}

/** Divides by 100 what is in the unit of the metric, in an interval too. */
function scaleText(text: string): string {
  const scale = (value: unknown): unknown => {
    if (typeof value === "number") return value / 100;
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, scale(each)]));
  };
  const object = JSON.parse(text) as Record<string, unknown>;
  return JSON.stringify(Object.fromEntries(
    Object.entries(object).map((
      [name, each],
    ) => [name, IN_UNIT.includes(name) ? scale(each) : each]),
  ));
}

function isOfMeasurements({ name }: Table): boolean {
  return name === TABLES.final_measurements.name || name === TABLES.running_measurements.name;
}
