/**
 * What the operating system refuses, as errors that a person can mend.
 *
 * Everything that writes results passes its errors through `storeFault`, so a
 * full disk or a missing right reads the same wherever it strikes.
 */
import { ExperimentError } from "../base/errors.ts";

const REFUSALS: Readonly<Record<string, string>> = {
  EACCES: "give yourself the right to read and write there, or name another results folder",
  EPERM: "give yourself the right to read and write there, or name another results folder",
  EROFS: "name a results folder on a disk that can be written",
  ENOTDIR: "a file stands where a folder is needed: move it away, or name another results folder",
  EISDIR: "a folder stands where a file is needed: move it away, or name another results folder",
  EEXIST: "a file stands where a folder is needed: move it away, or name another results folder",
  EXDEV: "a part of the results folder lies on another disk: move all of it to one",
  ESTALE: "the file system lost the folder: mount it again, or name another results folder",
  EIO: "the disk reports a failure: check it, or name a results folder on another one",
  EMFILE: "raise the limit of open files (ulimit -n)",
  ENFILE: "raise the limit of open files (ulimit -n)",
  ELOOP: "a link leads back to itself: remove it, or name another results folder",
  ENAMETOOLONG: "name a results folder with a shorter path",
  ENOLCK: "the file system has no locks: name a results folder on another one",
  ENOTSUP: "the file system has no locks: name a results folder on another one",
};

/** What was being done to which path when an error came. */
export interface Doing {
  /** An infinitive, such as "write the artifact". */
  readonly doing: string;
  /** The file or folder it was done to. */
  readonly path: string;
}

/**
 * The error to throw instead of one that the file system gave.
 *
 * Returns an ExperimentError "store/disk-full" or "store/io" for what a person
 * can mend; anything else, a bug included, comes back as it is.
 */
export function storeFault(error: unknown, { doing, path }: Doing): unknown {
  if (!(error instanceof Error) || error instanceof ExperimentError) return error;
  if (isDiskFull(error)) {
    return new ExperimentError("store/disk-full", `cannot ${doing}: no space left on the disk`, {
      at: { file: path },
      mend: "free some space and run again; what is done stays done",
      cause: error,
    });
  }
  if (isSystemsOwn(error)) {
    return new ExperimentError("store/io", `cannot ${doing}: that place is the system's own`, {
      at: { file: path },
      mend: "name another results folder",
      cause: error,
    });
  }
  if (error instanceof Deno.errors.NotCapable) {
    const [reason] = error.message.split(", run again");
    return new ExperimentError("store/io", `cannot ${doing}: ${reason}`, {
      at: { file: path },
      mend: "start the command with `deno task`, which gives it the rights that it needs",
      cause: error,
    });
  }
  const code = osCode(error) ?? "";
  const mend = REFUSALS[code];
  if (mend === undefined) return error;
  return new ExperimentError("store/io", `cannot ${doing}: ${withoutPath(error.message)}`, {
    at: { file: code === "ENOTDIR" ? obstacleOn(path) : path },
    mend,
    cause: error,
  });
}

/** Whether an error says that Deno keeps a place, as /dev and /proc, from whoever has not all rights. */
export function isSystemsOwn(error: unknown): boolean {
  return error instanceof Deno.errors.NotCapable && error.message.startsWith("Requires all access");
}

/** What stands on the way to a path and is no folder; the path itself where nothing does. */
export function obstacleOn(path: string): string {
  for (let end = path.indexOf("/", 1); end !== -1; end = path.indexOf("/", end + 1)) {
    const above = path.slice(0, end);
    try {
      if (!Deno.statSync(above).isDirectory) return above;
    } catch {
      return path;
    }
  }
  return path;
}

/** Whether an error, of the system or of DuckDB, says that a disk or a quota is full. */
export function isDiskFull(error: Error): boolean {
  const code = osCode(error);
  return code === "ENOSPC" || code === "EDQUOT" ||
    /no space left on device|disk quota exceeded/i.test(error.message);
}

/** Errors that come of the disk, and not of what is done with it. */
const DISK_FAULTS: ReadonlySet<string> = new Set([
  "EIO",
  "ENOLCK",
  "EXDEV",
  "EROFS",
  "ESTALE",
  "EMFILE",
  "ENFILE",
]);

/** Whether an error says that a disk, or a system that gives access to it, is not as it should be. */
export function isDiskFault(error: Error): boolean {
  return DISK_FAULTS.has(osCode(error) ?? "");
}

/** The system's name of an error, such as "ENOENT", if it has one. */
export function osCode(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === "string") return code;
  // Deno names the common ones only.
  const number = /\(os error (\d+)\)/.exec(typeof message === "string" ? message : "")?.[1];
  return number === undefined ? undefined : UNNAMED[Deno.build.os]?.[Number(number)];
}

/** Errors by their number, which systems choose as they like. */
const UNNAMED: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  linux: {
    5: "EIO",
    18: "EXDEV",
    23: "ENFILE",
    24: "EMFILE",
    28: "ENOSPC",
    36: "ENAMETOOLONG",
    37: "ENOLCK",
    40: "ELOOP",
    95: "ENOTSUP",
    116: "ESTALE",
    122: "EDQUOT",
  },
  darwin: {
    5: "EIO",
    18: "EXDEV",
    23: "ENFILE",
    24: "EMFILE",
    28: "ENOSPC",
    45: "ENOTSUP",
    62: "ELOOP",
    63: "ENAMETOOLONG",
    69: "EDQUOT",
    70: "ESTALE",
    77: "ENOLCK",
  },
};

/** "Permission denied" of "Permission denied (os error 13): open '/x'". */
function withoutPath(message: string): string {
  return message.replace(/ \(os error \d+\).*$/s, "");
}
