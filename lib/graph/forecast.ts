/**
 * How long tasks will take and how much room their artifacts will need, from what was
 * recorded of others of their kind on the same device. What was never done is unknown.
 */
import { greatestOf } from "../base/extremes.ts";
import type { Cost } from "./cost.ts";
import { type DeviceLimit, needsOf } from "./schedule.ts";
import { placeOf, type PlannedTask } from "./plan.ts";

/** A finished task, and what it took. */
export interface FinishedTask {
  /** The kind of the task. */
  readonly kind: string;
  /** How long it took, on the device that is forecast. */
  readonly elapsedMs: number;
  /** The size of its artifact, where that is known. */
  readonly bytes?: number | undefined;
  /** What it spent itself, from where it started; unknown parts are 0. */
  readonly cost: Cost;
}

/** A measure of a task's size, the truest first. */
const SIZES = ["flops", "steps", "tokens"] as const;

/** Or, of one that trains nothing, the size of its artifact. */
type Size = typeof SIZES[number] | "bytes";

/** Of tasks so many times larger than any that was done, nothing is said: what they all take first hides the rest. */
const FARTHEST = 10;

/** So many times what is estimated an artifact may take: an optimizer's state is twice its model. */
const FARTHEST_BYTES = 4;

/** Samples of a kind that are looked at, the newest ones. */
const MOST_SAMPLES = 100;

/** Finds out from samples what further tasks will take. */
export class Forecast {
  readonly #samples = new Map<string, FinishedTask[]>();
  readonly #laws = new Map<string, Law | undefined>();

  /** Knows what the samples tell, the newest last. */
  constructor(samples: Iterable<FinishedTask> = []) {
    for (const sample of samples) this.add(sample);
  }

  /** Takes in a task that has just been done. */
  add(sample: FinishedTask): void {
    const { kind } = sample;
    const known = this.#samples.get(kind) ?? [];
    known.push(sample);
    if (known.length > MOST_SAMPLES) known.shift();
    this.#samples.set(kind, known);
    for (const size of [...SIZES, "bytes", undefined]) this.#laws.delete(`${kind} ${size}`);
  }

  /**
   * How long a task of a kind and cost takes; undefined where nothing like it was done.
   *
   * @param bytes what its artifact will take, about: what one that trains nothing goes by
   */
  msOf(kind: string, cost: Cost, bytes?: number): number | undefined {
    const samples = this.#samples.get(kind) ?? [];
    if (samples.length === 0) return undefined;
    const sizes = SIZES.filter((size) => cost[size] > 0);
    if (sizes.length === 0 && bytes !== undefined) {
      const law = this.#lawOf(kind, "bytes");
      if (law !== undefined) return law(bytes);
    }
    for (const size of sizes) {
      const law = this.#lawOf(kind, size);
      if (law !== undefined) return law(cost[size]);
    }
    // What is known to have a size is not guessed from others of unknown size.
    return sizes.length === 0 ? this.#lawOf(kind, undefined)!(0) : undefined;
  }

  /**
   * The size of the artifact of a kind; undefined where none like it is known.
   *
   * @param estimated what the kind makes of the task's own params, where it can tell;
   *   what is recorded, but far from it, was of other models
   */
  bytesOf(kind: string, estimated?: number): number | undefined {
    const sizes = (this.#samples.get(kind) ?? []).flatMap(({ bytes }) => bytes ?? []);
    if (sizes.length === 0) return undefined;
    const usual = medianOf(sizes);
    const isLike = estimated === undefined ||
      usual <= FARTHEST_BYTES * estimated && estimated <= FARTHEST_BYTES * usual;
    return isLike ? usual : undefined;
  }

  #lawOf(kind: string, size: Size | undefined): Law | undefined {
    const name = `${kind} ${size}`;
    if (this.#laws.has(name)) return this.#laws.get(name);
    const points = this.#samples.get(kind)!.map(({ cost, bytes = 0, elapsedMs }) => (
      { x: size === undefined ? 0 : size === "bytes" ? bytes : cost[size], ms: elapsedMs }
    )).filter(({ x }) => size === undefined || x > 0);
    const law = points.length === 0 ? undefined : lawOf(points);
    this.#laws.set(name, law);
    return law;
  }
}

/** Milliseconds by size; undefined where that is too far from what was done. */
type Law = (size: number) => number | undefined;

interface Point {
  readonly x: number;
  readonly ms: number;
}

/**
 * The line through points that a few odd ones do not move: the median of the slopes of
 * pairs (Theil and Sen), never falling and never below nothing. Points of one size tell
 * no slope: time is in proportion to size then.
 */
function lawOf(points: readonly Point[]): Law {
  const largest = greatestOf(points.map(({ x }) => x));
  const line = lineOf(points);
  return (size) => size > FARTHEST * largest ? undefined : line(size);
}

function lineOf(points: readonly Point[]): (size: number) => number {
  const slopes: number[] = [];
  for (const [i, a] of points.entries()) {
    for (const b of points.slice(i + 1)) if (a.x !== b.x) slopes.push((b.ms - a.ms) / (b.x - a.x));
  }
  if (slopes.length === 0) {
    const { x } = points[0]!;
    const middle = medianOf(points.map(({ ms }) => ms));
    return (size) => x > 0 ? middle * (size / x) : middle;
  }
  const slope = Math.max(0, medianOf(slopes));
  const base = medianOf(points.map(({ x, ms }) => ms - slope * x));
  if (base >= 0) return (size) => base + slope * size;
  const rate = medianOf(points.map(({ x, ms }) => ms / x));
  return (size) => rate * size;
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** How long tasks take together. */
export interface Duration {
  /** From the first start to the last end; of what is known. */
  readonly wallMs: number;
  /** Of all tasks one after the other. */
  readonly workMs: number;
  /** Tasks of which nothing is known; they come on top. */
  readonly unknown: number;
}

/**
 * How long it takes to do tasks, some at once: no less than their longest chain, nor
 * than an even share of all for each place, nor of the device's places for as long as each
 * takes them.
 *
 * @param tasks each after those that it needs
 * @param options.msOf how long each takes; undefined where that is unknown
 */
export function durationOf(
  tasks: Iterable<PlannedTask>,
  { msOf, slots, device }: {
    readonly msOf: (planned: PlannedTask) => number | undefined;
    readonly slots: number;
    readonly device?: DeviceLimit | undefined;
  },
): Duration {
  const ends = new Map<string, number>();
  let workMs = 0, deviceMs = 0, chainMs = 0, unknown = 0;
  for (const planned of tasks) {
    const ms = msOf(planned);
    if (ms === undefined) unknown++;
    let startMs = 0;
    for (const need of needsOf(planned)) startMs = Math.max(startMs, ends.get(need) ?? 0);
    const endMs = startMs + (ms ?? 0);
    ends.set(planned.task.key, endMs);
    ends.set(placeOf(planned), endMs);
    workMs += ms ?? 0;
    deviceMs += (ms ?? 0) * (device?.takes(planned) ?? 0);
    chainMs = Math.max(chainMs, endMs);
  }
  const wallMs = Math.max(chainMs, workMs / slots, deviceMs / (device?.slots ?? slots));
  return { wallMs, workMs, unknown };
}
