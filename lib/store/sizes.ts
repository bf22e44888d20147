/** What takes room in a folder of results beside its artifacts. */
import { logOf, type ResultsFolder, STORE_FOLDERS } from "./results_folder.ts";

/** In bytes. */
export interface SizesBeside {
  /** Checkpoints of unfinished tasks. */
  readonly scratch: number;
  /** Damaged artifacts that were set aside, and what is being written. */
  readonly aside: number;
  /** The database. */
  readonly database: number;
}

/** Looks at every file there. */
export async function sizesBeside({ store, database }: ResultsFolder): Promise<SizesBeside> {
  const { scratch, damaged, tmp } = STORE_FOLDERS;
  return {
    scratch: await bytesBelow(`${store}/${scratch}`),
    aside: await bytesBelow(`${store}/${damaged}`) + await bytesBelow(`${store}/${tmp}`),
    database: await bytesBelow(database) + await bytesBelow(logOf(database)),
  };
}

/** The size of a file, or of all files below a folder; 0 for what is not there, or goes meanwhile. */
async function bytesBelow(path: string): Promise<number> {
  try {
    const info = await Deno.lstat(path);
    if (!info.isDirectory) return info.size;
    let bytes = 0;
    for await (const { name } of Deno.readDir(path)) bytes += await bytesBelow(`${path}/${name}`);
    return bytes;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}
