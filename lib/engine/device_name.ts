/**
 * How a device is named together with what is chosen of it: "cuda",
 * "cuda:precision=float32,replicas=4".
 *
 * All of it stands in a result's key, so equal choices have one name.
 */
import { ExperimentError } from "../base/errors.ts";
import type { Precision } from "./xla/module.ts";

/** What can be chosen of a device; absent: the device's own default. */
export interface DeviceOptions {
  /** The type of the products' operands. */
  readonly precision?: Precision;
  /** How many devices of the machine train side by side, each on its part of a batch. */
  readonly replicas?: number;
}

/** A device as it is named. */
export interface NamedDevice {
  /** Its name in the table. */
  readonly device: string;
  /** What is chosen. */
  readonly options: DeviceOptions;
}

const PRECISIONS: readonly string[] = ["bfloat16", "float32"];
const MOST_REPLICAS = 64;

/**
 * Reads a name.
 *
 * @throws ExperimentError "engine/device-option"
 */
export function readDeviceName(name: string): NamedDevice {
  const [device, ...rest] = name.split(":") as [string, ...string[]];
  if (rest.length === 0) return { device, options: {} };
  let options: DeviceOptions = {};
  for (const choice of rest.join(":").split(",")) {
    const chosen = readOption(choice);
    for (const option of Object.keys(chosen)) {
      if (Object.hasOwn(options, option)) throw twice(option, name);
    }
    options = { ...options, ...chosen };
  }
  return { device, options };
}

function readOption(choice: string): DeviceOptions {
  const [option, ...values] = choice.split("=");
  const value = values.join("=");
  if (option === "precision" && PRECISIONS.includes(value)) {
    return { precision: value as Precision };
  }
  if (option === "replicas" && /^[1-9]\d*$/.test(value) && Number(value) <= MOST_REPLICAS) {
    return { replicas: Number(value) };
  }
  throw new ExperimentError("engine/device-option", `cannot read the device's option "${choice}"`, {
    mend: `write "precision=bfloat16", "precision=float32" or "replicas=N" with N from 1 to ` +
      `${MOST_REPLICAS}, several with commas: "cuda:precision=float32,replicas=4"`,
  });
}

function twice(option: string, name: string): ExperimentError {
  return new ExperimentError(
    "engine/device-option",
    `the device's option "${option}" stands twice in "${name}"`,
    { mend: `write "${option}=" once` },
  );
}
