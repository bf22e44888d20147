/** The executor of this machine for a study: its slots, threads and permissions. */
import { deviceOf } from "../engine/devices.ts";
import { LocalExecutor } from "../executor/local/local_executor.ts";
import type { Study } from "./study.ts";

/** Worker processes for a study's tasks, `jobs` at a time; close it. */
export function openLocalExecutor(
  { options, store }: Study,
  { jobs }: { readonly jobs: number },
): LocalExecutor {
  const device = deviceOf(options.device);
  return new LocalExecutor({
    worker: options.worker,
    flags: workerFlags(options.results),
    slots: jobs,
    store,
    threads: (load) => device.threads({ ...load, jobs }),
  });
}

/** The flags of workers: what they may do, each permission named. */
function workerFlags(results: string): string[] {
  return [
    "--frozen",
    "--allow-read",
    `--allow-write=${results}`,
    "--allow-env",
    "--allow-ffi",
    "--allow-sys",
  ];
}
