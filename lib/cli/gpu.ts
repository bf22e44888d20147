/**
 * The commands `gpu install`, which brings what the device `cuda` needs, and `gpu doctor`, which
 * looks at all of it.
 *
 * The installation is asked for by a process that may start nothing; where it is agreed to, that
 * becomes one that may start the installer and write to the user's cache.
 */
import { formatBytes } from "../base/count.ts";
import { ExperimentError } from "../base/errors.ts";
import { userCache } from "../base/user_cache.ts";
import { askDriver } from "../engine/xla/cuda_driver.ts";
import { examine } from "../gpu/doctor.ts";
import {
  checkRoom,
  cudaFolder,
  installCuda,
  installedPlugin,
  type InstallerCall,
} from "../gpu/install.ts";
import {
  checkTfjsRoom,
  findBash,
  installTfjs,
  isTfjsInstalled,
  tfjsFolder,
  tfjsSize,
} from "../gpu/install_tfjs.ts";
import { findInstaller, type Installer } from "../gpu/installer.ts";
import { CUDA_PACKAGES, type CudaVersion, tooOldFor, totalOf } from "../gpu/packages.ts";
import { formatTable } from "../report/text/table.ts";
import { EXIT } from "./exit.ts";
import { become } from "./launch/launch.ts";
import { installingRights } from "./launch/rights.ts";
import { printError, writeData, writeOutput } from "./streams.ts";

/** What `gpu install` is given. */
export interface GpuInstallOptions {
  /** The version of CUDA; absent: the newest that the driver serves. */
  readonly cuda?: CudaVersion | undefined;
  /** Whether the package of the device `tfjs-node-gpu` is meant. */
  readonly tfjs: boolean;
  /** Whether NVIDIA's libraries are there for that, and need not be fetched. */
  readonly withoutCuda: boolean;
  /** Whether it may begin without being asked. */
  readonly yes: boolean;
}

/**
 * Says what would be brought and how large it is, asks, and becomes the process that does it.
 *
 * @returns the exit code where nothing is to be done
 * @throws ExperimentError where it cannot be done here
 */
export function installGpu(options: GpuInstallOptions): number {
  if (options.tfjs) return installTfjsPackage(options);
  const { cuda: asked, yes } = options;
  const cache = cacheFolder(), driver = askDriver(), cuda = asked ?? newestFor(driver);
  const warning = tooOldFor(cuda, driver);
  if (warning !== undefined) printError(warning);
  const there = installedPlugin(cache, cuda);
  if (there !== undefined) {
    printError("it is installed already; see whether all is well: deno task gpu doctor");
    writeData(`${there}\n`);
    return EXIT.done;
  }
  checkRoom(cache, cuda);
  const installer = findInstaller(Deno.env.get("PATH") ?? "");
  const packages = CUDA_PACKAGES[cuda], { downloadBytes, diskBytes } = totalOf(packages);
  const rows = packages.wheels.map(({ name, version, downloadBytes, diskBytes }) => [
    name,
    version,
    formatBytes(downloadBytes),
    formatBytes(diskBytes),
  ]);
  rows.push(["in all", "", formatBytes(downloadBytes), formatBytes(diskBytes)]);
  const head = ["package", "version", "to download", "on disk"];
  printError(formatTable(head, rows, { right: (column) => column > 1 }));
  printError(
    `\n${installer.program} brings them into ${cudaFolder(cache, cuda)}.\n` +
      "The plugin is Apache-2.0, the libraries are under NVIDIA's own licences. Hashes are checked.",
  );
  if (!yes && !isAgreed()) return leaveIt();
  const { program, name } = installer;
  return become(installingRights({ cache, program }), [
    ...["gpu", "bring", "--cuda", cuda, "--program", program, "--installer", name],
  ]);
}

function installTfjsPackage({ withoutCuda, yes }: GpuInstallOptions): number {
  const cache = cacheFolder(), folder = tfjsFolder(cache);
  if (isTfjsInstalled(cache)) {
    printError('it is installed already: see "deno task devices"');
    writeData(`${folder}\n`);
    return EXIT.done;
  }
  checkTfjsRoom(cache, { withoutCuda });
  const program = findBash(Deno.env.get("PATH") ?? "");
  const { downloadBytes, diskBytes } = tfjsSize({ withoutCuda });
  printError(
    `Builds the binding of @tensorflow/tfjs-node-gpu against the TensorFlow of PyPI in\n${folder}\n` +
      `To download: ${formatBytes(downloadBytes)}${
        withoutCuda ? "" : " with NVIDIA's libraries"
      }, ` +
      `by npm and pip, which check what they fetch. On the disk: about ${formatBytes(diskBytes)}.`,
  );
  if (!yes && !isAgreed()) return leaveIt();
  return become(installingRights({ cache, program }), [
    ...["gpu", "bring", "--tfjs", "--program", program],
    ...(withoutCuda ? ["--without-cuda"] : []),
  ]);
}

function leaveIt(): number {
  printError("nothing was fetched");
  return EXIT.interrupted;
}

function isAgreed(): boolean {
  if (!Deno.stdin.isTerminal()) {
    throw new ExperimentError("cli/not-agreed", "there is no terminal to ask whether to go on", {
      mend: "add --yes",
    });
  }
  return confirm("Go on?");
}

function cacheFolder(): string {
  const cache = userCache();
  if (cache !== undefined) return cache;
  throw new ExperimentError("cli/no-cache", "neither HOME nor XDG_CACHE_HOME names a folder", {
    mend: "set XDG_CACHE_HOME to the folder to install below",
  });
}

function newestFor(driver: ReturnType<typeof askDriver>): CudaVersion {
  if ("why" in driver) {
    printError("no driver tells which CUDA it serves: the packages for CUDA 12 are taken");
    return "12";
  }
  return driver.version >= CUDA_PACKAGES["13"].leastDriver ? "13" : "12";
}

/** What the process is given that the installation becomes. */
export type GpuBringOptions =
  & { readonly program: string }
  & (
    | { readonly tfjs: true; readonly withoutCuda: boolean }
    | {
      readonly tfjs: false;
      readonly cuda: CudaVersion;
      readonly installer: Installer["name"];
    }
  );

/** The process that the installation becomes. Prints the plugin's path, or the package's folder. */
export async function bringGpu(options: GpuBringOptions): Promise<void> {
  const cache = cacheFolder(), { program } = options;
  const start = async ({ args, temporary }: InstallerCall) => {
    const child = new Deno.Command(program, {
      args: [...args],
      env: { TMPDIR: temporary },
      stdin: "null",
      stdout: "piped",
    }).spawn();
    // What it tells is no result of ours.
    for await (const chunk of child.stdout) Deno.stderr.writeSync(chunk);
    return (await child.status).code;
  };
  if (options.tfjs) {
    const folder = await installTfjs({ cache, withoutCuda: options.withoutCuda }, start);
    printError('installed: see "deno task devices"');
    writeData(`${folder}\n`);
    return;
  }
  const installer = { program, name: options.installer };
  const plugin = await installCuda({ cache, cuda: options.cuda, installer }, start);
  printError("installed; see whether all is well: deno task gpu doctor");
  writeData(`${plugin}\n`);
}

/**
 * Prints what is found of each thing that the device needs.
 *
 * @returns the exit code: 0 where all is well
 */
export async function gpuDoctor(): Promise<number> {
  let isWell = true;
  for await (const finding of examine()) {
    isWell &&= finding.isWell;
    const [first, ...more] = finding.told;
    writeOutput(`${finding.isWell ? "well " : "wrong"}  ${finding.what}: ${first}\n`);
    for (const line of more) writeOutput(`       ${line}\n`);
    if (finding.mend !== undefined) writeOutput(`       mend: ${finding.mend}\n`);
  }
  writeOutput(isWell ? 'the device "cuda" can be used\n' : 'the device "cuda" cannot be used\n');
  return isWell ? EXIT.done : EXIT.failed;
}
