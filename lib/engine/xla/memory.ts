/** What a compiled program takes of a device's memory, known before it runs. */
import type { ProgramMemory } from "./pjrt/executable.ts";

/** The most at any time, inputs counted; from its parts where the plugin does not tell. */
export function needOf(memory: ProgramMemory): number {
  const { argumentBytes, outputBytes, aliasBytes, temporaryBytes, peakBytes } = memory;
  return Math.max(peakBytes, argumentBytes + outputBytes - aliasBytes + temporaryBytes);
}

const GIGABYTE = 1e9;
const MEGABYTE = 1e6;

/** A size as people read it: "29.9 GB", "14 MB". */
export function formatBytes(bytes: number): string {
  return bytes >= GIGABYTE
    ? `${(bytes / GIGABYTE).toFixed(1)} GB`
    : `${Math.ceil(bytes / MEGABYTE)} MB`;
}
