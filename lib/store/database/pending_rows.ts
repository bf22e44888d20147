/** Rows of one table that wait to be written, told apart by its primary key. */
import type { Row, Write } from "./_write_rows.ts";

/** Rows that wait; of several with one key the latest counts. */
export class PendingRows {
  /** How they are written. */
  readonly write: Write;
  /** The columns that are set. */
  readonly columns: readonly string[];
  /** By primary key. */
  readonly rows = new Map<string, Row>();
  /** Groups of which the rows are all that there is. */
  readonly replaced = new Set<string>();
  /** The keys of rows by group, also of those that are gone. */
  readonly #byGroup = new Map<unknown, Set<string>>();

  /** None yet. */
  constructor(write: Write) {
    this.write = write;
    this.columns = write.columns ?? Object.keys(write.table.columns);
  }

  /** Adds a row in place of one of its key. */
  put(row: Row): void {
    const { table, sticky = [], group } = this.write;
    const key = table.primaryKey.map((name) => row[name]).join("\0");
    const before = this.rows.get(key);
    // Deleted first, so that the latest row also stands last.
    this.rows.delete(key);
    const kept = sticky.map((name) => [name, row[name] ?? before?.[name]]);
    this.rows.set(key, kept.length === 0 ? row : { ...row, ...Object.fromEntries(kept) });
    if (group === undefined) return;
    const keys = this.#byGroup.get(row[group]);
    if (keys === undefined) this.#byGroup.set(row[group], new Set([key]));
    else keys.add(key);
  }

  /** Takes away what waits of a group; what it has in the database goes when this is written. */
  replace(group: string): void {
    this.replaced.add(group);
    for (const key of this.#byGroup.get(group) ?? []) {
      if (this.rows.get(key)?.[this.write.group!] === group) this.rows.delete(key);
    }
    this.#byGroup.delete(group);
  }
}
