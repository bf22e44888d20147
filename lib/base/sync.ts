/** Forcing files and folders to the disk, so that a power cut does not lose them. */

/** Forces a file's content, or the names in a folder, to the disk. Windows has no folders to force. */
export async function syncPath(path: string): Promise<void> {
  if (Deno.build.os === "windows" && (await Deno.stat(path)).isDirectory) return;
  using file = await Deno.open(path);
  await file.sync();
}
