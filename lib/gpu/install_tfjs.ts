/**
 * Builds the package of the device `tfjs-node-gpu` in the user's cache, by the script beside its
 * engine: whoever wants it elsewhere runs that script.
 *
 * What it builds names its own place, so it is made where it stays; the binding is its last file.
 */
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ExperimentError } from "../base/errors.ts";
import { isThere, removeIfThere } from "../base/files.ts";
import { BINDING, NODE_GPU_FOLDER } from "../engine/tfjs/node_gpu.ts";
import type { InstallerCall } from "./install.ts";
import { checkMachine, type PackageSize } from "./machine.ts";

const SCRIPT = fileURLToPath(new URL("../engine/tfjs/node_gpu.sh", import.meta.url));

/** What the script calls, and what brings it. */
const TOOLS = {
  bash: "bash",
  npm: "Node.js with npm",
  "g++": "a compiler for C++ (Debian: apt install g++)",
  python3: "Python 3.10 to 3.13 with pip",
};

/**
 * What is fetched and what it is then, with the packages of npm, TensorFlow and the binding.
 * Measured without NVIDIA's libraries; they unpack to 1.6 times their size, as those of `cuda`.
 */
export function tfjsSize({ withoutCuda }: { readonly withoutCuda: boolean }): PackageSize {
  return withoutCuda
    ? { downloadBytes: 0.6e9, diskBytes: 2.1e9 }
    : { downloadBytes: 3.3e9, diskBytes: 6.4e9 };
}

/** The folder in the user's cache that the package is built in. */
export function tfjsFolder(cache: string): string {
  return join(cache, NODE_GPU_FOLDER);
}

/** Whether it is there, and whole. */
export function isTfjsInstalled(cache: string): boolean {
  return isThere(join(tfjsFolder(cache), BINDING));
}

/**
 * Sees whether it can be built here, before anything is fetched.
 *
 * @throws ExperimentError as `checkMachine` does
 */
export function checkTfjsRoom(cache: string, options: { readonly withoutCuda: boolean }): void {
  checkMachine(cache, tfjsSize(options));
}

/**
 * The program that runs the script.
 *
 * @param path the variable PATH
 * @throws ExperimentError "gpu/tools" naming all that the script would miss
 */
export function findBash(path: string): string {
  const folders = path.split(":").filter(isAbsolute);
  const find = (name: string) =>
    folders.map((folder) => join(folder, name)).find((each) => isThere(each));
  const missing = Object.entries(TOOLS).filter(([name]) => find(name) === undefined);
  const bash = find("bash");
  if (missing.length === 0 && bash !== undefined) return bash;
  throw new ExperimentError(
    "gpu/tools",
    `the binding cannot be built without ${missing.map(([name]) => name).join(", ")}`,
    { mend: `install ${missing.map(([, what]) => what).join(", ")}` },
  );
}

/**
 * Builds it.
 *
 * @param start runs bash and gives its exit code
 * @returns the folder
 * @throws ExperimentError "gpu/install" where the script fails
 */
export async function installTfjs(
  { cache, withoutCuda }: { readonly cache: string; readonly withoutCuda: boolean },
  start: (call: InstallerCall) => Promise<number>,
): Promise<string> {
  const folder = tfjsFolder(cache);
  const temporary = join(folder, "temporary");
  await Deno.mkdir(temporary, { recursive: true });
  const args = [SCRIPT, folder, ...(withoutCuda ? ["--without-cuda"] : [])];
  const code = await start({ args, temporary }).finally(() => removeIfThere(temporary));
  if (code === 0 && isTfjsInstalled(cache)) return folder;
  throw new ExperimentError("gpu/install", `the package was not built: exit code ${code}`, {
    at: { file: SCRIPT },
    mend: "see what it printed, and run the same command again",
  });
}
