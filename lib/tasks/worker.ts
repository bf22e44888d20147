/** The module that worker processes run: serves every kind of the registry. */
import { deviceOf } from "../engine/devices.ts";
import type { Job } from "../executor/executor.ts";
import { serveWorker } from "../executor/worker.ts";
import { keyNow } from "../graph/key_now.ts";
import { kinds } from "./registry.ts";

/** The key that a job has by its files as they are now. */
export function keyOfJob({ kind, params, inputs, numerics }: Job): Promise<string> {
  return keyNow({ kind: kinds.get(kind)!, params, inputs, numerics });
}

if (import.meta.main) {
  serveWorker([...kinds.values()], {
    keyOf: keyOfJob,
    check: async (device) => await deviceOf(device).check?.(),
  });
}
