/**
 * The database file, opened for one short piece of work at a time.
 *
 * DuckDB lets one process write and none read meanwhile, so nobody here keeps it
 * open: open, work, close. Who writes takes a lock file first, so that runs take
 * turns; where a reader keeps the file, they write a copy and put it in its place:
 * the reader goes on with what it has, and no run waits for it. A new file is made
 * beside and renamed, so that no kill and no full disk leaves half a database.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { dirname, resolve } from "node:path";
import { resultsFlag } from "../../base/command.ts";
import { ExperimentError } from "../../base/errors.ts";
import { sleep } from "../../base/sleep.ts";
import { FileLock } from "../lock.ts";
import { STORE_FOLDERS } from "../results_folder.ts";
import {
  attach,
  attachPatiently,
  CATALOG,
  isOnlyRead,
  LOCK_LIMIT_MS,
  LONGEST_WAIT_MS,
  type OpenDatabase,
  type OpenOptions,
} from "./_attach.ts";
import { databaseFault, isDamaged, isLockConflict, locked } from "./_faults.ts";
import {
  besideOf,
  checkOwner,
  isRegularFile,
  markOf,
  putInPlace,
  removeDatabase,
  setAside,
  statOf,
} from "./_place.ts";
import { checkVersion, schemaStatements } from "./_version.ts";

/** How long a writer lets a reader finish before it writes a copy instead. */
const PATIENCE_MS = 500;

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
  const beside = besideOf(path);
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

/** Before the first run; or a database that was lost, where there are artifacts. */
function missing(path: string): ExperimentError {
  const root = dirname(path), flag = resultsFlag(root), at = { file: path };
  return hasArtifacts(root)
    ? new ExperimentError("store/no-database", "the database is gone, its artifacts are there", {
      at,
      mend: `make it anew: deno task rebuild${flag}; so does the next run`,
    })
    : new ExperimentError("store/no-database", "there are no results yet", {
      at,
      mend: `run an experiment first: deno task run experiments/ablation.yaml${flag}`,
    });
}

function hasArtifacts(root: string): boolean {
  try {
    return !Deno.readDirSync(`${root}/store/${STORE_FOLDERS.objects}`)[Symbol.iterator]().next()
      .done;
  } catch {
    return false;
  }
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

/** Whether a file in our place is no database any more. */
function isUseless(error: unknown): boolean {
  return isDamaged(error) ||
    error instanceof ExperimentError && error.code === "store/older-format";
}

function reasonOf(error: unknown): string {
  if (error instanceof ExperimentError) return error.message;
  return `cannot read the database: ${(error as Error).message.split("\n", 1)[0]}`;
}
