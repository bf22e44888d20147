/**
 * Chooses a device where the user leaves it open: a GPU that can be used, else XLA on the CPU for
 * a spec that gains by it, else the CPU.
 *
 * The device is part of every key, so the choice must not change with what a call leaves out of a
 * spec. What the spec comes to is asked of `run/xla_gain.ts`, which looks at all of it.
 */
import { ExperimentError } from "../base/errors.ts";
import { DEFAULT_DEVICE, type DeviceName, DEVICES } from "./devices.ts";

/** The name that stands for a choice. */
export const AUTO = "auto";

/** The least of a spec's operations for which XLA on the CPU is worth what it takes to compile. */
export const LEAST_GAINING_FLOPS = 1e14;

/** The least part of a spec's operations that must gain by it. */
const LEAST_GAINING_SHARE = 0.9;

/** What of a spec gains by XLA on the CPU. */
export interface XlaGain {
  /** Operations of all that it computes. */
  readonly flops: number;
  /** Of these, of trainings that take less time there, whatever the number of threads. */
  readonly gainingFlops: number;
}

/** A choice. */
export interface Choice {
  /** A name of the table. */
  readonly device: DeviceName;
  /** Why it was chosen, in a few words. */
  readonly why: string;
}

/** What a choice is made by. */
export interface ChooseOptions {
  /** Asks a device, and rejects where it cannot be used; absent: asks the devices themselves. */
  readonly check?: (name: DeviceName) => Promise<void>;
  /**
   * What the spec gains, or undefined where it cannot be read as it is written; asked where it
   * decides. Absent: there is no spec.
   */
  readonly gain?: () => Promise<XlaGain | undefined>;
}

/** Asks the devices. */
export async function chooseDevice(
  { check = async (name) => await DEVICES[name].check?.(), gain }: ChooseOptions = {},
): Promise<Choice> {
  const error = await whyNot("cuda", check);
  if (error === undefined) return { device: "cuda", why: "it can be used here" };
  const noGpu = `cuda cannot be used: ${error.faults[0].message}`;
  if (await whyNot("xla-cpu", check) !== undefined) return { device: DEFAULT_DEVICE, why: noGpu };
  const { gains, why } = judge(gain === undefined ? "no spec" : await gain());
  return { device: gains ? "xla-cpu" : DEFAULT_DEVICE, why: `${noGpu}; ${why}` };
}

/** What gains, said of any spec. */
const RULE = `${share(LEAST_GAINING_SHARE)} of a spec's FLOPs, and at least ` +
  `${scientific(LEAST_GAINING_FLOPS)}, are of pre-trainings of models no wider than 64`;

function judge(
  gain: XlaGain | undefined | "no spec",
): { readonly gains: boolean; readonly why: string } {
  const isThere = `xla-cpu is there too, and taken where ${RULE}`;
  if (gain === "no spec") return { gains: false, why: isThere };
  if (gain === undefined) {
    return { gains: false, why: `${isThere}; this one cannot be read as it is written` };
  }
  const { flops, gainingFlops } = gain, part = flops === 0 ? 0 : gainingFlops / flops;
  if (gainingFlops < LEAST_GAINING_FLOPS || part < LEAST_GAINING_SHARE) {
    const own = `${scientific(gainingFlops)} of ${scientific(flops)}`;
    return { gains: false, why: `${isThere}: of this one ${own}` };
  }
  return {
    gains: true,
    why: `${share(part)} of the spec's ${scientific(flops)} FLOPs are of pre-trainings of models ` +
      "no wider than 64, which take less time on xla-cpu",
  };
}

function share(part: number): string {
  return `${Math.floor(100 * part)} percent`;
}

/** A count as people read it: "2e14", "4.1e12", "0". */
function scientific(count: number): string {
  return count === 0 ? "0" : count.toExponential(1).replace(".0", "").replace("+", "");
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
