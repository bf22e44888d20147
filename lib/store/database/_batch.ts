/**
 * Rows that wait to be written.
 *
 * Rows of one write are told apart by their table's primary key, the later one
 * counts, so a batch can be written twice with the same outcome. A write may
 * replace whole groups: rows of the group that are not in the batch go away.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { PendingMeasurements } from "./_measured.ts";
import { type Row, type Write, writeRows } from "./_write_rows.ts";
import { PendingRows } from "./pending_rows.ts";
import { TABLES } from "./schema.ts";
import { writeAxesViews } from "./_axes_views.ts";

const { run: _run, ...OF_A_RUN } = TABLES.runs.columns;

/** Every way rows are written, in the order in which a batch writes them. */
const WRITES = {
  experiments: { table: TABLES.experiments },
  // How it began and how it ended, in one row or one after the other.
  runs: { table: TABLES.runs, sticky: Object.keys(OF_A_RUN) },
  specFiles: { table: TABLES.spec_files },
  specTexts: { table: TABLES.spec_texts, lasting: ["text"], isSteady: true },
  metrics: { table: TABLES.metrics, isSteady: true },
  published: { table: TABLES.published, group: "experiment", isSteady: true },
  cells: { table: TABLES.cells, group: "experiment", lasting: ["key"], isSteady: true },
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
  fits: { table: TABLES.fits, group: "experiment", isSteady: true },
} satisfies Record<string, Write>;

/** The name of a write. */
export type WriteName = keyof typeof WRITES;

/** Rows for any of the tables, written together. */
export class Batch {
  /** What was measured, which goes its own way. */
  readonly measured = new PendingMeasurements();
  readonly #pending = new Map<WriteName, PendingRows>();

  /** How many rows wait. */
  get size(): number {
    let size = this.measured.size;
    for (const { rows } of this.#pending.values()) size += rows.size;
    return size;
  }

  /** Whether there is nothing to write. */
  get isEmpty(): boolean {
    return this.#pending.size === 0 && this.measured.isEmpty;
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
    this.measured.absorb(later.measured);
  }

  /** Writes everything; to be called inside a transaction. */
  async writeTo(connection: DuckDBConnection): Promise<void> {
    const changed = new Set<WriteName>();
    await this.measured.writeTo(connection);
    for (const name of Object.keys(WRITES) as WriteName[]) {
      const pending = this.#pending.get(name);
      if (pending !== undefined && await writeRows(connection, pending)) changed.add(name);
    }
    if (changed.has("cells") || changed.has("taskArtifacts")) await connection.run(TAKE_OVER);
    if (changed.has("cells")) {
      const cells = this.#pending.get("cells")!;
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
