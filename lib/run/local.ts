/** The executor of this machine for a study: its slots, threads and permissions. */
import { resolve } from "node:path";
import { grant } from "../base/rights.ts";
import { deviceOf } from "../engine/devices.ts";
import { LocalExecutor } from "../executor/local/local_executor.ts";
import type { Study } from "./study.ts";

/** Worker processes for a study's tasks, `jobs` at a time; close it. */
export function openLocalExecutor(
  { experiment, options, store, graph }: Study,
  { jobs }: { readonly jobs: number },
): LocalExecutor {
  const device = deviceOf(options.device);
  // The environment of workers is made by name, so they may read all of it.
  const rights = grant({ write: resolve(store.root), env: ["*"], ffi: true });
  if (rights.startIn !== undefined) Deno.mkdirSync(rights.startIn, { recursive: true });
  return new LocalExecutor({
    worker: options.worker,
    grant: rights,
    also: experiment.secrets,
    slots: jobs,
    store,
    // Memory of a GPU is a worker's until it ends: none is to hold it that does other work.
    warmFor: ({ device: name, kind }) =>
      device.slots() >= jobs || graph.kinds.get(kind)!.isNumeric ? name : "",
    threads: (load) => device.threads({ ...load, jobs }),
  });
}
