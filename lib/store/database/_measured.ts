/**
 * Measurements that wait to be written.
 *
 * They are by far the most rows, so no index holds them: it would take three times the
 * time and five times the room. What an artifact says stands in one table, to which it
 * is added once; what a task has measured so far in another, small one, where a step
 * that is measured again counts once. The view `measurements` shows both.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Measurement } from "../../base/measures.ts";
import { appendRows, type Row } from "./_write_rows.ts";
import { sqlText, TABLES } from "./schema.ts";

const FINAL = TABLES.final_measurements.name, RUNNING = TABLES.running_measurements.name;
const RETAKEN = "retaken_measurements";

/** What was measured of a key. */
export interface Measured {
  /** The attempt that did. */
  readonly attempt: number;
  /** Each (step, name, split) once. */
  readonly measurements: readonly Measurement[];
}

interface Taken extends Measurement {
  readonly attempt: number;
}

/** Measurements by task. */
export class PendingMeasurements {
  readonly #final = new Map<string, Measured>();
  readonly #running = new Map<string, Map<string, Taken>>();
  #finalCount = 0;

  /** How many rows wait. */
  get size(): number {
    let size = this.#finalCount;
    for (const taken of this.#running.values()) size += taken.size;
    return size;
  }

  /** Whether there is nothing to write. */
  get isEmpty(): boolean {
    return this.#final.size === 0 && this.#running.size === 0;
  }

  /** Adds what a task measured on its way; the later one of a (step, name, split) counts. */
  add(key: string, { attempt, measurements }: Measured): void {
    for (const each of measurements) this.#take(key, { ...each, attempt });
  }

  /** Makes rows all that there is of a key, for good. */
  finish(key: string, measured: Measured): void {
    this.#finalCount += measured.measurements.length -
      (this.#final.get(key)?.measurements.length ?? 0);
    this.#final.set(key, measured);
    this.#running.delete(key);
  }

  /** Adds what came later. */
  absorb(later: PendingMeasurements): void {
    for (const [key, measured] of later.#final) this.finish(key, measured);
    for (const [key, taken] of later.#running) {
      for (const each of taken.values()) this.#take(key, each);
    }
  }

  /** Writes everything; to be called inside a transaction, and before tasks are written. */
  async writeTo(connection: DuckDBConnection): Promise<void> {
    if (this.isEmpty) return;
    const keys = new Set([...this.#final.keys(), ...this.#running.keys()]);
    const finished = await finishedOf(connection, keys);
    const isBegun = await hasRows(connection);
    if (this.#final.size > 0) {
      await remove(connection, FINAL, [...this.#final.keys()].filter((key) => finished.has(key)));
      if (isBegun) await remove(connection, RUNNING, [...this.#final.keys()]);
      await append(connection, FINAL, this.#finalRows());
    }
    // Of a task that is run again, the former results stay until the new ones are there.
    const running = [...this.#running].filter(([key]) => !finished.has(key));
    if (running.length === 0) return;
    if (!isBegun) return await append(connection, RUNNING, rowsOf(running));
    await connection.run(`CREATE TEMP TABLE ${RETAKEN} AS FROM ${RUNNING} LIMIT 0`);
    await append(connection, RETAKEN, rowsOf(running));
    const { primaryKey } = TABLES.running_measurements;
    const isSame = primaryKey.map((name) => `${RETAKEN}.${name} = ${RUNNING}.${name}`);
    await connection.run(
      `DELETE FROM ${RUNNING} USING ${RETAKEN} WHERE ${isSame.join(" AND ")};
       INSERT INTO ${RUNNING} FROM ${RETAKEN}; DROP TABLE ${RETAKEN}`,
    );
  }

  #take(key: string, measurement: Taken): void {
    const taken = this.#running.get(key) ?? new Map<string, Taken>();
    const { step, name, split } = measurement;
    this.#running.set(key, taken.set(`${step}\0${name}\0${split}`, measurement));
  }

  *#finalRows(): Generator<Row> {
    for (const [key, { attempt, measurements }] of this.#final) {
      for (const each of measurements) yield rowOf(key, { ...each, attempt });
    }
  }
}

function* rowsOf(
  running: readonly (readonly [string, ReadonlyMap<string, Taken>])[],
): Generator<Row> {
  for (const [key, taken] of running) {
    for (const each of taken.values()) yield rowOf(key, each);
  }
}

function rowOf(key: string, { attempt, step, name, split, value, standardError }: Taken): Row {
  return { key, attempt, step, name, split, value, standard_error: standardError };
}

/** Those of some keys whose artifact is recorded. */
async function finishedOf(
  connection: DuckDBConnection,
  keys: Iterable<string>,
): Promise<ReadonlySet<unknown>> {
  const reader = await connection.runAndReadAll(
    `SELECT key FROM tasks WHERE version IS NOT NULL AND key IN (${listOf(keys)})`,
  );
  return new Set(reader.getRows().map(([key]) => key));
}

/** Whether any task has rows that are not final. */
async function hasRows(connection: DuckDBConnection): Promise<boolean> {
  const reader = await connection.runAndReadAll(`SELECT 1 FROM ${RUNNING} LIMIT 1`);
  return reader.currentRowCount > 0;
}

async function remove(
  connection: DuckDBConnection,
  table: string,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return;
  await connection.run(`DELETE FROM ${table} WHERE key IN (${listOf(keys)})`);
}

function listOf(keys: Iterable<string>): string {
  return Array.from(keys, sqlText).join(", ");
}

async function append(
  connection: DuckDBConnection,
  table: string,
  rows: Iterable<Row>,
): Promise<void> {
  const { columns } = TABLES.final_measurements;
  const types = Object.values(columns).map(([type]) => type);
  await appendRows(connection, table, { columns: Object.keys(columns), types, rows });
}
