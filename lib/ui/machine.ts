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

/** Two looks within this time are one, whoever asks: a few ticks of the clock tell nothing. */
const LOOK_EVERY_MS = 900;

/** Looks again and again; the share of busy cores is that since the last look. */
export class Machine {
  readonly #timesNow: () => CoreTimes;
  readonly #nowMs: () => number;
  #last: CoreTimes;
  #lookedAtMs = -Infinity;
  #view: MachineView | undefined;

  /**
   * Begins to count.
   *
   * @param clocks what the cores did and what time it is, for tests; this computer's otherwise
   */
  constructor(
    { timesNow = times, nowMs = () => performance.now() }: {
      readonly timesNow?: () => CoreTimes;
      readonly nowMs?: () => number;
    } = {},
  ) {
    this.#timesNow = timesNow;
    this.#nowMs = nowMs;
    this.#last = timesNow();
  }

  /** The computer now, the same for all who ask at about the same time. */
  look(): MachineView {
    const nowMs = this.#nowMs();
    if (this.#view === undefined || nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) {
      this.#view = this.#see();
      this.#lookedAtMs = nowMs;
    }
    return this.#view;
  }

  #see(): MachineView {
    const now = this.#timesNow();
    const all = now.all - this.#last.all, idle = now.idle - this.#last.idle;
    const coresShare = all > 0 ? Math.max(0, Math.min(1, 1 - idle / all)) : 0;
    this.#last = now;
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

/** What the cores did since they were switched on, in milliseconds of all of them together. */
export interface CoreTimes {
  /** How many there are. */
  readonly cores: number;
  /** All their time. */
  readonly all: number;
  /** Of it, what they did nothing in. */
  readonly idle: number;
}

function times(): CoreTimes {
  const cpus = os.cpus();
  const sum = (of: (times: os.CpuInfo["times"]) => number) =>
    cpus.reduce((total, { times }) => total + of(times), 0);
  return {
    cores: cpus.length,
    all: sum(({ user, nice, sys, idle, irq }) => user + nice + sys + idle + irq),
    idle: sum(({ idle }) => idle),
  };
}
