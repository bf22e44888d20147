/** What a compiled program takes of a device's memory, known before it runs. */
import { formatBytes } from "../../base/count.ts";
import { ExperimentError } from "../../base/errors.ts";
import type { ProgramMemory } from "./pjrt/executable.ts";

/** Says how many gigabytes of a device's memory may be taken, where that is less than it has. */
export const MEMORY_VARIABLE = "TITRATE_DEVICE_GB";

/**
 * How much of a device's memory may be taken; undefined where nobody says.
 *
 * @param deviceBytes what the plugin gives this process, which knows its share
 * @param options share: the part of the device that is this process's, at most 1
 * @throws ExperimentError "engine/memory-variable" where the variable is no size
 */
export function memoryLimit(
  deviceBytes: number | undefined,
  { share }: { readonly share: number },
): number | undefined {
  const given = Deno.env.get(MEMORY_VARIABLE) ?? "",
    named = given === "" ? Infinity : Number(given);
  if (!(named > 0)) {
    throw new ExperimentError("engine/memory-variable", `${MEMORY_VARIABLE} is "${given}"`, {
      mend: "give the gigabytes of a device's memory that may be taken, such as 40, or unset it",
    });
  }
  const limit = Math.min(deviceBytes ?? Infinity, named * 1e9 * share);
  return limit === Infinity ? undefined : Math.floor(limit);
}

/** The most at any time, inputs counted; from its parts where the plugin does not tell. */
export function needOf(memory: ProgramMemory): number {
  const { argumentBytes, outputBytes, aliasBytes, temporaryBytes, peakBytes } = memory;
  return Math.max(peakBytes, argumentBytes + outputBytes - aliasBytes + temporaryBytes);
}

/**
 * Refuses a program that takes more than the device has to give.
 *
 * @param options needBytes: with what else is there; stateBytes: of it what is there whatever
 *   the rows; limitBytes: undefined where the plugin does not tell
 * @throws ExperimentError "engine/memory"
 */
export function checkFits(
  { needBytes, stateBytes, limitBytes }: {
    readonly needBytes: number;
    readonly stateBytes: number;
    readonly limitBytes: number | undefined;
  },
): void {
  if (limitBytes === undefined || needBytes <= limitBytes) return;
  throw new ExperimentError(
    "engine/memory",
    `the program takes ${formatBytes(needBytes)} of the device's memory, ` +
      `which has ${formatBytes(limitBytes)} to give`,
    {
      mend: stateBytes < limitBytes
        ? "lower the rows that are computed at once, or their length"
        : `use a smaller model or a device with more memory: ${formatBytes(stateBytes)} are ` +
          "the model's own",
    },
  );
}
