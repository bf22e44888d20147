/** What a view is: its columns with what they mean, and the query that it stands for. */
import type { Column, Table } from "./schema.ts";

/** A view: its columns in order, and the query that it stands for. */
export interface View {
  /** The view's name. */
  readonly name: string;
  /** What one row is. */
  readonly about: string;
  /** By the name of the column. */
  readonly columns: Readonly<Record<string, Column>>;
  /** Gives the columns in their order. */
  readonly sql: string;
}

/** Columns of a table as they stand there. */
export function of(table: Table, ...names: string[]): Record<string, Column> {
  return Object.fromEntries(names.map((name) => [name, table.columns[name]!]));
}
