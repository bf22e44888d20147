/**
 * The database file, opened for one short piece of work at a time.
 *
 * DuckDB lets one process write and none read meanwhile, so nobody here keeps it
 * open: open, work, close. Who writes takes a lock file first, so that runs take
 * turns; where a reader keeps the file, they write a copy and put it in its place:
 * the reader goes on with what it has, and no run waits for it. A new file is made
 * beside and renamed, so that no kill and no full disk leaves half a database.
 *
 * Files are attached to an instance in memory, which takes any path as it is, and
 * reaches nothing else: no extension, no other file.
 */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { dirname, resolve } from "node:path";
import { ExperimentError } from "../../base/errors.ts";
import { sleep } from "../../base/sleep.ts";
import { nonFile, removeIfThere, syncPath } from "../../base/files.ts";
import { storeFault } from "../faults.ts";
import { FileLock } from "../lock.ts";
import { duckdbPath } from "../results_folder.ts";
import {
  databaseFault,
  EmptyDatabase,
  isDamaged,
  isLockConflict,
  locked,
  newerDatabase,
  NoRegularFile,
} from "./_faults.ts";
import { SCHEMA_VERSION, sqlText, TABLES, tableStatements } from "./schema.ts";
import { viewStatements } from "./views.ts";

/** How long to go on trying while another program keeps the database. */
export const LOCK_LIMIT_MS = 30_000;

/** Short, so that somebody who asks again and again cannot keep a run from writing. */
const LONGEST_WAIT_MS = 40;
/** How long a writer lets a reader finish before it writes a copy instead. */
const PATIENCE_MS = 500;

/** The name that an attached database has in SQL. */
const CATALOG = "titrate";

/** How to open a database. */
export interface OpenOptions {
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
 * Opens a database to read; nothing can be changed, and no other file be reached.
 *
 * @throws ExperimentError "store/no-database" when there is none;
 *   "store/database-locked" when another program writes it all the time;
 *   "store/newer-format", "store/older-format", "store/not-a-database", "store/io"
 */
export async function openReader(path: string, options: OpenOptions = {}): Promise<OpenDatabase> {
  const endTurn = await takeTurn(resolve(path));
  try {
    if (!await isRegularFile(path)) throw missing(path);
    const database = await attachPatiently(path, { ...options, canWrite: false });
    try {
      await checkVersion(database.connection, path);
    } catch (error) {
      database.close();
      throw error;
    }
    return {
      connection: database.connection,
      close() {
        database.close();
        endTurn();
      },
    };
  } catch (error) {
    endTurn();
    if (isDamaged(error)) await checkOwner(path);
    throw databaseFault(error, path);
  }
}

/** How to write, and what. */
export interface WriteOptions<T> extends OpenOptions {
  /**
   * What is written, in one transaction: all of it or nothing. Done again on a new
   * database where the old one turns out to be damaged.
   */
  readonly work: (connection: DuckDBConnection) => Promise<T>;
  /** Fills a database that was made because there was none, or a damaged one. */
  readonly fill?: ((connection: DuckDBConnection) => Promise<void>) | undefined;
  /** Told when a damaged or older database was set aside. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * Does a piece of work in one transaction.
 *
 * A database that is none, or damaged, or of an older version, is set aside with a
 * warning and made anew.
 *
 * @throws ExperimentError "store/database-locked" when another program writes it all
 *   the time; "store/newer-format", "store/not-a-database" for another program's
 *   database, "store/disk-full", "store/io"
 */
export async function writeDatabase<T>(path: string, options: WriteOptions<T>): Promise<T> {
  return await exclusively(path, options, async () => {
    try {
      if (!await isRegularFile(path)) return await writeBeside(path, options, "new");
      return await writeInPlace(path, options);
    } catch (error) {
      if (isLockConflict(error)) return await writePastReaders(path, options, error);
      if (!isUseless(error)) throw error;
      await checkOwner(path);
      const aside = await setAside(path);
      options.onWarning?.(`${reasonOf(error)}; it is set aside as ${aside} and made anew`);
      return await writeBeside(path, options, "new");
    }
  });
}

/**
 * Makes a database anew, whatever stands in its place; that is kept beside.
 *
 * @returns where the former one is now, if there was one
 * @throws as `writeDatabase`
 */
export async function remakeDatabase(
  path: string,
  options: Omit<WriteOptions<void>, "work">,
): Promise<string | undefined> {
  return await exclusively(path, options, async () => {
    await makeBeside(path, { ...options, work: () => Promise.resolve() }, "new");
    const former = await statOf(path) === undefined ? undefined : await setAside(path);
    await putInPlace(path);
    return former;
  });
}

/** Under the lock that writers take in turn. */
async function exclusively<T>(
  path: string,
  { lockLimitMs = LOCK_LIMIT_MS, signal }: OpenOptions,
  work: () => Promise<T>,
): Promise<T> {
  const endTurn = await takeTurn(resolve(path));
  let lock: FileLock | undefined;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    const startMs = performance.now();
    while ((lock = await FileLock.tryTake(`${path}.lock`)) === undefined) {
      if (performance.now() - startMs > lockLimitMs) throw locked(undefined, path);
      await sleep(5 + Deno.pid % 10, signal);
    }
    return await work();
  } catch (error) {
    throw databaseFault(error, path);
  } finally {
    lock?.release();
    endTurn();
  }
}

async function writeInPlace<T>(path: string, options: WriteOptions<T>): Promise<T> {
  const { lockLimitMs = LOCK_LIMIT_MS, signal } = options;
  const patience = { signal, lockLimitMs: Math.min(lockLimitMs, PATIENCE_MS) };
  const database = await attachPatiently(path, { ...patience, canWrite: true });
  try {
    await checkVersion(database.connection, path);
    return await transact(database.connection, options.work);
  } finally {
    database.close();
  }
}

/**
 * Writes although somebody has the file open: a copy takes its place, unless that
 * somebody writes, or left a log that belongs to the file.
 */
async function writePastReaders<T>(
  path: string,
  options: WriteOptions<T>,
  conflict: unknown,
): Promise<T> {
  const { lockLimitMs = LOCK_LIMIT_MS, signal } = options;
  const startMs = performance.now();
  while (true) {
    try {
      const mark = await markOf(path);
      if (mark !== undefined && await isOnlyRead(path)) {
        return await writeBeside(path, options, "copy", mark);
      }
      return await writeInPlace(path, { ...options, lockLimitMs: 0 });
    } catch (error) {
      if (!isLockConflict(error) && !(error instanceof ChangedMeanwhile)) throw error;
    }
    if (performance.now() - startMs > lockLimitMs) throw locked(conflict, path);
    await sleep(LONGEST_WAIT_MS, signal);
  }
}

class ChangedMeanwhile extends Error {}

/** Writes into a new file or a copy, and puts it in the place of the present one. */
async function writeBeside<T>(
  path: string,
  options: WriteOptions<T>,
  what: "new" | "copy",
  mark?: string,
): Promise<T> {
  const result = await makeBeside(path, options, what);
  if (mark !== undefined && await markOf(path) !== mark) throw new ChangedMeanwhile();
  await putInPlace(path);
  return result;
}

async function makeBeside<T>(
  path: string,
  { work, fill }: WriteOptions<T>,
  what: "new" | "copy",
): Promise<T> {
  const beside = `${path}.new`;
  // What a killed writer left: nobody else is here, the lock is ours.
  await removeDatabase(beside);
  try {
    if (what === "copy") {
      await Deno.copyFile(path, beside);
      await Deno.chmod(beside, 0o644);
    }
    const database = await attach(beside, what === "new" ? "create" : "write");
    try {
      const { connection } = database;
      if (what === "new") {
        await connection.run(["BEGIN", ...schemaStatements(), "COMMIT"].join(";\n"));
        await fill?.(connection);
      } else await checkVersion(connection, path);
      return await transact(connection, work);
    } finally {
      database.close();
    }
  } catch (error) {
    await removeDatabase(beside);
    throw error;
  }
}

async function putInPlace(path: string): Promise<void> {
  await syncPath(`${path}.new`);
  await Deno.rename(`${path}.new`, path);
  await syncPath(dirname(path));
}

async function transact<T>(
  connection: DuckDBConnection,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  await connection.run("BEGIN");
  const result = await work(connection);
  await connection.run("COMMIT");
  await connection.run(`CHECKPOINT ${CATALOG}`);
  return result;
}

const turns = new Map<string, Promise<void>>();

/**
 * Waits until nobody else in this process has the file; returns how to end the turn.
 * Inside one process the file's lock does not hold.
 */
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

/** Attaches the file, trying again while another process has it. */
async function attachPatiently(
  path: string,
  { canWrite, signal, lockLimitMs = LOCK_LIMIT_MS }: OpenOptions & { readonly canWrite: boolean },
): Promise<OpenDatabase> {
  const startMs = performance.now();
  // Processes that met once should not meet again at every later try.
  let waitMs = 5 + Deno.pid % 10;
  while (true) {
    signal?.throwIfAborted();
    try {
      return await attach(path, canWrite ? "write" : "read");
    } catch (error) {
      if (!isLockConflict(error)) throw error;
      if (performance.now() - startMs + waitMs > lockLimitMs) {
        throw canWrite ? error : locked(error, path);
      }
    }
    await sleep(waitMs, signal);
    waitMs = Math.min(waitMs * 1.4, LONGEST_WAIT_MS);
  }
}

/**
 * Bytes of a block of a new file. DuckDB's own quarter of a megabyte, a few of them for
 * each small table, made 10 MB of a study of a dozen tasks; with these it is 3 MB, and
 * half a million rows are read as fast.
 */
const BLOCK_BYTES = 65_536;

async function attach(path: string, how: "read" | "write" | "create"): Promise<OpenDatabase> {
  const canWrite = how !== "read";
  const instance = await DuckDBInstance.create(":memory:", {
    // Extensions are never looked for, on the disk or on the net.
    autoload_known_extensions: "false",
    autoinstall_known_extensions: "false",
    allow_community_extensions: "false",
    ...(canWrite ? { threads: "1" } : {}),
  });
  let connection: DuckDBConnection | undefined;
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    connection?.closeSync();
    instance.closeSync();
  };
  try {
    connection = await instance.connect();
    // The transaction is in the file at once, by a checkpoint: no log is left beside it.
    const options = {
      read: "READ_ONLY",
      write: "RECOVERY_MODE no_wal_writes",
      create: `RECOVERY_MODE no_wal_writes, BLOCK_SIZE ${BLOCK_BYTES}`,
    };
    await connection.run([
      // What does not fit into memory is not spilled beside the results.
      ...(canWrite ? [] : ["SET temp_directory = ''"]),
      `ATTACH ${sqlText(duckdbPath(path))} AS ${CATALOG} (TYPE DUCKDB, ${options[how]})`,
      `USE ${CATALOG}`,
      "SET enable_external_access = false",
      "SET lock_configuration = true",
    ].join(";\n"));
    return { connection, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** The statements that make an empty database one of Titrate. */
function schemaStatements(): string[] {
  return [
    "CREATE TABLE schema_version (version INTEGER)",
    "COMMENT ON TABLE schema_version IS 'One row: the version of these tables and views.'",
    "COMMENT ON COLUMN schema_version.version IS 'A newer one than Titrate knows is refused.'",
    `INSERT INTO schema_version VALUES (${SCHEMA_VERSION})`,
    ...Object.values(TABLES).flatMap(tableStatements),
    ...viewStatements(),
  ];
}

async function checkVersion(connection: DuckDBConnection, path: string): Promise<void> {
  const reader = await connection.runAndReadAll(
    `SELECT table_name FROM duckdb_tables() WHERE database_name = '${CATALOG}'`,
  );
  const names = reader.getRows().map(([name]) => String(name));
  if (names.length === 0) throw new EmptyDatabase();
  if (!names.includes("schema_version")) {
    throw new ExperimentError("store/not-a-database", "this database is not one of Titrate", {
      at: { file: path },
      mend: "name another results folder, or move the file away",
    });
  }
  const rows = await connection.runAndReadAll("SELECT max(version) FROM schema_version");
  const version = Number(rows.getRows()[0]?.[0]);
  if (version > SCHEMA_VERSION) {
    throw newerDatabase(
      `cannot use a database of version ${version}, this version of Titrate knows ${SCHEMA_VERSION}`,
      path,
    );
  }
  if (version < SCHEMA_VERSION) {
    throw new ExperimentError(
      "store/older-format",
      `the database is of version ${version}, this version of Titrate needs ${SCHEMA_VERSION}`,
      {
        at: { file: path },
        mend: "deno task rebuild makes it anew from the artifacts; so does the next run",
      },
    );
  }
}

/** Whether a file in our place is no database any more. */
function isUseless(error: unknown): boolean {
  return isDamaged(error) ||
    error instanceof ExperimentError && error.code === "store/older-format";
}

/** Refuses the database of another program: it is somebody's, and not to be moved. */
async function checkOwner(path: string): Promise<void> {
  if (!await isSqlite(path)) return;
  throw new ExperimentError(
    "store/not-a-database",
    "this is an SQLite database, not one of Titrate",
    { at: { file: path }, mend: "name another results folder, or move the file away" },
  );
}

async function isSqlite(path: string): Promise<boolean> {
  if ((await statOf(path))?.isFile !== true) return false;
  using file = await Deno.open(path);
  const head = new Uint8Array(16);
  await file.read(head);
  return new TextDecoder().decode(head).startsWith("SQLite format 3");
}

function reasonOf(error: unknown): string {
  if (error instanceof ExperimentError) return error.message;
  return `cannot read the database: ${(error as Error).message.split("\n", 1)[0]}`;
}

/** Moves a database and its log out of the way; returns where it is now. */
async function setAside(path: string): Promise<string> {
  let n = 1;
  while (await statOf(`${path}.aside-${n}`) !== undefined) n++;
  const aside = `${path}.aside-${n}`;
  await Deno.rename(path, aside);
  if (await statOf(`${path}.wal`) !== undefined) await Deno.rename(`${path}.wal`, `${aside}.wal`);
  return aside;
}

async function removeDatabase(path: string): Promise<void> {
  await removeIfThere(path);
  await removeIfThere(`${path}.wal`);
}

/** What changes when somebody writes the file; undefined where a log belongs to it. */
async function markOf(path: string): Promise<string | undefined> {
  const [file, log] = [await statOf(path), await statOf(`${path}.wal`)];
  if (file === undefined || log !== undefined) return undefined;
  return `${file.dev}:${file.ino}:${file.size}:${file.mtime?.getTime()}`;
}

/** Whether those who have the file open read it only. */
async function isOnlyRead(path: string): Promise<boolean> {
  try {
    (await attach(path, "read")).close();
    return true;
  } catch (error) {
    if (isLockConflict(error)) return false;
    throw error;
  }
}

/**
 * Whether there is a file at all.
 *
 * @throws NoRegularFile where something else stands: a named pipe would be waited for,
 *   and so never be opened
 */
async function isRegularFile(path: string): Promise<boolean> {
  const info = await statOf(path);
  const what = info === undefined ? undefined : nonFile(info);
  if (what !== undefined) throw new NoRegularFile(what);
  return info !== undefined;
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    try {
      return await Deno.stat(path);
    } catch (error) {
      // Of a link that leads back to itself, the link is what stands there.
      if (!(error instanceof Deno.errors.FilesystemLoop)) throw error;
      return await Deno.lstat(path);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw storeFault(error, { doing: "use the database", path });
  }
}

function missing(path: string): ExperimentError {
  return new ExperimentError("store/no-database", "there are no results yet", {
    at: { file: path },
    mend: "run an experiment first: deno task run experiments/ablation.yaml",
  });
}
