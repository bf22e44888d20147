/** The executor of this machine for a study: its slots, threads, memory and permissions. */
import { resolve } from "node:path";
import { grant } from "../base/rights.ts";
import { type Device, deviceOf } from "../engine/devices.ts";
import type { Job } from "../executor/executor.ts";
import { LocalExecutor, type LocalExecutorOptions } from "../executor/local/local_executor.ts";
import type { TaskKind } from "../graph/task.ts";
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
    ...placesOn(device, { jobs, kinds: graph.kinds }),
    threads: (load) => device.threads({ ...load, jobs }),
  });
}

/** What a study's workers stay warm for, and what of the device's memory is theirs. */
type Places = Required<Pick<LocalExecutorOptions, "warmFor" | "endsBefore" | "memoryShare">>;

/**
 * Memory of a GPU is a worker's until it ends: none is to hold it that does other work, and one
 * that had all of it must be gone before others share it, and the other way round.
 */
export function placesOn(
  device: Pick<Device, "slots" | "trainingSlots">,
  { jobs, kinds }: { readonly jobs: number; readonly kinds: ReadonlyMap<string, TaskKind> },
): Places {
  const slots = device.slots(), isParted = device.trainingSlots() > 1;
  const memoryShare = ({ kind }: Pick<Job, "kind">) =>
    isParted && kinds.get(kind)!.sharesDevice === true ? 1 / slots : undefined;
  const warmFor = (job: Job) => {
    const { isNumeric } = kinds.get(job.kind)!;
    if (!isNumeric && (isParted || slots < jobs)) return "";
    return memoryShare(job) === undefined ? job.device : `a part of ${job.device}`;
  };
  const endsBefore = (warm: string, job: Job) => {
    const own = warmFor(job);
    return isParted && own !== "" && warm !== "" && warm !== own;
  };
  return { warmFor, endsBefore, memoryShare };
}
