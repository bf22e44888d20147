/**
 * The statements that put rows into a table.
 *
 * A rerun of a cached study writes little, and each statement, each table that changes
 * and each index that is written anew takes its share of a hundredth of a second: what
 * is there already is left alone, and a few rows go without a table of their own.
 */
import {
  BIGINT,
  DOUBLE,
  type DuckDBConnection,
  type DuckDBType,
  type DuckDBValue,
  VARCHAR,
} from "@duckdb/node-api";
import { type ColumnType, sqlName, type Table } from "./schema.ts";

/** A value of a row as it is written; absent is null. JSON and times are texts. */
export type RowValue = string | number | boolean | null | undefined;

/** A row by the names of its columns. */
export type Row = Readonly<Record<string, RowValue>>;

/** A way in which rows are written. */
export interface Write {
  /** Where they go. */
  readonly table: Table;
  /** The columns that it sets; all of the table's if absent. */
  readonly columns?: readonly string[];
  /** The column whose values are the groups that can be replaced. */
  readonly group?: string;
  /** Columns that an absent value leaves as they are. */
  readonly sticky?: readonly string[];
  /** Columns that a row has from when it is first written. */
  readonly lasting?: readonly string[];
  /** Whether most often all is there already; then that is looked at first. No times. */
  readonly isSteady?: boolean;
}

/** Rows of one write. */
export interface WaitingRows {
  /** How they are written. */
  readonly write: Write;
  /** The columns that are set. */
  readonly columns: readonly string[];
  /** The rows, no two of one primary key. */
  readonly rows: ReadonlyMap<string, Row>;
  /** Groups of which nothing else is to be there. */
  readonly replaced: ReadonlySet<string>;
}

/** So few rows are written as values of one statement. */
const FEW_VALUES = 200;

/**
 * Writes rows.
 *
 * @returns whether anything may have changed
 */
export async function writeRows(
  connection: DuckDBConnection,
  waiting: WaitingRows,
): Promise<boolean> {
  const { write: { table, group, isSteady = false }, columns, rows, replaced } = waiting;
  if (isSteady && await isThere(connection, waiting)) return false;
  if (replaced.size === 0 && rows.size * columns.length <= FEW_VALUES) {
    if (rows.size > 0) await insertValues(connection, waiting);
    return rows.size > 0;
  }
  const types = columns.map((name) => table.columns[name]![0]);
  await appendAll(connection, "incoming", { columns, types, rows: rows.values() });
  const values = columns.map((name, i) => `CAST(${sqlName(name)} AS ${types[i]})`);
  let source = `SELECT ${values.join(", ")} FROM incoming`;
  if (replaced.size > 0) {
    const groups = [...replaced].map((value) => ({ value }));
    await appendAll(connection, "replaced", {
      columns: ["value"],
      types: ["VARCHAR"],
      rows: groups,
    });
    const inGroups = `${group} IN (SELECT value FROM replaced)`;
    await connection.run(
      `DELETE FROM ${table.name} WHERE ${inGroups} AND NOT EXISTS (SELECT 1 FROM incoming WHERE ${
        table.primaryKey.map((name) => `incoming.${name} = ${table.name}.${name}`).join(" AND ")
      })`,
    );
    // Rows that are there already are not written again.
    const list = columns.map(sqlName).join(", ");
    source = `(${source} EXCEPT SELECT ${list} FROM ${table.name} WHERE ${inGroups})`;
  }
  await connection.run(insertion(waiting, source));
  await connection.run("DROP TABLE IF EXISTS replaced; DROP TABLE incoming");
  return true;
}

/** The statement that puts what a source gives into the table, over what is there. */
function insertion({ write, columns }: WaitingRows, source: string): string {
  const { table, sticky, lasting = [] } = write;
  const kept = [...table.primaryKey, ...lasting];
  const updates = columns.filter((name) => !kept.includes(name)).map((name) => {
    const column = sqlName(name);
    return sticky?.includes(name) === true
      ? `${column} = coalesce(excluded.${column}, ${table.name}.${column})`
      : `${column} = excluded.${column}`;
  });
  const action = updates.length === 0 ? "NOTHING" : `UPDATE SET ${updates.join(", ")}`;
  return `INSERT INTO ${table.name} (${columns.map(sqlName).join(", ")}) ${source} ` +
    `ON CONFLICT (${table.primaryKey.join(", ")}) DO ${action}`;
}

async function insertValues(connection: DuckDBConnection, waiting: WaitingRows): Promise<void> {
  const { write: { table }, columns, rows } = waiting;
  const values: DuckDBValue[] = [], types: DuckDBType[] = [];
  const lines = [...rows.values()].map((row) => {
    const cells = columns.map((name) => {
      const type = table.columns[name]![0];
      const value = stored(row[name], type);
      // A null has no type of its own, and needs no place among the values.
      if (value === null) return `CAST(NULL AS ${type})`;
      types.push(BOUND[storageOf(type)]);
      return `CAST($${values.push(boundOf(value, type))} AS ${type})`;
    });
    return `(${cells.join(", ")})`;
  });
  await connection.run(insertion(waiting, `VALUES ${lines.join(", ")}`), values, types);
}

/** The types by which values are given to a statement. */
const BOUND = { VARCHAR, BIGINT, DOUBLE } as const;

function boundOf(value: string | number | boolean, type: ColumnType): DuckDBValue {
  const storage = storageOf(type);
  return storage === "BIGINT" ? BigInt(value) : storage === "VARCHAR" ? String(value) : value;
}

/** Whether every row is there as it is to be written, and nothing else of the groups. */
async function isThere(
  connection: DuckDBConnection,
  { write: { table, group, lasting = [] }, columns, rows, replaced }: WaitingRows,
): Promise<boolean> {
  const compared = columns.filter((name) => !lasting.includes(name));
  // Without groups, by the first column of the primary key: what others there are is left alone.
  const by = group ?? table.primaryKey[0]!;
  const groups = new Set(replaced);
  for (const row of rows.values()) groups.add(String(row[by]));
  const reader = await connection.runAndReadAll(
    `SELECT ${compared.map(sqlName).join(", ")} FROM ${table.name}
     WHERE ${by} IN (SELECT unnest(from_json($1, '["VARCHAR"]')))`,
    [JSON.stringify([...groups])],
  );
  const there = new Set(reader.getRows().map(textOf));
  const types = compared.map((name) => table.columns[name]![0]);
  const isAll = [...rows.values()].every((row) =>
    there.has(textOf(compared.map((name, i) => stored(row[name], types[i]!))))
  );
  return isAll && (replaced.size === 0 || there.size === rows.size);
}

/** What tells rows apart, with the integers that DuckDB gives as bigint as numbers. */
function textOf(values: readonly unknown[]): string {
  return JSON.stringify(
    values.map((value) => typeof value === "string" ? [value] : String(value)),
  );
}

/** A value as the database gives it back; what is no number for a column of numbers is null. */
function stored(value: RowValue, type: ColumnType): string | number | boolean | null {
  if (value === null || value === undefined) return null;
  switch (type) {
    case "DOUBLE":
      return Number(value);
    case "BIGINT":
    case "INTEGER":
      return Number.isFinite(value) ? Math.round(Number(value)) : null;
    case "BOOLEAN":
      return Boolean(value);
    default:
      return String(value);
  }
}

/** Rows for an appender. */
export interface Appended {
  /** The names of all of the table's columns, in its order. */
  readonly columns: readonly string[];
  /** Their types. */
  readonly types: readonly ColumnType[];
  /** By those names. */
  readonly rows: Iterable<Row>;
}

/** Puts rows in a new temporary table; JSON and times stay texts there. */
async function appendAll(
  connection: DuckDBConnection,
  name: string,
  { columns, types, rows }: Appended,
): Promise<void> {
  const kinds = types.map(storageOf);
  const lines = columns.map((column, i) => `${sqlName(column)} ${kinds[i]}`);
  await connection.run(`CREATE TEMP TABLE ${name} (${lines.join(", ")})`);
  await appendRows(connection, name, { columns, types: kinds, rows });
}

/** Adds rows to a table that has no index, and no column that is JSON or a time. */
export async function appendRows(
  connection: DuckDBConnection,
  name: string,
  { columns, types, rows }: Appended,
): Promise<void> {
  const appender = await connection.createAppender(name);
  for (const row of rows) {
    for (let i = 0; i < columns.length; i++) {
      const value = stored(row[columns[i]!], types[i]!);
      if (value === null) appender.appendNull();
      else if (types[i] === "DOUBLE") appender.appendDouble(Number(value));
      else if (types[i] === "BIGINT") appender.appendBigInt(BigInt(value));
      else if (types[i] === "INTEGER") appender.appendInteger(Number(value));
      else appender.appendVarchar(String(value));
    }
    appender.endRow();
  }
  appender.closeSync();
}

function storageOf(type: ColumnType): "VARCHAR" | "BIGINT" | "DOUBLE" {
  if (type === "DOUBLE") return "DOUBLE";
  return type === "BIGINT" || type === "INTEGER" ? "BIGINT" : "VARCHAR";
}
