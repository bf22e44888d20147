/** Whether packages for GPUs can be installed on this machine at all, and on this disk. */
import { statfsSync } from "node:fs";
import { join } from "node:path";
import { formatBytes } from "../base/count.ts";
import { ExperimentError } from "../base/errors.ts";

/** Unpacking takes some of a disk besides. */
const SPARE_BYTES = 200e6;

/** How large packages are. */
export interface PackageSize {
  /** Bytes to download. */
  readonly downloadBytes: number;
  /** Bytes when they are unpacked. */
  readonly diskBytes: number;
}

/**
 * Asks for the platform that packages are made for, and for room.
 *
 * @param cache an existing folder, or one that is to be made
 * @param size of the packages; installers keep what they fetch once more, to go on with it
 * @throws ExperimentError "gpu/platform", "gpu/space"
 */
export function checkMachine(cache: string, { downloadBytes, diskBytes }: PackageSize): void {
  const { os, arch } = Deno.build;
  if (os !== "linux" || arch !== "x86_64") {
    throw new ExperimentError("gpu/platform", `there are no packages for ${os} on ${arch}`, {
      mend: 'use Linux on x86-64, or the device "cpu"',
    });
  }
  const needed = 2 * downloadBytes + diskBytes + SPARE_BYTES, free = freeBytes(cache);
  if (free >= needed) return;
  throw new ExperimentError(
    "gpu/space",
    `it takes ${formatBytes(needed)} while it is unpacked, and the disk has ${formatBytes(free)}`,
    { at: { file: cache }, mend: "make room, or set XDG_CACHE_HOME to a folder on another disk" },
  );
}

/** What a disk has for this user; the folder itself need not be there yet. */
function freeBytes(folder: string): number {
  for (let path = folder;; path = join(path, "..")) {
    try {
      const { bavail, bsize } = statfsSync(path);
      return bavail * bsize;
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOENT" || path === "/") throw error;
    }
  }
}
