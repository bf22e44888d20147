/** DuckDB's errors about its file: which is which, and as errors that a person can mend. */
import { dirname } from "node:path";
import { resultsFlag } from "../../base/command.ts";
import { ExperimentError } from "../../base/errors.ts";
import { isDiskFull, storeFault } from "../faults.ts";

/** Whether another process has the file open. */
export function isLockConflict(error: unknown): boolean {
  return error instanceof Error && !(error instanceof ExperimentError) &&
    /could not set lock on file|being used by another process/i.test(error.message);
}

/** A database without a table: whoever made it died before it wrote anything. */
export class EmptyDatabase extends Error {
  /** Says so. */
  constructor() {
    super("it is empty");
  }
}

/** Something that is no file stands in the place of the database. */
export class NoRegularFile extends Error {
  /** Says what it is, such as "a folder". */
  constructor(what: string) {
    super(`it is ${what}`);
  }
}

/** Whether the file is no database, or damaged, or empty. */
export function isDamaged(error: unknown): boolean {
  if (error instanceof EmptyDatabase || error instanceof NoRegularFile) return true;
  return error instanceof Error && !(error instanceof ExperimentError) &&
    !isDiskFull(error) &&
    (/not a valid DuckDB database file|Could not read enough bytes|Corrupt database|checksum/i
      .test(error.message) ||
      /^(Serialization|FATAL|INTERNAL|Corruption)\b.*Error/i.test(error.message));
}

/** The error for a database that another program writes all the time; `conflict` is DuckDB's. */
export function locked(conflict: unknown, path: string): ExperimentError {
  const pid = /\(PID (\d+)\)/.exec(conflict instanceof Error ? conflict.message : "")?.[1];
  const holder = pid === undefined ? "another program" : `another program (process ${pid})`;
  return new ExperimentError("store/database-locked", `${holder} keeps the database open`, {
    at: { file: path },
    mend: "close it there; what was computed is safe in the store",
    cause: conflict,
  });
}

/** The error for a database that a newer Titrate, or a newer DuckDB, wrote. */
export function newerDatabase(message: string, path: string, cause?: unknown): ExperimentError {
  return new ExperimentError("store/newer-format", message, {
    at: { file: path },
    mend: "use the newer version of Titrate, or another results folder",
    cause,
  });
}

/** DuckDB's errors about the file as errors that a person can mend; others as they are. */
export function databaseFault(error: unknown, path: string): unknown {
  const fault = storeFault(error, { doing: "use the database", path });
  if (fault !== error || !(error instanceof Error) || error instanceof ExperimentError) {
    return fault;
  }
  const [line] = error.message.split("\n", 1) as [string];
  if (isLockConflict(error)) return locked(error, path);
  if (/version number .* can only read|newer version of DuckDB/is.test(error.message)) {
    return newerDatabase(line, path, error);
  }
  if (isDamaged(error)) {
    return new ExperimentError("store/not-a-database", `cannot read the database: ${line}`, {
      at: { file: path },
      mend: "the next run sets it aside and makes it anew from the artifacts; so does " +
        `deno task rebuild${resultsFlag(dirname(path))}`,
      cause: error,
    });
  }
  if (!/^IO Error/i.test(error.message)) return error;
  return new ExperimentError("store/io", `cannot use the database: ${line}`, {
    at: { file: path },
    mend: /permission denied|read-only file system/i.test(error.message)
      ? "give yourself the right to read and write it, or name another results folder"
      : "check the disk, or name a results folder on another one",
    cause: error,
  });
}
