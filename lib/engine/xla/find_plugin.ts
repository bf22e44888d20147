/**
 * Where a device's plugin is: a variable names it, or it lies where Python's packages of it do.
 */
import { ExperimentError } from "../../base/errors.ts";
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
      ? `install one, such as the Python package jax-cuda12-pjrt with its NVIDIA libraries, ` +
        `and set ${PLUGIN_VARIABLE} to its xla_cuda_plugin.so`
      : `set ${PLUGIN_VARIABLE} to the shared library of one, or use the device "cpu"`,
  });
}

/** The plugins for CUDA that Pythons on the search path have, the newest CUDA first. */
function cudaPlugins(): string[] {
  const prefixes = [
    Deno.env.get("VIRTUAL_ENV") ?? "",
    ...(Deno.env.get("PATH") ?? "").split(":").map((each) => each.replace(/\/bin\/?$/, "")),
  ].filter((each) => each.startsWith("/"));
  const folders = [...new Set(prefixes)].flatMap(packageFolders);
  return CUDA_FILES.flatMap((file) => folders.map((folder) => `${folder}/${file}`))
    .filter((path) => isFile(path));
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
