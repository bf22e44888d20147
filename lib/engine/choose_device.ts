/** Chooses a device where the user leaves it open: a GPU that can be used, else the CPU. */
import { ExperimentError } from "../base/errors.ts";
import { DEFAULT_DEVICE, type DeviceName, DEVICES } from "./devices.ts";

/** The name that stands for a choice. */
export const AUTO = "auto";

/** What is preferred to the default device, in this order. */
const PREFERRED: readonly DeviceName[] = ["cuda"];

/** A choice. */
export interface Choice {
  /** A name of the table. */
  readonly device: DeviceName;
  /** Why it was chosen, in a few words. */
  readonly why: string;
}

/**
 * Asks the devices.
 *
 * @param check asks one, and rejects where it cannot be used
 */
export async function chooseDevice(
  check: (name: DeviceName) => Promise<void> = async (name) => await DEVICES[name].check?.(),
): Promise<Choice> {
  const reasons: string[] = [];
  for (const device of PREFERRED) {
    try {
      await check(device);
      return { device, why: "it can be used here" };
    } catch (error) {
      if (!(error instanceof ExperimentError)) throw error;
      reasons.push(`${device} cannot be used: ${error.faults[0].message}`);
    }
  }
  return { device: DEFAULT_DEVICE, why: reasons.join("; ") };
}
