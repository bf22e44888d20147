/** How a training's batches are shared out among the replicas of its device. */
import { ExperimentError } from "../../base/errors.ts";
import { canonicalDeviceName, deviceOf } from "../../engine/devices.ts";
import { readDeviceName } from "../../engine/device_name.ts";

/** What of a training's params says how many rows are computed at once. */
export interface RowParams {
  /** Rows a batch. */
  readonly rows: number;
  /** Rows that are computed at once; absent: all. */
  readonly microBatch?: number | undefined;
}

/**
 * Params whose micro-batches the device's replicas can share evenly: of as many rows as
 * they ask for, or fewer. One replica leaves them as they are.
 *
 * @throws ExperimentError "tasks/params" where a batch's rows do not divide among the replicas
 */
export function forReplicas<Params extends RowParams>(params: Params, device: string): Params {
  const { replicas = 1 } = deviceOf(device).numerics;
  if (replicas === 1) return params;
  const { rows, microBatch = rows } = params;
  if (rows % replicas !== 0) {
    throw new ExperimentError(
      "tasks/params",
      `rows: a batch of ${rows} rows does not divide among ${replicas} replicas`,
      { mend: `give a multiple of ${replicas}, or ask for fewer replicas` },
    );
  }
  const own = rows / replicas;
  const sizes = Array.from({ length: own }, (_, i) => own - i);
  return { ...params, microBatch: sizes.find((each) => own % each === 0 && each <= microBatch)! };
}

/**
 * The device with one replica: what works with batches of many shapes, or few rows, takes no
 * more of the machine's devices than one.
 */
export function withoutReplicas<Device extends { readonly name: string }>(device: Device): Device {
  const { device: name, options: { precision } } = readDeviceName(device.name);
  if (precision === undefined) return { ...device, name };
  return { ...device, name: canonicalDeviceName(`${name}:precision=${precision}`) };
}
