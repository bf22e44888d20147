/**
 * Where a device's plugin is: a variable names it, or it lies in the user's cache, where
 * `gpu install` puts it, or where a Python has its packages.
 */
import { resolve } from "node:path";
import { ExperimentError } from "../../base/errors.ts";
import { userCache } from "../../base/user_cache.ts";
import { askDriver } from "./cuda_driver.ts";
import type { Platform } from "./module.ts";

/** Names the plugin's file. */
export const PLUGIN_VARIABLE = "TITRATE_PJRT_PLUGIN";

/** Below a Python's packages: the plugins for CUDA 13 and 12, as JAX's packages have them. */
const CUDA_FILES = [13, 12].map((major) => ({
  major,
  file: `jax_plugins/xla_cuda${major}/xla_cuda_plugin.so`,
}));

/** A plugin for CUDA. */
interface CudaPlugin {
  readonly path: string;
  /** The version of CUDA that it is built for. */
  readonly major: number;
}

/** The newest CUDA that this machine's driver serves, as 1000 * major; undefined where none tells. */
export type ServedCuda = () => number | undefined;

/**
 * The path of a plugin.
 *
 * @param served asked where there are plugins for several versions of CUDA
 * @throws ExperimentError "engine/pjrt-plugin" where there is none
 */
export function findPlugin(platform: Platform, served: ServedCuda = servedHere): string {
  const named = namedPlugin();
  if (named !== undefined) return named;
  const found = platform === "cuda" ? newestServed(cudaPlugins(), served) : undefined;
  if (found !== undefined) return found;
  const needed = platform === "cuda"
    ? "the device needs a PJRT plugin for CUDA, and none is found"
    : `the device needs a PJRT plugin for the CPU, and ${PLUGIN_VARIABLE} names none`;
  throw new ExperimentError("engine/pjrt-plugin", needed, {
    mend: platform === "cuda"
      ? `install one by \`deno task gpu install\`, or set ${PLUGIN_VARIABLE} to the ` +
        "xla_cuda_plugin.so of one that is there"
      : `set ${PLUGIN_VARIABLE} to the shared library of one, or use the device "cpu"`,
  });
}

/** What to do about a plugin that cannot be loaded, wherever its path is from. */
export function mendPlugin(path: string): string {
  return path === namedPlugin()
    ? `let ${PLUGIN_VARIABLE} name the shared library of a PJRT plugin that is built for this ` +
      "machine, or unset it"
    : "remove its packages and bring them again (deno task gpu install), or let " +
      `${PLUGIN_VARIABLE} name another plugin`;
}

/** The loader looks for a bare name elsewhere than in this folder: paths are made whole. */
function namedPlugin(): string | undefined {
  const named = Deno.env.get(PLUGIN_VARIABLE) ?? "";
  return named === "" ? undefined : resolve(named);
}

/** The first that the driver serves; where it serves none of them the first, which tells so. */
function newestServed(plugins: readonly CudaPlugin[], served: ServedCuda): string | undefined {
  const [first] = plugins;
  if (plugins.every(({ major }) => major === first!.major)) return first?.path;
  const most = served() ?? Infinity;
  return (plugins.find(({ major }) => 1000 * major <= most) ?? first)?.path;
}

function servedHere(): number | undefined {
  const driver = askDriver();
  return "why" in driver ? undefined : driver.version;
}

/** The plugins for CUDA in the user's cache, then those of Pythons; the newest CUDA first. */
function cudaPlugins(): CudaPlugin[] {
  return [...pluginsIn(installedFolders()), ...pluginsIn(pythonFolders())];
}

function pluginsIn(folders: readonly string[]): CudaPlugin[] {
  return CUDA_FILES.flatMap(({ major, file }) =>
    folders.map((folder) => ({ major, path: `${folder}/${file}` }))
  ).filter(({ path }) => isFile(path));
}

/** Those that `gpu install` made; one that is not whole has a longer name. */
function installedFolders(): string[] {
  const cache = userCache();
  if (cache === undefined) return [];
  try {
    return [...Deno.readDirSync(cache)].map(({ name }) => name)
      .filter((name) => /^xla-cuda\d+-[\d.]+$/.test(name)).toSorted().reverse()
      .map((name) => `${cache}/${name}`);
  } catch {
    return [];
  }
}

/** The folders of packages of the Pythons on the search path. */
function pythonFolders(): string[] {
  const prefixes = [
    Deno.env.get("VIRTUAL_ENV") ?? "",
    ...(Deno.env.get("PATH") ?? "").split(":").map((each) => each.replace(/\/bin\/?$/, "")),
  ].filter((each) => each.startsWith("/"));
  return [...new Set(prefixes)].flatMap(packageFolders);
}

/** The folders of packages of the Pythons below a prefix. */
function packageFolders(prefix: string): string[] {
  try {
    return [...Deno.readDirSync(`${prefix}/lib`)]
      .filter(({ name }) => /^python3(\.\d+)?$/.test(name))
      .flatMap(({ name }) =>
        ["site-packages", "dist-packages"].map((each) => `${prefix}/lib/${name}/${each}`)
      );
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
