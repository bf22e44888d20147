/**
 * Chooses a device where the user leaves it open: a GPU that can be used, else the CPU.
 *
 * XLA on the CPU is left to those who name it. A step takes it 0.74 to 0.92 of the CPU engine's
 * time without dropout, as much with it, and each new shape some seconds of compiling first: long
 * trainings gain, a study of many small ones loses. Which a study is must not be guessed from what
 * is left of it, as the device is part of every key.
 */
import { ExperimentError } from "../base/errors.ts";
import { DEFAULT_DEVICE, type DeviceName, DEVICES } from "./devices.ts";

/** The name that stands for a choice. */
export const AUTO = "auto";

/** What is preferred to the default device, in this order. */
const PREFERRED: readonly DeviceName[] = ["cuda"];

/** What is told where it can be used, and why it is not taken. */
const WORTH_NAMING: Partial<Record<DeviceName, string>> = {
  "xla-cpu": "is there too, and faster a step in long trainings without dropout, but slow to begin",
};

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
    const error = await whyNot(device, check);
    if (error === undefined) return { device, why: "it can be used here" };
    reasons.push(`${device} cannot be used: ${error.faults[0].message}`);
  }
  for (const [device, what] of Object.entries(WORTH_NAMING)) {
    if (await whyNot(device as DeviceName, check) === undefined) {
      reasons.push(`${device} ${what}: ask for it by --device ${device}`);
    }
  }
  return { device: DEFAULT_DEVICE, why: reasons.join("; ") };
}

async function whyNot(
  device: DeviceName,
  check: (name: DeviceName) => Promise<void>,
): Promise<ExperimentError | undefined> {
  try {
    await check(device);
    return undefined;
  } catch (error) {
    if (error instanceof ExperimentError) return error;
    throw error;
  }
}
