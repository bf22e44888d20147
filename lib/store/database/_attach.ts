/**
 * A database file attached to an instance of DuckDB in memory, which takes any path as
 * it is and reaches nothing else: no extension, and no other file unless it is told to.
 */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { resolve } from "node:path";
import { sleep } from "../../base/sleep.ts";
import { duckdbPath } from "../results_folder.ts";
import { isLockConflict, locked } from "./_faults.ts";
import { sqlText } from "./schema.ts";

/** How long to go on trying while another program keeps the database. */
export const LOCK_LIMIT_MS = 30_000;

/** How long to wait between two tries at most: short, so that somebody who asks again and again cannot keep a run from writing. */
export const LONGEST_WAIT_MS = 40;

/** The name that an attached database has in SQL. */
export const CATALOG = "titrate";

/** How to open a database. */
export interface OpenOptions {
  /** `LOCK_LIMIT_MS` if absent. */
  readonly lockLimitMs?: number | undefined;
  /** Aborted: waiting for the file ends with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What a reader may reach besides the database. */
export interface ReadOptions extends OpenOptions {
  /** Whether a query may read files; without, none but the database. */
  readonly allowsFiles?: boolean | undefined;
  /** The one file that a query's rows may be written to. */
  readonly out?: string | undefined;
}

/** What else is attached or allowed. */
interface Reach extends Pick<ReadOptions, "allowsFiles" | "out"> {
  /** A database of an older version, to be read under the name that `FORMER` is. */
  readonly former?: { readonly path: string; readonly name: string } | undefined;
}

/** A database that is open; close it soon. */
export interface OpenDatabase {
  /** The one connection to it. */
  readonly connection: DuckDBConnection;
  /** Writes everything to the file and lets others at it; doing it again does nothing. */
  close(): void;
}

/**
 * Attaches the file, trying again while another process has it.
 *
 * @throws what DuckDB has against it; for a reader "store/database-locked"
 */
export async function attachPatiently(
  path: string,
  { canWrite, signal, lockLimitMs = LOCK_LIMIT_MS, ...reach }: ReadOptions & {
    readonly canWrite: boolean;
  },
): Promise<OpenDatabase> {
  const startMs = performance.now();
  // Processes that met once should not meet again at every later try.
  let waitMs = 5 + Deno.pid % 10;
  while (true) {
    signal?.throwIfAborted();
    try {
      return await attach(path, canWrite ? "write" : "read", reach);
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

/** Attaches the file at once, or throws what DuckDB has against it. */
export async function attach(
  path: string,
  how: "read" | "write" | "create",
  { allowsFiles = false, out, former }: Reach = {},
): Promise<OpenDatabase> {
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
      // What a reader cannot hold in memory is not spilled: it may write nothing.
      `SET temp_directory = ${sqlText(canWrite ? `${duckdbPath(path)}.tmp` : "")}`,
      `ATTACH ${sqlText(duckdbPath(path))} AS ${CATALOG} (TYPE DUCKDB, ${options[how]})`,
      ...(former === undefined ? [] : [
        `ATTACH ${sqlText(duckdbPath(former.path))} AS ${former.name} (TYPE DUCKDB, READ_ONLY)`,
      ]),
      `USE ${CATALOG}`,
      ...(out === undefined ? [] : [`SET allowed_paths = [${sqlText(resolve(out))}]`]),
      ...(allowsFiles ? [] : ["SET enable_external_access = false"]),
      // How errors are told changes nothing that can be reached.
      "SET allowed_configs = ['errors_as_json']",
      "SET lock_configuration = true",
    ].join(";\n"));
    return { connection, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Whether those who have the file open read it only. */
export async function isOnlyRead(path: string): Promise<boolean> {
  try {
    (await attach(path, "read")).close();
    return true;
  } catch (error) {
    if (isLockConflict(error)) return false;
    throw error;
  }
}
