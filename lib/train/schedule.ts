/**
 * Learning rates by step, and which schedules share a trajectory.
 *
 * Steps count from 1: update s of N uses the rate at s. Every schedule rises
 * linearly over its warm-up and has its full rate at the warm-up's last step. A
 * decay falls linearly and would reach 0 one step after its last, so that no
 * update is wasted.
 */
import type { ParamFault } from "../graph/task.ts";

/** A constant rate after the warm-up. */
export interface ConstantSchedule {
  /** Tells the schedules apart. */
  readonly kind: "constant";
  /** The full rate. */
  readonly learningRate: number;
  /** Steps of warm-up. */
  readonly warmup: number;
}

/** A fall to 0 from the end of the warm-up on. */
export interface LinearSchedule extends Omit<ConstantSchedule, "kind"> {
  /** Tells the schedules apart. */
  readonly kind: "linear";
  /** The step that the fall aims at, whatever the number of steps; absent: that number. */
  readonly horizon?: number | undefined;
}

/** A constant rate, then a fall to 0 over the last steps. */
export interface TrapezoidSchedule extends Omit<ConstantSchedule, "kind"> {
  /** Tells the schedules apart. */
  readonly kind: "trapezoid";
  /** The length of the fall. */
  readonly cooldown: { readonly steps: number } | { readonly fraction: number };
}

/** The learning rate as a function of the step. */
export type Schedule = ConstantSchedule | LinearSchedule | TrapezoidSchedule;

/**
 * The learning rate of an update.
 *
 * @param at step: the update, from 1; steps: how many there are in all
 */
export function learningRateAt(
  schedule: Schedule,
  at: { readonly step: number; readonly steps: number },
): number {
  const { step, steps } = at;
  const rise = schedule.warmup > 0 ? step / schedule.warmup : 1;
  const fall = decay(schedule, steps);
  const part = fall === undefined ? 1 : (fall.end - step + 1) / (fall.end - fall.start + 1);
  return schedule.learningRate * Math.max(0, Math.min(1, rise, part));
}

/** The steps between which a schedule falls: full at `start`, last above 0 at `end`. */
function decay(
  schedule: Schedule,
  steps: number,
): { readonly start: number; readonly end: number } | undefined {
  switch (schedule.kind) {
    case "constant":
      return undefined;
    case "linear": {
      const end = schedule.horizon ?? steps;
      return { start: Math.min(schedule.warmup, end), end };
    }
    case "trapezoid":
      return { start: trunkSteps(schedule, steps), end: steps };
  }
}

/** The steps of a trapezoid before its fall. */
function trunkSteps(schedule: TrapezoidSchedule, steps: number): number {
  const { cooldown } = schedule;
  const length = "steps" in cooldown ? cooldown.steps : Math.round(cooldown.fraction * steps);
  return Math.max(0, steps - length);
}

/**
 * Why the first steps depend on how many there are in all; undefined when they do not,
 * so that trainings to different ends are points of one trajectory.
 */
export function whyNotShared(schedule: Schedule): string | undefined {
  switch (schedule.kind) {
    case "constant":
      return undefined;
    case "linear":
      return schedule.horizon === undefined
        ? "its learning rate falls to 0 at its own last step, so every earlier step depends on " +
          "it; a constant or trapezoid schedule, or a horizon, can be shared"
        : undefined;
    case "trapezoid":
      return "its cooldown belongs to its own last step; the trunk before it is shared";
  }
}

/**
 * The constant schedule that a trapezoid follows until its fall, and for how many steps;
 * undefined when there is no such trunk, or nothing but it: a fraction of few steps rounds to
 * no fall, and an annealed point that began at its own end would measure nothing.
 */
export function trunkOf(
  schedule: Schedule,
  steps: number,
): { readonly schedule: ConstantSchedule; readonly steps: number } | undefined {
  if (schedule.kind !== "trapezoid") return undefined;
  const trunk = trunkSteps(schedule, steps);
  if (trunk === 0 || trunk === steps) return undefined;
  const { learningRate, warmup } = schedule;
  return { schedule: { kind: "constant", learningRate, warmup }, steps: trunk };
}

/** What is wrong or odd about a schedule for a number of steps; paths as in "schedule.horizon". */
export function scheduleFaults(schedule: Schedule, steps: number): readonly ParamFault[] {
  const faults: ParamFault[] = [];
  const { warmup } = schedule;
  const horizon = schedule.kind === "linear" ? schedule.horizon : undefined;
  if (horizon !== undefined && horizon < steps) {
    faults.push({
      path: "schedule.horizon",
      message: `the learning rate is 0 from step ${horizon + 1} on, of ${steps} steps`,
      mend: "give a horizon of at least the most steps",
    });
  }
  if (horizon !== undefined && warmup >= horizon) {
    faults.push({
      path: "schedule.warmup",
      message: `the warm-up of ${warmup} steps leaves none of the horizon of ${horizon}`,
      mend: "shorten the warm-up",
    });
    return faults;
  }
  // A point early on a trajectory may be meant so; training for 0 steps only measures.
  const full = schedule.kind === "trapezoid" ? trunkSteps(schedule, steps) : steps;
  if (steps > 0 && warmup > full) {
    const until = full < steps ? ` but for a cooldown, of ${steps} steps` : "";
    faults.push({
      path: "schedule.warmup",
      message: `the warm-up of ${warmup} steps is longer than the training of ${full}${until}, ` +
        "so that the full learning rate is never reached",
      mend: "shorten the warm-up, or train for more steps",
      isWarning: true,
    });
  }
  return faults;
}
