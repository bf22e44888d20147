/**
 * Where a device's plugin is: a variable names it, or it lies in the user's cache, where
 * `gpu install` puts it, or where a Python has its packages.
 */
import { ExperimentError } from "../../base/errors.ts";
import { userCache } from "../../base/user_cache.ts";
import type { Platform } from "./module.ts";

/** Names the plugin's file. */
export const PLUGIN_VARIABLE = "TITRATE_PJRT_PLUGIN";

/** Below a Python's packages: the plugins for CUDA 13 and 12, as JAX's packages have them. */
const CUDA_FILES = ["xla_cuda13", "xla_cuda12"].map((each) =>
  `jax_plugins/${each}/xla_cuda_plugin.so`
);

/**
 * The path of a plugin.
 *
 * @throws ExperimentError "engine/pjrt-plugin" where there is none
 */
export function findPlugin(platform: Platform): string {
  const named = Deno.env.get(PLUGIN_VARIABLE) ?? "";
  if (named !== "") return named;
  const found = platform === "cuda" ? cudaPlugins() : [];
  if (found[0] !== undefined) return found[0];
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

/** The plugins for CUDA in the user's cache, then those of Pythons; the newest CUDA first. */
function cudaPlugins(): string[] {
  return [...pluginsIn(installedFolders()), ...pluginsIn(pythonFolders())];
}

function pluginsIn(folders: readonly string[]): string[] {
  return CUDA_FILES.flatMap((file) => folders.map((folder) => `${folder}/${file}`))
    .filter((path) => isFile(path));
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
