/**
 * The database file, opened for one short piece of work at a time.
 *
 * DuckDB lets one process write and none read meanwhile, so nobody here keeps it
 * open: open, work, close. Whoever finds it taken tries again for a while. Inside
 * one process the file's lock does not hold, so pieces of work queue up.
 */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { resolve } from "node:path";
import { ExperimentError } from "../../base/errors.ts";
import { sleep } from "../objects/_lock.ts";
import { isDiskFull, storeFault } from "../faults.ts";
import { SCHEMA_VERSION, schemaStatements } from "./schema.ts";

/** How long to go on trying while another program keeps the database open. */
export const LOCK_LIMIT_MS = 30_000;

/** Short, so that somebody who asks again and again cannot keep a run from writing. */
const LONGEST_WAIT_MS = 40;

const REBUILD = "move it away; `deno task rebuild` makes a new one from the artifacts";

/** How to open a database. */
export interface OpenOptions {
  /** Makes the file and its tables where they are missing; else nothing can be changed. */
  readonly canWrite: boolean;
  /** `LOCK_LIMIT_MS` if absent. */
  readonly lockLimitMs?: number | undefined;
  /** Aborted: waiting for the file ends with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A database that is open; close it soon. */
export interface OpenDatabase {
  /** The one connection to it. */
  readonly connection: DuckDBConnection;
  /** Writes everything to the file and lets others at it; doing it again does nothing. */
  close(): void;
}

/**
 * Opens a database and checks that its tables are ours.
 *
 * @throws ExperimentError "store/no-database" when there is none to read;
 *   "store/database-locked" when another program keeps it open; "store/newer-format",
 *   "store/not-a-database", "store/disk-full", "store/io"
 */
export async function openDatabase(path: string, options: OpenOptions): Promise<OpenDatabase> {
  const endTurn = await takeTurn(resolve(path));
  try {
    await prepareFile(path, options);
    const instance = await openFile(path, options);
    let connection: DuckDBConnection | undefined;
    let isOpen = true;
    const close = () => {
      if (!isOpen) return;
      isOpen = false;
      connection?.closeSync();
      instance.closeSync();
      endTurn();
    };
    try {
      connection = await instance.connect();
      await checkSchema(connection, path, options);
    } catch (error) {
      close();
      throw error;
    }
    return { connection, close };
  } catch (error) {
    endTurn();
    throw databaseFault(error, path);
  }
}

/**
 * Does a piece of work in one transaction: all of it is written or nothing.
 *
 * @throws as `openDatabase`
 */
export async function inTransaction<T>(
  path: string,
  options: Omit<OpenOptions, "canWrite"> & {
    readonly work: (connection: DuckDBConnection) => Promise<T>;
  },
): Promise<T> {
  const database = await openDatabase(path, { ...options, canWrite: true });
  try {
    await database.connection.run("BEGIN");
    const result = await options.work(database.connection);
    await database.connection.run("COMMIT");
    return result;
  } catch (error) {
    throw databaseFault(error, path);
  } finally {
    database.close();
  }
}

const turns = new Map<string, Promise<void>>();

/** Waits until nobody else in this process has the file; returns how to end the turn. */
async function takeTurn(file: string): Promise<() => void> {
  const before = turns.get(file);
  const { promise, resolve: end } = Promise.withResolvers<void>();
  turns.set(file, promise);
  await before;
  return () => {
    if (turns.get(file) === promise) turns.delete(file);
    end();
  };
}

async function prepareFile(path: string, { canWrite }: OpenOptions): Promise<void> {
  if (canWrite) {
    const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
    if (folder !== "") await Deno.mkdir(folder, { recursive: true });
    return;
  }
  try {
    await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ExperimentError("store/no-database", "there are no results yet", {
      at: { file: path },
      mend: "run an experiment first: deno task run experiments/ablation.yaml",
    });
  }
}

/** Opens the file, trying again while another process has it. */
async function openFile(path: string, options: OpenOptions): Promise<DuckDBInstance> {
  const settings: Record<string, string> = options.canWrite ? { threads: "1" } : {
    access_mode: "READ_ONLY",
    // A query is for results: it reaches no other file, and cannot change that.
    enable_external_access: "false",
    lock_configuration: "true",
  };
  const limitMs = options.lockLimitMs ?? LOCK_LIMIT_MS;
  const startMs = performance.now();
  // Processes that met once should not meet again at every later try.
  let waitMs = 5 + Deno.pid % 10;
  while (true) {
    options.signal?.throwIfAborted();
    try {
      return await DuckDBInstance.create(path, settings);
    } catch (error) {
      if (!isLockConflict(error)) throw error;
      if (performance.now() - startMs + waitMs > limitMs) throw locked(error, path);
    }
    await sleep(waitMs, options.signal);
    waitMs = Math.min(waitMs * 1.4, LONGEST_WAIT_MS);
  }
}

async function checkSchema(
  connection: DuckDBConnection,
  path: string,
  { canWrite }: OpenOptions,
): Promise<void> {
  const reader = await connection.runAndReadAll(
    "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()",
  );
  const names = reader.getRows().map(([name]) => String(name));
  if (names.length === 0 && canWrite) {
    await connection.run(["BEGIN", ...schemaStatements(), "COMMIT"].join(";\n"));
    return;
  }
  if (!names.includes("schema_version")) {
    throw new ExperimentError("store/not-a-database", "this database is not one of Titrate", {
      at: { file: path },
      mend: "name another results folder, or move the file away",
    });
  }
  const rows = await connection.runAndReadAll("SELECT max(version) FROM schema_version");
  const version = Number(rows.getRows()[0]?.[0]);
  if (version > SCHEMA_VERSION) {
    throw new ExperimentError(
      "store/newer-format",
      `cannot use a database of version ${version}, this version of Titrate knows ${SCHEMA_VERSION}`,
      { at: { file: path }, mend: "use the newer version of Titrate, or another results folder" },
    );
  }
}

function isLockConflict(error: unknown): boolean {
  return error instanceof Error &&
    /could not set lock on file|being used by another process/i.test(error.message);
}

function locked(error: unknown, path: string): ExperimentError {
  const pid = /\(PID (\d+)\)/.exec((error as Error).message)?.[1];
  const holder = pid === undefined ? "another program" : `another program (process ${pid})`;
  return new ExperimentError("store/database-locked", `${holder} keeps the database open`, {
    at: { file: path },
    mend: "close it there and run again; what was computed is safe in the store",
    cause: error,
  });
}

/** DuckDB's errors about the file, as errors that a person can mend. */
function databaseFault(error: unknown, path: string): unknown {
  const fault = storeFault(error, { doing: "use the database", path });
  if (fault !== error || !(error instanceof Error) || error instanceof ExperimentError) {
    return fault;
  }
  const { message } = error;
  if (isDiskFull(error)) return fault;
  if (/version number .* can only read|newer version of DuckDB/is.test(message)) {
    return new ExperimentError("store/newer-format", firstLine(message), {
      at: { file: path },
      mend: "use the newer version of Titrate, or another results folder",
      cause: error,
    });
  }
  if (/permission denied|read-only file system/i.test(message)) {
    return new ExperimentError("store/io", `cannot use the database: ${firstLine(message)}`, {
      at: { file: path },
      mend: "give yourself the right to read and write it, or name another results folder",
      cause: error,
    });
  }
  if (/^(IO|Serialization|Fatal|Corruption)\b.*Error/i.test(message)) {
    return new ExperimentError(
      "store/not-a-database",
      `cannot read the database: ${firstLine(message)}`,
      { at: { file: path }, mend: REBUILD, cause: error },
    );
  }
  return error;
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0]!;
}
