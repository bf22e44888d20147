/** The error codes that this folder throws. */
import type { ErrorTable } from "../base/errors.ts";

/** Exit code and meaning by code. */
export const STORE_ERRORS: ErrorTable = {
  "store/bad-key": { exit: 2, about: "a text that is no key of a task" },
  "store/bad-root": { exit: 2, about: "a store's folder that cannot be used" },
  "store/database-locked": { exit: 1, about: "a database that another program keeps open" },
  "store/disk-full": { exit: 1, about: "no space left while results were written" },
  "store/folder-gone": { exit: 1, about: "a results folder that was moved during a run" },
  "store/io": { exit: 1, about: "results that the file system refuses to read or write" },
  "store/name-taken": { exit: 2, about: "results of another spec under the same name" },
  "store/newer-format": { exit: 2, about: "results written by a newer version of Titrate" },
  "store/no-database": { exit: 2, about: "a database that does not exist yet" },
  "store/not-a-database": { exit: 2, about: "a file that is not a database of Titrate" },
  "store/older-format": { exit: 2, about: "a database of an older version of Titrate" },
  "store/sql": { exit: 2, about: "a query that DuckDB refuses" },
};
