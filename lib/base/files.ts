/** What writing to files takes again and again, where one call of Deno's need not do it all. */

/** Writes all of the bytes, which one `write` call need not do. */
export async function writeAll(
  file: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
}

/** Writes all of the bytes before it returns, which one `writeSync` call need not do. */
export function writeAllSync(
  file: { writeSync(bytes: Uint8Array): number },
  bytes: Uint8Array,
): void {
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
}

/** Removes a file, or a folder with all that is in it; absent is fine. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Forces a file's content, or the names in a folder, to the disk. Windows has no folders to force. */
export async function syncPath(path: string): Promise<void> {
  if (Deno.build.os === "windows" && (await Deno.stat(path)).isDirectory) return;
  using file = await Deno.open(path);
  await file.sync();
}

/** What stands at a path if it is no regular file, as in "it is ..."; undefined for a file. */
export function nonFile(info: Deno.FileInfo): string | undefined {
  if (info.isFile) return undefined;
  if (info.isDirectory) return "a folder";
  if (info.isFifo === true) return "a named pipe";
  if (info.isSocket === true) return "a socket";
  if (info.isSymlink) return "a link that leads back to itself";
  return info.isCharDevice === true || info.isBlockDevice === true ? "a device" : "no file";
}

/** Whether anything stands at a path that can be looked at. */
export function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
