/**
 * Rows that wait to be written, and the statements that write them.
 *
 * Rows of one write are told apart by their table's primary key, the later one
 * counts, so a batch can be written twice with the same outcome. A write may
 * replace whole groups: rows of the group that are not in the batch go away.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { type ColumnType, sqlName, type Table, TABLES } from "./schema.ts";
import { writeAxesViews } from "./views.ts";

/** A value of a row as it is appended; absent is null. JSON and times are texts. */
export type RowValue = string | number | boolean | null | undefined;

/** A row by the names of its columns. */
export type Row = Readonly<Record<string, RowValue>>;

interface Write {
  readonly table: Table;
  /** The columns that it sets; all of the table's if absent. */
  readonly columns?: readonly string[];
  /** The column whose values are the groups that can be replaced. */
  readonly group?: string;
  /** Columns that an absent value leaves as they are. */
  readonly sticky?: readonly string[];
  /** Columns that a row has from when it is first written. */
  readonly lasting?: readonly string[];
}

/** What is known of a run when it is over. */
const RUN_ENDS: readonly string[] = ["ended_at", "elapsed_ms", "total", "cached", "ran", "failed"];

/** Every way rows are written, in the order in which a batch writes them. */
const WRITES = {
  experiments: { table: TABLES.experiments },
  runStarts: {
    table: TABLES.runs,
    columns: Object.keys(TABLES.runs.columns).filter((name) => !RUN_ENDS.includes(name)),
  },
  specFiles: { table: TABLES.spec_files },
  specTexts: { table: TABLES.spec_texts },
  metrics: { table: TABLES.metrics },
  cells: { table: TABLES.cells, group: "experiment", lasting: ["key"] },
  identities: { table: TABLES.identities },
  history: { table: TABLES.history },
  taskStates: {
    table: TABLES.tasks,
    columns: ["key", "kind", "state", "run", "attempt", "message"],
    sticky: ["attempt"],
  },
  taskArtifacts: {
    table: TABLES.tasks,
    columns: Object.keys(TABLES.tasks.columns).filter((name) => name !== "run"),
  },
  faults: { table: TABLES.faults, group: "key" },
  params: { table: TABLES.params, group: "key" },
  scores: { table: TABLES.scores, group: "key" },
  measurements: { table: TABLES.measurements, group: "key" },
  fits: { table: TABLES.fits, group: "experiment" },
  runEnds: {
    table: TABLES.runs,
    columns: ["run", "status", ...RUN_ENDS],
  },
} satisfies Record<string, Write>;

/** The name of a write. */
export type WriteName = keyof typeof WRITES;

class PendingRows {
  readonly write: Write;
  readonly columns: readonly string[];
  readonly rows = new Map<string, Row>();
  readonly replaced = new Set<string>();

  constructor(write: Write) {
    this.write = write;
    this.columns = write.columns ?? Object.keys(write.table.columns);
  }

  put(row: Row): void {
    const place = this.write.table.primaryKey.map((name) => row[name]).join("\0");
    const before = this.rows.get(place);
    // Deleted first, so that the latest row also stands last.
    this.rows.delete(place);
    const kept = (this.write.sticky ?? []).map((name) => [name, row[name] ?? before?.[name]]);
    this.rows.set(place, kept.length === 0 ? row : { ...row, ...Object.fromEntries(kept) });
  }

  replace(group: string): void {
    this.replaced.add(group);
    for (const [place, row] of this.rows) {
      if (row[this.write.group!] === group) this.rows.delete(place);
    }
  }
}

/** Rows for any of the tables, written together. */
export class Batch {
  readonly #pending = new Map<WriteName, PendingRows>();

  /** How many rows wait. */
  get size(): number {
    let size = 0;
    for (const { rows } of this.#pending.values()) size += rows.size;
    return size;
  }

  /** Whether there is nothing to write. */
  get isEmpty(): boolean {
    return this.#pending.size === 0;
  }

  /** Adds rows; each replaces one of equal primary key. */
  put(name: WriteName, rows: Iterable<Row>): void {
    const pending = this.#of(name);
    for (const row of rows) pending.put(row);
  }

  /** Makes rows all that there is of a group. */
  replace(name: WriteName, group: string, rows: Iterable<Row>): void {
    this.#of(name).replace(group);
    this.put(name, rows);
  }

  /** Adds what came later, as if it had been put here. */
  absorb(later: Batch): void {
    for (const [name, { rows, replaced }] of later.#pending) {
      for (const group of replaced) this.#of(name).replace(group);
      this.put(name, rows.values());
    }
  }

  /** Writes everything; to be called inside a transaction. */
  async writeTo(connection: DuckDBConnection): Promise<void> {
    for (const name of Object.keys(WRITES) as WriteName[]) {
      const pending = this.#pending.get(name);
      if (pending !== undefined) await writeRows(connection, pending);
    }
    const cells = this.#pending.get("cells");
    if (cells !== undefined || this.#pending.has("taskArtifacts")) {
      await connection.run(TAKE_OVER);
    }
    if (cells !== undefined) {
      const written = [...cells.rows.values()].map((row) => String(row["experiment"]));
      await writeAxesViews(connection, [...new Set([...cells.replaced, ...written])]);
    }
  }

  #of(name: WriteName): PendingRows {
    let pending = this.#pending.get(name);
    if (pending === undefined) this.#pending.set(name, pending = new PendingRows(WRITES[name]));
    return pending;
  }
}

/** A cell shows the task that it wants once that has results, or as long as nothing has any. */
const TAKE_OVER = `UPDATE cells SET key = wanted_key
  WHERE key <> wanted_key AND (
    wanted_key IN (SELECT key FROM tasks WHERE version IS NOT NULL) OR
    key NOT IN (SELECT key FROM tasks WHERE version IS NOT NULL))`;

async function writeRows(connection: DuckDBConnection, pending: PendingRows): Promise<void> {
  const { write: { table, group, sticky, lasting }, columns, rows, replaced } = pending;
  const types = columns.map((name) => table.columns[name]![0]);
  await appendAll(connection, "incoming", { columns, types, rows: rows.values() });
  const primaryKey = table.primaryKey.join(", ");
  const list = columns.map(sqlName).join(", ");
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
    // Rows that are there already are not written again: a rerun changes nothing.
    source = `(${source} EXCEPT SELECT ${list} FROM ${table.name} WHERE ${inGroups})`;
  }
  const kept = [...table.primaryKey, ...lasting ?? []];
  const updates = columns.filter((name) => !kept.includes(name)).map((name) => {
    const column = sqlName(name);
    return sticky?.includes(name) === true
      ? `${column} = coalesce(excluded.${column}, ${table.name}.${column})`
      : `${column} = excluded.${column}`;
  });
  await connection.run(
    `INSERT INTO ${table.name} (${list}) ${source} ` +
      `ON CONFLICT (${primaryKey}) DO UPDATE SET ${updates.join(", ")}`,
  );
  await connection.run("DROP TABLE IF EXISTS replaced; DROP TABLE incoming");
}

interface Appended {
  readonly columns: readonly string[];
  readonly types: readonly ColumnType[];
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
  const appender = await connection.createAppender(name);
  for (const row of rows) {
    for (let i = 0; i < columns.length; i++) {
      const value = row[columns[i]!];
      if (value === null || value === undefined) appender.appendNull();
      else if (kinds[i] === "VARCHAR") appender.appendVarchar(String(value));
      else if (kinds[i] === "DOUBLE") appender.appendDouble(Number(value));
      else if (Number.isFinite(value)) appender.appendBigInt(BigInt(Math.round(Number(value))));
      else appender.appendNull();
    }
    appender.endRow();
  }
  appender.closeSync();
}

function storageOf(type: ColumnType): "VARCHAR" | "BIGINT" | "DOUBLE" {
  if (type === "DOUBLE") return "DOUBLE";
  return type === "BIGINT" || type === "INTEGER" ? "BIGINT" : "VARCHAR";
}
