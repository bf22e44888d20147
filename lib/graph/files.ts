/**
 * Digests of the outside files that params name.
 *
 * A file's content enters a task's key, its path does not. Digests are kept for
 * the life of the process by path, size and modification time, so that a grid
 * of a thousand cells reads a corpus once.
 */
import { forEachAtOnce } from "../base/at_once.ts";
import { sha256, sha256File } from "../base/digest.ts";
import { ExperimentError, type Fault, fault, type SourcePosition } from "../base/errors.ts";

/** Gives the SHA-256 of a file, 64 hexadecimal digits; throws as `Deno.open` does. */
export type ReadFileDigest = (path: string) => Promise<string>;

/** A file to digest, and where the spec names it. */
export interface FileAsk {
  /** The path, relative to the working directory. */
  readonly file: string;
  /** Where the spec names it. */
  readonly at: SourcePosition;
  /** What to do where it is not there; absent: the path is to be checked. */
  readonly mend?: string | undefined;
  /** Whether the spec says what it holds, so that it need not be there for a plan. */
  readonly isDeclared?: boolean;
}

/** Digests by path, and what was not there. */
export interface FileDigests {
  /** By path; of an absent file one that no content has. */
  readonly digests: ReadonlyMap<string, string>;
  /** Declared files that are not there. */
  readonly absent: ReadonlySet<string>;
}

/** Files that are read at a time. */
const FILES_AT_ONCE = 4;

const remembered = new Map<string, string>();

/** SHA-256 of a file, streamed; remembered as long as its size and time stay the same. */
export async function readFileDigest(path: string): Promise<string> {
  const { size, mtime } = await Deno.stat(path);
  const mark = `${path}\0${size}\0${mtime?.getTime() ?? "?"}`;
  const known = mtime === null ? undefined : remembered.get(mark);
  if (known !== undefined) return known;
  const digest = await sha256File(path);
  remembered.set(mark, digest);
  return digest;
}

/**
 * Digests of all files asked for, by path; each file is read once.
 *
 * @throws ExperimentError "graph/missing-file" and "graph/unreadable-file", one
 *   fault for every place that names a file which cannot be read
 */
export async function digestFiles(
  asks: readonly FileAsk[],
  { read = readFileDigest, allowsAbsent = false }: {
    readonly read?: ReadFileDigest | undefined;
    /** Whether declared files may be absent. */
    readonly allowsAbsent?: boolean | undefined;
  } = {},
): Promise<FileDigests> {
  const digests = new Map<string, string>();
  const failures = new Map<string, unknown>();
  const paths = [...new Set(asks.map((ask) => ask.file))];
  await forEachAtOnce(paths, FILES_AT_ONCE, async (path) => {
    try {
      digests.set(path, await read(path));
    } catch (error) {
      failures.set(path, error);
    }
  });
  const absent = new Set<string>();
  const needed = new Set(asks.flatMap(({ file, isDeclared }) => isDeclared === true ? [] : file));
  for (const [file, error] of allowsAbsent ? failures : []) {
    if (needed.has(file) || !(error instanceof Deno.errors.NotFound)) continue;
    failures.delete(file);
    absent.add(file);
    digests.set(file, sha256(`absent: ${file}`));
  }
  if (failures.size > 0) throw ExperimentError.of(faultsOf(asks, failures));
  return { digests, absent };
}

function faultsOf(asks: readonly FileAsk[], failures: ReadonlyMap<string, unknown>): Fault[] {
  const faults = new Map<string, Fault>();
  for (const ask of asks) {
    const { file, at } = ask;
    if (!failures.has(file)) continue;
    const each = unreadable(ask, failures.get(file));
    // Every cell of a stage asks for the same file at the same place: one fault.
    faults.set(JSON.stringify([file, at]), each);
  }
  return [...faults.values()];
}

function unreadable({ file, at, mend }: FileAsk, error: unknown): Fault {
  if (error instanceof Deno.errors.NotFound) {
    return fault("graph/missing-file", `there is no file "${file}"`, {
      at,
      mend: mend ??
        "check the path, which in a spec is relative to the file that names it, and any variable in it",
    });
  }
  const why = reasonOf(error);
  return fault("graph/unreadable-file", `cannot read the file "${file}": ${why}`, {
    at,
    mend: "name a regular file that this user may read",
  });
}

/** Why a file cannot be read; what Deno says of its flags is no advice to a person. */
function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.FilesystemLoop) return "it is a link that leads back to itself";
  if (error instanceof Deno.errors.NotCapable) return "it is a file of the system's own";
  return error instanceof Error ? error.message : String(error);
}
