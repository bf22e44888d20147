/**
 * A question to the database and its answer, kept together: what a report shows comes from
 * rows that a reader gets by the very same query.
 */
import type { Json } from "../../base/canonical.ts";
import { query } from "../../store/database/query.ts";

/** A query with what it gave. */
export interface Asked {
  /** The query, as `deno task sql` takes it. */
  readonly sql: string;
  /** The columns' names. */
  readonly columns: readonly string[];
  /** Whether a column holds numbers. */
  readonly isNumber: readonly boolean[];
  /** All rows. */
  readonly rows: readonly (readonly Json[])[];
}

/** Asks one database. */
export type Ask = (sql: string) => Promise<Asked>;

/** Asks the database of a file. */
export function asking(database: string): Ask {
  return async (sql) => {
    const { columns, isNumber, batches } = await query(database, sql);
    const rows: (readonly Json[])[] = [];
    for await (const batch of batches) for (const row of batch) rows.push(row);
    return { sql, columns, isNumber, rows };
  };
}

/** A row by the names of its columns. */
export type Named = Readonly<Record<string, Json>>;

/** The rows by the names of their columns. */
export function named({ columns, rows }: Asked): Named[] {
  return rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]!])));
}

/** A number of a row; absent where it is null. */
export function numberIn(row: Named, name: string): number | undefined {
  const value = row[name];
  return value === null || value === undefined ? undefined : Number(value);
}

/** A value as CSV has it, all its digits: null is empty, nested values are JSON. */
export function valueText(value: Json): string {
  if (value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
