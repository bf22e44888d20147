/** What a compiled program takes of a device's memory, known before it runs. */
import { ExperimentError } from "../../base/errors.ts";
import type { ProgramMemory } from "./pjrt/executable.ts";

/** The most at any time, inputs counted; from its parts where the plugin does not tell. */
export function needOf(memory: ProgramMemory): number {
  const { argumentBytes, outputBytes, aliasBytes, temporaryBytes, peakBytes } = memory;
  return Math.max(peakBytes, argumentBytes + outputBytes - aliasBytes + temporaryBytes);
}

/**
 * Refuses a program that takes more than the device has to give.
 *
 * Its inputs are for the most part the model and its moments, which are there whatever the
 * batch; what a step needs besides goes with the rows that are computed at once.
 *
 * @param limitBytes undefined where the plugin does not tell
 * @throws ExperimentError "engine/memory", with the share of the rows that would fit
 */
export function checkFits(memory: ProgramMemory, limitBytes: number | undefined): void {
  const needBytes = needOf(memory);
  if (limitBytes === undefined || needBytes <= limitBytes) return;
  const { argumentBytes } = memory;
  const share = Math.floor(100 * (limitBytes - argumentBytes) / (needBytes - argumentBytes));
  throw new ExperimentError(
    "engine/memory",
    `the program takes ${formatBytes(needBytes)} of the device's memory, ` +
      `which has ${formatBytes(limitBytes)} to give`,
    {
      mend: share >= 1
        ? `let a step go through the model in smaller parts: set "microBatch" to at most ` +
          `${share} percent of the rows, or lower the rows or their length`
        : `use a smaller model or a device with more memory: ${formatBytes(argumentBytes)} are ` +
          "the model's own",
    },
  );
}

const GIGABYTE = 1e9;
const MEGABYTE = 1e6;

/** A size as people read it: "29.9 GB", "14 MB". */
export function formatBytes(bytes: number): string {
  return bytes >= GIGABYTE
    ? `${(bytes / GIGABYTE).toFixed(1)} GB`
    : `${Math.ceil(bytes / MEGABYTE)} MB`;
}
