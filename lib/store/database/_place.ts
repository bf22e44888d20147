/** What stands in the place of a database, and how another file comes to stand there. */
import { dirname } from "node:path";
import { ExperimentError } from "../../base/errors.ts";
import { nonFile, removeIfThere, syncPath } from "../../base/files.ts";
import { storeFault } from "../faults.ts";
import { logOf } from "../results_folder.ts";
import { NoRegularFile } from "./_faults.ts";

/**
 * Whether there is a file at all.
 *
 * @throws NoRegularFile where something else stands: a named pipe would be waited for,
 *   and so never be opened
 */
export async function isRegularFile(path: string): Promise<boolean> {
  const info = await statOf(path);
  const what = info === undefined ? undefined : nonFile(info);
  if (what !== undefined) throw new NoRegularFile(what);
  return info !== undefined;
}

/** What stands there; undefined for nothing. */
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

/** What is written before it takes the place of a database. */
export function besideOf(path: string): string {
  return `${path}.new`;
}

/** Puts what was written beside a database in its place. */
export async function putInPlace(path: string): Promise<void> {
  await syncPath(besideOf(path));
  await Deno.rename(besideOf(path), path);
  await syncPath(dirname(path));
}

/**
 * Puts what was written beside a database in its place, and keeps what stood there with
 * its log: at every moment one of the two is there.
 *
 * @returns where the former one is now, if there was one
 */
export async function replaceKeeping(path: string): Promise<string | undefined> {
  const former = await statOf(path);
  if (former === undefined) {
    await putInPlace(path);
    return undefined;
  }
  let n = 1;
  while (await statOf(`${path}.aside-${n}`) !== undefined) n++;
  const aside = `${path}.aside-${n}`;
  if (former.isFile) await giveSecondName(path, aside);
  else await Deno.rename(path, aside);
  if (await statOf(logOf(path)) !== undefined) await Deno.rename(logOf(path), logOf(aside));
  await putInPlace(path);
  return aside;
}

async function giveSecondName(path: string, name: string): Promise<void> {
  try {
    // Where the path is a link, it is the link that is kept.
    if ((await Deno.lstat(path)).isSymlink) await Deno.rename(path, name);
    else await Deno.link(path, name);
  } catch (error) {
    // Not every file system gives a file two names.
    if (error instanceof Deno.errors.NotFound) throw error;
    await Deno.copyFile(path, name);
  }
}

/** Removes a database and its log, as far as they are there. */
export async function removeDatabase(path: string): Promise<void> {
  await removeIfThere(path);
  await removeIfThere(logOf(path));
}

/** What changes when somebody writes the file; undefined where a log belongs to it. */
export async function markOf(path: string): Promise<string | undefined> {
  const [file, log] = [await statOf(path), await statOf(logOf(path))];
  if (file === undefined || log !== undefined) return undefined;
  return `${file.dev}:${file.ino}:${file.size}:${file.mtime?.getTime()}`;
}

/** Refuses the database of another program: it is somebody's, and not to be moved. */
export async function checkOwner(path: string): Promise<void> {
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
