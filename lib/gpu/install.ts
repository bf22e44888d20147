/**
 * Brings the plugin of the device `cuda`, and NVIDIA's libraries, into the user's cache.
 *
 * The packages go into a folder beside, which is renamed when it is whole: what lies at its
 * name is complete.
 */
import { join } from "node:path";
import { ExperimentError } from "../base/errors.ts";
import { isThere, removeIfThere } from "../base/files.ts";
import { isRunning } from "../base/process.ts";
import { checkMachine } from "./machine.ts";
import { installArguments, type Installer } from "./installer.ts";
import { CUDA_PACKAGES, type CudaVersion, requirementsOf, totalOf } from "./packages.ts";

/** How the installer is started. */
export interface InstallerCall {
  /** Its arguments. */
  readonly args: readonly string[];
  /** The folder for its temporary files: on the disk that was seen to have room for them. */
  readonly temporary: string;
}

/** The folder, below the user's cache, of the packages of a version. */
export function cudaFolder(cache: string, cuda: CudaVersion): string {
  const [plugin] = CUDA_PACKAGES[cuda].wheels;
  return join(cache, `xla-cuda${cuda}-${plugin.version}`);
}

/** The plugin, if its packages are installed in that folder. */
export function installedPlugin(cache: string, cuda: CudaVersion): string | undefined {
  const plugin = join(cudaFolder(cache, cuda), CUDA_PACKAGES[cuda].plugin);
  return isThere(plugin) ? plugin : undefined;
}

/**
 * Sees whether the packages can be installed here, before anything is fetched.
 *
 * @throws ExperimentError as `checkMachine` does
 */
export function checkRoom(cache: string, cuda: CudaVersion): void {
  checkMachine(cache, totalOf(CUDA_PACKAGES[cuda]));
}

/**
 * Installs the packages.
 *
 * @param start runs the installer and gives its exit code
 * @returns the plugin's path
 * @throws ExperimentError "gpu/install" where the installer fails; what was there stays
 */
export async function installCuda(
  { cache, cuda, installer }: {
    readonly cache: string;
    readonly cuda: CudaVersion;
    readonly installer: Installer;
  },
  start: (call: InstallerCall) => Promise<number>,
): Promise<string> {
  const packages = CUDA_PACKAGES[cuda];
  const folder = cudaFolder(cache, cuda), part = `${folder}${PART}${Deno.pid}`;
  await Deno.mkdir(cache, { recursive: true });
  await removeParts(cache);
  const target = join(part, "packages"), temporary = join(part, "temporary");
  try {
    for (const each of [target, temporary]) await Deno.mkdir(each, { recursive: true });
    const requirements = join(target, "requirements.txt");
    await Deno.writeTextFile(requirements, requirementsOf(packages));
    const args = installArguments(installer, { requirements, folder: target });
    const code = await start({ args, temporary });
    if (code !== 0) throw failed(`${installer.name} ended with exit code ${code}`);
    if (!isThere(join(target, packages.plugin))) {
      throw failed(`${installer.name} left no ${packages.plugin}`);
    }
    await removeIfThere(folder);
    await Deno.rename(target, folder);
  } finally {
    await removeIfThere(part);
  }
  return join(folder, packages.plugin);
}

/** Begins the last part of the name of a folder that is not whole; its process's number follows. */
const PART = ".part-";

/** Removes what installations left that were killed: gigabytes. */
async function removeParts(cache: string): Promise<void> {
  for await (const { name } of Deno.readDir(cache)) {
    const [, pid] = /\.part-(\d+)$/.exec(name) ?? [];
    if (pid !== undefined && !isRunning(Number(pid))) await removeIfThere(join(cache, name));
  }
}

function failed(message: string): ExperimentError {
  return new ExperimentError("gpu/install", `the packages were not installed: ${message}`, {
    mend: "see what it printed; run the same command again, which goes on with what it had " +
      "fetched, or name a plugin that is there by TITRATE_PJRT_PLUGIN",
  });
}
