/** The command `devices`: where numbers can be computed, and what is usable here. */
import { ExperimentError } from "../base/errors.ts";
import { AUTO, chooseDevice } from "../engine/choose_device.ts";
import { DEFAULT_DEVICE, type Device, type DeviceName, DEVICES } from "../engine/devices.ts";
import { formatSlots } from "./device_slots.ts";
import { formatTable } from "../report/text/table.ts";
import { writeOutput } from "./streams.ts";

/** Prints a line a device; each is asked whether it can be used on this machine now. */
export async function devices(): Promise<void> {
  const lines: string[][] = [];
  const notes: string[] = [];
  const faults = new Map<string, ExperimentError>();
  for (const [name, device] of Object.entries(DEVICES)) {
    const error = await whyNot(device);
    if (error !== undefined) faults.set(name, error);
    const fault = error && textOf(error);
    lines.push([
      name,
      fault === undefined ? "yes" : "no",
      formatSlots(device),
      `${device.about}${name === DEFAULT_DEVICE ? " (the default)" : ""}`,
    ]);
    if (fault !== undefined) notes.push(`${name}: ${fault}`);
    if (device.untried !== undefined) notes.push(`${name}: ${device.untried}`);
  }
  const check = (name: DeviceName) => {
    const error = faults.get(name);
    return error === undefined ? Promise.resolve() : Promise.reject(error);
  };
  const { device, why } = await chooseDevice({ check });
  notes.push(`--device ${AUTO} takes ${device}: ${why}`);
  const head = ["device", "usable here", "tasks at once", "what it is"];
  const table = formatTable(head, lines, { right: () => false });
  writeOutput(`${[table, ...notes.map((note) => `\n${note}`)].join("\n")}\n`);
}

async function whyNot(device: Device): Promise<ExperimentError | undefined> {
  try {
    await device.check?.();
    return undefined;
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    return error;
  }
}

function textOf({ faults }: ExperimentError): string {
  return faults.map(({ message, mend }) =>
    mend === undefined ? message : `${message}\n  mend: ${mend}`
  ).join("\n");
}
