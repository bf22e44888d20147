/**
 * Questions to the database: SQL in, rows of JSON values out, or a Parquet file.
 *
 * Opened read-only and cut off from the network, and from files unless these are
 * allowed, so a query can change nothing and see nothing but results. Rows are gathered before they are handed
 * out, so that the file is let go although somebody reads them slowly (a pager);
 * only what goes past `GATHERED_ROWS` is streamed from the open file, and a run that
 * has to write meanwhile puts a new one in its place.
 */
import { resolve } from "node:path";
import {
  type DuckDBConnection,
  type DuckDBExtractedStatements,
  type DuckDBResult,
  type DuckDBValue,
  StatementType,
} from "@duckdb/node-api";
import type { Json } from "../../base/canonical.ts";
import { ExperimentError } from "../../base/errors.ts";
import { jsonOf } from "./_json_values.ts";
import { type Asked, queryFault } from "./_query_faults.ts";
import { readingStatements } from "./_statements.ts";
import { openReader } from "./database.ts";
import type { OpenDatabase, ReadOptions } from "./_attach.ts";
import { endOf } from "./_tokens.ts";
import { sqlText } from "./schema.ts";

/** Rows that are gathered before the file is let go; long ones count for several. */
export const GATHERED_ROWS = 100_000;

/** Characters for which a row counts as one more. */
const ROW_LENGTH = 1000;

/** What a query may be given. */
export interface QueryOptions {
  /** Values for `$1`, `$2`, ... in the text. */
  readonly values?: readonly (string | number | boolean | null)[] | undefined;
  /** How long to wait while a run writes; `LOCK_LIMIT_MS` if absent. */
  readonly lockLimitMs?: number | undefined;
  /** Aborted: the query stops with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Whether a query may read files besides the database. */
  readonly allowsFiles?: boolean | undefined;
  /** The file that the text stands in, as faults name it. */
  readonly from?: string | undefined;
}

/** The outcome of a query. Read `batches` to the end, or break out of it. */
export interface QueryResult {
  /** The columns' names. */
  readonly columns: readonly string[];
  /** DuckDB's types of the columns, such as "BIGINT"; "JSON" for parsed values. */
  readonly types: readonly string[];
  /** Whether a column holds numbers. */
  readonly isNumber: readonly boolean[];
  /** Whether it is the plan of a query, a drawing in lines of text. */
  readonly isPlan: boolean;
  /** Rows in groups as they come. */
  readonly batches: AsyncIterable<readonly (readonly Json[])[]>;
}

/**
 * Asks the database, a single question.
 *
 * @throws ExperimentError "store/sql" with what DuckDB has against the query, for one
 *   that does more than read, and for several at once; "store/no-database" before the
 *   first run; otherwise as `openReader`
 */
export async function query(
  path: string,
  sql: string,
  options: QueryOptions = {},
): Promise<QueryResult> {
  const { value, done } = await ask(path, sql, { ...options, isSingle: true }).next();
  if (done === true) throw new Error("a query without statements was let through");
  return value;
}

/**
 * Asks several questions, separated by ";"; the answers come in order, each to be read
 * to its end, or broken out of, before the next one is asked for.
 *
 * @throws as `query`; before the first answer for a statement that does more than read
 */
export function queryEach(
  path: string,
  sql: string,
  options: QueryOptions = {},
): AsyncGenerator<QueryResult, void> {
  return ask(path, sql, { ...options, isSingle: false });
}

async function* ask(
  path: string,
  sql: string,
  { values, isSingle, from, ...options }: QueryOptions & { readonly isSingle: boolean },
): AsyncGenerator<QueryResult, void> {
  const { signal } = options;
  const asked = { text: sql, file: from };
  const { connection, close } = await openStoppable(path, options);
  try {
    signal?.throwIfAborted();
    const { statements } = await readingStatements(connection, sql, { isSingle });
    // What fails while its rows are read fails its transaction, and by nothing else is it told.
    await connection.run("BEGIN");
    for (let i = 0; i < statements.count; i++) {
      const prepare = async (from: DuckDBExtractedStatements) => {
        const prepared = await from.prepare(i);
        if (values !== undefined) prepared.bind(values as DuckDBValue[]);
        return prepared;
      };
      const prepared = await prepare(statements);
      const isLast = i === statements.count - 1;
      // The type that a PIVOT needs is made, and nothing is to be shown of it.
      if (prepared.statementType === StatementType.CREATE) {
        await prepared.run();
        continue;
      }
      const again = async () =>
        await (await prepare(await connection.extractStatements(sql))).run();
      yield await answer(await prepared.stream(), {
        check: () => checkWhole(connection, again),
        close: isLast ? close : () => {},
        isPlan: prepared.statementType === StatementType.EXPLAIN,
        asked,
      });
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw queryFault(error, asked);
  } finally {
    close();
  }
}

/** A reader whose query stops when the signal is aborted. */
async function openStoppable(path: string, options: ReadOptions): Promise<OpenDatabase> {
  const { signal } = options;
  const database = await openReader(path, options);
  try {
    await database.connection.run("SET errors_as_json = true");
  } catch (error) {
    database.close();
    throw error;
  }
  let stopping: ReturnType<typeof setInterval> | undefined;
  // Again and again: an interrupt between two statements is forgotten.
  const stop = () => stopping = setInterval(() => database.connection.interrupt(), 20);
  signal?.addEventListener("abort", stop, { once: true });
  const close = () => {
    signal?.removeEventListener("abort", stop);
    clearInterval(stopping);
    database.close();
  };
  return { connection: database.connection, close };
}

/**
 * Writes the answer to one question as a Parquet file, with DuckDB's types.
 *
 * @param options.file where; what stands there is lost
 * @returns how many rows it has
 * @throws as `query`; "store/sql" for EXPLAIN, which has no rows to keep
 */
export async function writeParquet(
  database: string,
  sql: string,
  { file, from, ...options }: Omit<QueryOptions, "values"> & { readonly file: string },
): Promise<number> {
  const before = "COPY (FROM (\n";
  let shift = 0;
  const { connection, close } = await openStoppable(database, { ...options, out: file });
  try {
    options.signal?.throwIfAborted();
    const { isExplain } = await readingStatements(connection, sql, { isSingle: true });
    if (isExplain) {
      throw new ExperimentError("store/sql", "EXPLAIN has no rows to write", {
        mend: "print it: leave --format parquet out",
      });
    }
    // On lines of its own, as it may end in a comment; of one question ";" ends nothing else.
    const question = sql.slice(0, endOf(sql));
    const path = sqlText(resolve(file));
    shift = before.length;
    await connection.run(
      `${before}${question}\n)) TO ${path} (FORMAT parquet, USE_TMP_FILE false)`,
    );
    const reader = await connection.runAndReadAll(
      `SELECT num_rows FROM parquet_file_metadata(${path})`,
    );
    return Number(reader.getRows()[0]![0]);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw queryFault(error, { text: sql, file: from }, { shift });
  } finally {
    close();
  }
}

/**
 * Throws what a query failed with whose rows came to a sudden end, which DuckDB tells
 * only when it is asked again.
 */
async function checkWhole(
  connection: DuckDBConnection,
  again: () => Promise<unknown>,
): Promise<void> {
  try {
    await connection.run("SELECT 1");
  } catch {
    await connection.run("ROLLBACK");
    await again();
    throw new Error("it failed before all of its rows were read");
  }
}

interface Reading {
  /** Throws if the rows that came are not all. */
  readonly check: () => Promise<void>;
  /** Lets the file go. */
  readonly close: () => void;
  /** Whether it is the plan of a query. */
  readonly isPlan: boolean;
  /** What the rows answer. */
  readonly asked: Asked;
}

/** Gathers what is few, and lets the file go as soon as nothing more is read from it. */
async function answer(
  result: DuckDBResult,
  { check, close, isPlan, asked }: Reading,
): Promise<QueryResult> {
  const rows = convertRows(result, check);
  const gathered: Json[][][] = [];
  let count = 0, isDone = false;
  while (count <= GATHERED_ROWS && !isDone) {
    const next = await rows.next();
    if (next.done === true) isDone = true;
    else count += gathered.push(next.value) && weightOf(next.value);
  }
  if (isDone) close();
  const types = result.columnTypes().map((type) => type.alias ?? type.toString());
  return {
    columns: result.deduplicatedColumnNames(),
    types,
    isNumber: types.map((type) => NUMBER_TYPE.test(type)),
    isPlan,
    batches: guard(gathered, isDone ? undefined : rows, { close, asked }),
  };
}

/**
 * All rows of a query as objects by column name; for queries with few rows.
 *
 * @throws as `query`
 */
export async function queryRows(
  path: string,
  sql: string,
  options: QueryOptions = {},
): Promise<Record<string, Json>[]> {
  const { columns, batches } = await query(path, sql, options);
  const objects: Record<string, Json>[] = [];
  for await (const batch of batches) {
    for (const row of batch) {
      objects.push(Object.fromEntries(columns.map((name, i) => [name, row[i]!])));
    }
  }
  return objects;
}

const NUMBER_TYPE = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*)$/;

async function* convertRows(
  result: DuckDBResult,
  check: () => Promise<void>,
): AsyncGenerator<Json[][]> {
  const types = result.columnTypes();
  for await (const rows of result.yieldRows()) {
    yield rows.map((row) => row.map((value, i) => jsonOf(value, types[i]!)));
  }
  await check();
}

/** How many rows of usual length these are worth. */
function weightOf(rows: readonly (readonly Json[])[]): number {
  let length = 0;
  for (const row of rows) {
    for (const value of row) {
      if (typeof value === "string") length += value.length;
      else if (typeof value === "object" && value !== null) length += JSON.stringify(value).length;
    }
  }
  return rows.length + Math.floor(length / ROW_LENGTH);
}

async function* guard(
  gathered: readonly Json[][][],
  rest: AsyncIterable<Json[][]> | undefined,
  { close, asked }: Pick<Reading, "close" | "asked">,
): AsyncGenerator<Json[][]> {
  try {
    yield* gathered;
    if (rest !== undefined) yield* rest;
  } catch (error) {
    throw queryFault(error, asked);
  } finally {
    close();
  }
}
