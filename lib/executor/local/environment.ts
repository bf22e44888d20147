/**
 * The environment of workers, made by name.
 *
 * A worker gets what Deno, numeric libraries and clusters are known to need and
 * nothing else. Where native libraries are looked for (`LD_LIBRARY_PATH`) Deno does
 * not let a process pass on that may only start some programs: `env` sets it then.
 */

/** Variables that a worker is started with, where they are set; "*" stands for any ending. */
export const WORKER_VARIABLES: readonly string[] = [
  "PATH",
  "VIRTUAL_ENV",
  "HOME",
  "USER",
  "LOGNAME",
  "TMPDIR",
  "TZ",
  "LANG",
  "LC_*",
  "NO_COLOR",
  "XDG_CACHE_HOME",
  "DENO_*",
  "NPM_CONFIG_*",
  "TITRATE_*",
  "CUDA_*",
  "NVIDIA_*",
  "NCCL_*",
  "ROCR_*",
  "HIP_*",
  "XLA_*",
  "TF_*",
  "ORT_*",
  "OMP_*",
  "KMP_*",
  "MKL_*",
  "OPENBLAS_*",
  "GOMP_*",
  "MALLOC_*",
  "SLURM_*",
];

/** Where the system looks for native libraries; passed on by `env`. */
export const LIBRARY_PATHS: readonly string[] = [
  "LD_LIBRARY_PATH",
  "DYLD_LIBRARY_PATH",
  "DYLD_FALLBACK_LIBRARY_PATH",
];

/** The program that sets them. */
export const ENV_PROGRAM = "/usr/bin/env";

/**
 * The variables of an environment that workers get, without the library paths.
 *
 * @param also those that their tasks ask for by name, such as secrets
 */
export function workerEnvironment(
  all: Readonly<Record<string, string>>,
  also: readonly string[] = [],
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => isForWorkers(name) || also.includes(name)),
  );
}

/** The library paths that are set, each as `NAME=value`. */
export function libraryPaths(all: Readonly<Record<string, string>>): string[] {
  return LIBRARY_PATHS.filter((name) => (all[name] ?? "") !== "")
    .map((name) => `${name}=${all[name]}`);
}

function isForWorkers(name: string): boolean {
  return WORKER_VARIABLES.some((each) =>
    each.endsWith("*") ? name.startsWith(each.slice(0, -1)) : name === each
  );
}
