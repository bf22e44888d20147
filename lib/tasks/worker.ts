/** The module that worker processes run: serves every kind of the registry. */
import { deviceOf, openDevice } from "../engine/devices.ts";
import { productRate } from "../engine/product_rate.ts";
import type { Job } from "../executor/executor.ts";
import { serveWorker } from "../executor/worker.ts";
import type { TaskContext } from "../graph/task.ts";
import { keyNow } from "../graph/key_now.ts";
import { kinds } from "./registry.ts";

/** The key that a job has by its files as they are now. */
export async function keyOfJob({ kind, params, inputs, numerics }: Job): Promise<string> {
  return keyNow({ kind: (await kinds.get(kind))!, params, inputs, numerics });
}

const rates = new Map<string, Promise<number>>();

/** Measured once a process: it costs about as much as a short training's step. */
function rateOf(device: TaskContext<unknown>["device"]): Promise<number> {
  const key = `${device.name} ${device.threads}`;
  let rate = rates.get(key);
  if (rate === undefined) {
    const { productSize } = deviceOf(device.name);
    rate = openDevice(device).then((engine) => productRate(engine, productSize));
    rates.set(key, rate);
  }
  return rate;
}

if (import.meta.main) {
  serveWorker(kinds, {
    keyOf: keyOfJob,
    check: async (device) => await deviceOf(device).check?.(),
    productRate: rateOf,
  });
}
