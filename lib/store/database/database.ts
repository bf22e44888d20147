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
  type ReadOptions,
} from "./_attach.ts";
import { databaseFault, isDamaged, isLockConflict, locked } from "./_faults.ts";
import {
  besideOf,
  checkOwner,
  isRegularFile,
  markOf,
  putInPlace,
  removeDatabase,
  replaceKeeping,
} from "./_place.ts";
import { copyFormer, FORMER } from "./_migrate.ts";
import { checkVersion, schemaStatements, versionOf } from "./_version.ts";

/** How long a writer lets a reader finish before it writes a copy instead. */
const PATIENCE_MS = 500;

/**
 * Opens a database to read; nothing can be changed, and no file be reached that the
 * options do not allow.
 *
 * @throws ExperimentError "store/no-database" when there is none;
 *   "store/database-locked" when another program writes it all the time;
 *   "store/newer-format", "store/older-format", "store/not-a-database", "store/io"
 */
export async function openReader(path: string, options: ReadOptions = {}): Promise<OpenDatabase> {
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
  /** Told when a damaged database was made anew, or an older one brought up to date. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * Does a piece of work in one transaction.
 *
 * A database that is none, or damaged, is made anew with a warning; what one of an older
 * version holds is brought over. The former one is kept beside, and stands in its place
 * until the new one is whole.
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
    } catch (fault) {
      let error: unknown = fault;
      if (isLockConflict(fault)) {
        try {
          return await writePastReaders(path, options, fault);
        } catch (later) {
          error = later;
        }
      }
      const isOlder = isOlderFormat(error);
      if (!isOlder && !isDamaged(error)) throw error;
      await checkOwner(path);
      const result = await makeBeside(path, options, isOlder ? "migrated" : "new");
      const aside = await replaceKeeping(path);
      const what = isOlder && result.isMigrated ? "brought up to date" : "made anew";
      options.onWarning?.(`${reasonOf(error)}; it is set aside as ${aside} and ${what}`);
      return result.value;
    }
  });
}

/**
 * Makes a database anew, whatever stands in its place; that is kept beside. Of one of an
 * older version, what artifacts and journals do not tell is brought over.
 *
 * @returns where the former one is now, if there was one
 * @throws as `writeDatabase`
 */
export async function remakeDatabase(
  path: string,
  options: Omit<WriteOptions<void>, "work">,
): Promise<string | undefined> {
  return await exclusively(path, options, async () => {
    const isOlder = await isOlderDatabase(path);
    const work = () => Promise.resolve();
    await makeBeside(path, { ...options, work }, isOlder ? "migrated" : "new");
    return await replaceKeeping(path);
  });
}

async function isOlderDatabase(path: string): Promise<boolean> {
  try {
    if (!await isRegularFile(path)) return false;
    const database = await attach(path, "read");
    try {
      await checkVersion(database.connection, path);
    } finally {
      database.close();
    }
    return false;
  } catch (error) {
    return isOlderFormat(error);
  }
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
  const { value } = await makeBeside(path, options, what);
  if (mark !== undefined && await markOf(path) !== mark) throw new ChangedMeanwhile();
  await putInPlace(path);
  return value;
}

interface Made<T> {
  readonly value: T;
  /** Whether it holds what the former one did. */
  readonly isMigrated: boolean;
}

async function makeBeside<T>(
  path: string,
  options: WriteOptions<T>,
  what: "new" | "copy" | "migrated",
): Promise<Made<T>> {
  const beside = besideOf(path);
  // What a killed writer left: nobody else is here, the lock is ours.
  await removeDatabase(beside);
  try {
    if (what === "copy") {
      await Deno.copyFile(path, beside);
      await Deno.chmod(beside, 0o644);
    }
    const former = what === "migrated" ? { path, name: FORMER } : undefined;
    const database = await attach(beside, what === "copy" ? "write" : "create", { former });
    try {
      const { connection } = database;
      if (what === "copy") await checkVersion(connection, path);
      else await fillNew(connection, options.fill, former !== undefined);
      const value = await transact(connection, options.work);
      return { value, isMigrated: former !== undefined };
    } finally {
      database.close();
    }
  } catch (error) {
    await removeDatabase(beside);
    if (what !== "migrated" || !isDamaged(error)) throw error;
    return await makeBeside(path, options, "new");
  }
}

/** Makes tables and views, and fills them from an older database and what the store tells. */
async function fillNew(
  connection: DuckDBConnection,
  fill: WriteOptions<unknown>["fill"],
  hasFormer: boolean,
): Promise<void> {
  await connection.run(["BEGIN", ...schemaStatements(), "COMMIT"].join(";\n"));
  let finish: (() => Promise<void>) | undefined;
  if (hasFormer) {
    await connection.run("BEGIN");
    finish = await copyFormer(connection, await versionOf(connection, FORMER));
    await connection.run("COMMIT");
  }
  await fill?.(connection);
  if (finish === undefined) return;
  await connection.run("BEGIN");
  await finish();
  await connection.run("COMMIT");
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

function isOlderFormat(error: unknown): boolean {
  return error instanceof ExperimentError && error.code === "store/older-format";
}

function reasonOf(error: unknown): string {
  if (error instanceof ExperimentError) return error.message;
  return `cannot read the database: ${(error as Error).message.split("\n", 1)[0]}`;
}
