/** How many tasks a device takes at a time, in words. */
import type { Device } from "../engine/devices.ts";

/** "2", or of a device that a pre-training takes for itself "1 pre-training or 4 others". */
export function formatSlots(device: Pick<Device, "slots" | "trainingSlots">): string {
  const slots = device.slots(), trainings = Math.floor(slots / device.trainingSlots());
  return trainings === slots
    ? String(slots)
    : `${trainings} ${trainings === 1 ? "pre-training" : "pre-trainings"} or ${slots} others`;
}
