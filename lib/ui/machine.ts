/** How busy this computer is. */
import os from "node:os";

const GIGA = 1e9;

/** A computer at this moment. */
export interface MachineView {
  /** How many cores it has, and how many of them were at work since the last look. */
  readonly cores: number;
  /** From 0 to 1. */
  readonly coresShare: number;
  /** "1.8 / 2". */
  readonly coresText: string;
  /** From 0 to 1. */
  readonly memoryShare: number;
  /** "5.12 / 25.3 GB". */
  readonly memoryText: string;
}

/** Looks again and again; the share of busy cores is that since the last look. */
export class Machine {
  #last = times();

  /** The computer now. */
  look(): MachineView {
    const now = times();
    const all = now.all - this.#last.all, idle = now.idle - this.#last.idle;
    // Two looks in one tick of the clock tell nothing.
    const coresShare = all > 0 ? Math.max(0, Math.min(1, 1 - idle / all)) : 0;
    if (all > 0) this.#last = now;
    const { total, available } = Deno.systemMemoryInfo();
    const { cores } = now;
    return {
      cores,
      coresShare,
      coresText: `${(coresShare * cores).toFixed(1)} / ${cores}`,
      memoryShare: 1 - available / total,
      memoryText: `${((total - available) / GIGA).toFixed(1)} / ${(total / GIGA).toFixed(1)} GB`,
    };
  }
}

function times(): { cores: number; all: number; idle: number } {
  const cpus = os.cpus();
  const sum = (of: (times: os.CpuInfo["times"]) => number) =>
    cpus.reduce((total, { times }) => total + of(times), 0);
  return {
    cores: cpus.length,
    all: sum(({ user, nice, sys, idle, irq }) => user + nice + sys + idle + irq),
    idle: sum(({ idle }) => idle),
  };
}
