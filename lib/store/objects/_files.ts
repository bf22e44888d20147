/** Files of an artifact: listing, digests, and forcing them to the disk. */
import { storeFault } from "../faults.ts";
import { sha256File } from "../../base/digest.ts";
import { syncPath } from "../../base/files.ts";
import { isSafePath, type RecordedFile } from "./record.ts";

/**
 * Every regular file below a folder, as relative paths with "/", sorted.
 *
 * @throws Error for a symbolic link, a pipe or an odd name: an artifact must mean
 *   the same wherever it is copied, so a task that leaves one has a bug
 */
export async function listFiles(dir: string): Promise<string[]> {
  const paths: string[] = [];
  const visit = async (prefix: string): Promise<void> => {
    for await (const entry of Deno.readDir(`${dir}/${prefix}`)) {
      const path = prefix + entry.name;
      if (!isSafePath(path)) throw new Error(`an artifact cannot hold a file named "${path}"`);
      if (entry.isDirectory) await visit(`${path}/`);
      else if (entry.isFile) paths.push(path);
      else throw new Error(`an artifact holds only files and folders, "${path}" is neither`);
    }
  };
  await visit("");
  return paths.sort();
}

/**
 * Seals a folder: a file that names every other one with its digest, all of it read-only
 * and on the disk.
 *
 * @param name of that file, which is not there yet
 * @param textOf what it holds
 */
export async function seal(
  dir: string,
  { name, textOf }: {
    readonly name: string;
    readonly textOf: (files: readonly RecordedFile[]) => string;
  },
): Promise<void> {
  const text = textOf(await sealFiles(dir, await listFiles(dir)));
  const path = `${dir}/${name}`;
  await Deno.writeTextFile(path, text, { createNew: true });
  await makeReadOnly(path);
  await syncPath(path);
  await syncFolders(dir);
}

/** Digests files of a folder, forces them to the disk and makes them read-only. */
async function sealFiles(dir: string, paths: readonly string[]): Promise<RecordedFile[]> {
  const files: RecordedFile[] = [];
  for (const path of paths) {
    const full = `${dir}/${path}`;
    await syncPath(full);
    const sha256 = await sha256File(full);
    await makeReadOnly(full);
    const { size, mtime } = await Deno.stat(full);
    files.push({ path, bytes: size, sha256, modifiedMs: mtime?.getTime() ?? 0 });
  }
  return files;
}

/** Takes the right to write from a file; a committed artifact never changes. */
async function makeReadOnly(path: string): Promise<void> {
  if (Deno.build.os !== "windows") await Deno.chmod(path, 0o444);
}

/** Forces every folder below one, and it, to the disk: the names of its files. */
async function syncFolders(dir: string): Promise<void> {
  for await (const entry of Deno.readDir(dir)) {
    if (entry.isDirectory) await syncFolders(`${dir}/${entry.name}`);
  }
  await syncPath(dir);
}

/** Whether something stands at a path. */
export async function isPresent(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The names in a folder of the store, in order; none where it is not there. */
export async function namesIn(dir: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(dir), (entry) => entry.name)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw storeFault(error, { doing: "list the store", path: dir });
  }
}
