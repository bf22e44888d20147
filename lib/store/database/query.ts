/**
 * Questions to the database: SQL in, rows of JSON values out.
 *
 * Opened read-only and cut off from files and the network, so a query can change
 * nothing and see nothing but results. Rows are gathered before they are handed
 * out, so that whoever reads them slowly (a pager) does not keep a run from
 * writing; only what goes past `GATHERED_ROWS` is streamed from the open file.
 */
import type { DuckDBResult, DuckDBValue } from "@duckdb/node-api";
import type { Json } from "../../base/canonical.ts";
import { ExperimentError } from "../../base/errors.ts";
import { jsonOf } from "./_json_values.ts";
import { openDatabase } from "./database.ts";

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
}

/** The outcome of a query. Read `batches` to the end, or break out of it. */
export interface QueryResult {
  /** The columns' names. */
  readonly columns: readonly string[];
  /** DuckDB's types of the columns, such as "BIGINT"; "JSON" for parsed values. */
  readonly types: readonly string[];
  /** Whether a column holds numbers. */
  readonly isNumber: readonly boolean[];
  /** Rows in groups as they come. */
  readonly batches: AsyncIterable<readonly (readonly Json[])[]>;
}

/**
 * Asks the database.
 *
 * @throws ExperimentError "store/sql" with what DuckDB has against the query;
 *   "store/no-database" before the first run; otherwise as `openDatabase`
 */
export async function query(
  path: string,
  sql: string,
  options: QueryOptions = {},
): Promise<QueryResult> {
  const { signal, lockLimitMs } = options;
  const database = await openDatabase(path, { canWrite: false, signal, lockLimitMs });
  const { connection } = database;
  let stopping: ReturnType<typeof setInterval> | undefined;
  // Again and again: an interrupt between two statements is forgotten.
  const stop = () => stopping = setInterval(() => connection.interrupt(), 20);
  signal?.addEventListener("abort", stop, { once: true });
  const close = () => {
    signal?.removeEventListener("abort", stop);
    clearInterval(stopping);
    database.close();
  };
  try {
    signal?.throwIfAborted();
    const result = await connection.stream(sql, options.values as DuckDBValue[] | undefined);
    const rows = convertRows(result);
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
      batches: guard(gathered, isDone ? undefined : rows, close),
    };
  } catch (error) {
    close();
    signal?.throwIfAborted();
    throw sqlFault(error);
  }
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

async function* convertRows(result: DuckDBResult): AsyncGenerator<Json[][]> {
  const types = result.columnTypes();
  for await (const rows of result.yieldRows()) {
    yield rows.map((row) => row.map((value, i) => jsonOf(value, types[i]!)));
  }
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
  close: () => void,
): AsyncGenerator<Json[][]> {
  try {
    yield* gathered;
    if (rest !== undefined) yield* rest;
  } catch (error) {
    throw sqlFault(error);
  } finally {
    close();
  }
}

function sqlFault(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ExperimentError) return error;
  // All that the binding says of a text without a statement.
  const isEmpty = error.message === "Error in native callback";
  const reason = isEmpty ? "nothing is asked" : error.message.trim();
  return new ExperimentError("store/sql", `cannot answer the query: ${reason}`, {
    mend: mendOf(error.message),
    cause: error,
  });
}

function mendOf(message: string): string {
  if (/read-only mode/.test(message)) return "only ask: results are changed by runs alone";
  if (/disabled by configuration|disabled through/.test(message)) {
    return "ask for results only; print them with --format csv or json to have them in a file";
  }
  return "SHOW TABLES and DESCRIBE results tell what can be asked";
}
