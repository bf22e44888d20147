/**
 * Gives every place of a plan its address in one linear memory.
 *
 * Places that are never alive at the same time share addresses. Knows when a
 * place is written and read, not what is computed.
 */
import type { ExecutionPlan, Place } from "./lower/lower.ts";

/** Addresses are multiples of this: a cache line. */
export const ALIGNMENT_BYTES = 64;

/** The bytes of a place: 4 an element, 1 for bool. */
export function byteLength(place: Place): number {
  return place.size * (place.dtype === "bool" ? 1 : 4);
}

/** The next multiple of the alignment. */
export function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

/** Where the places of a plan lie. */
export interface MemoryPlan {
  /** The first byte of each place, a multiple of `ALIGNMENT_BYTES`. */
  readonly addresses: ReadonlyMap<Place, number>;
  /** The first byte after all of them. */
  readonly end: number;
}

interface Life {
  readonly place: Place;
  readonly first: number;
  last: number;
}

/**
 * Plans the memory from `start` on.
 *
 * @param options fixed: places that have their address already; elsewhere: places
 *   that lie in other memory
 */
export function planMemory(
  plan: ExecutionPlan,
  options: {
    readonly start: number;
    readonly fixed?: ReadonlyMap<Place, number>;
    readonly elsewhere?: ReadonlySet<Place>;
  },
): MemoryPlan {
  const { start, fixed = new Map(), elsewhere = new Set() } = options;
  const addresses = new Map(fixed);
  const lives = livesOf(plan).filter(({ place }) => !fixed.has(place) && !elsewhere.has(place));
  // The largest first: the small ones then fill the gaps between them.
  lives.sort((a, b) => byteLength(b.place) - byteLength(a.place));
  const placed: { life: Life; from: number; to: number }[] = [];
  let end = start;
  for (const life of lives) {
    const bytes = align(byteLength(life.place));
    let from = start;
    for (const other of placed) {
      if (other.life.last < life.first || life.last < other.life.first) continue;
      if (other.from >= from + bytes) break;
      from = Math.max(from, other.to);
    }
    addresses.set(life.place, from);
    placed.push({ life, from, to: from + bytes });
    placed.sort((a, b) => a.from - b.from);
    end = Math.max(end, from + bytes);
  }
  return { addresses, end };
}

/** The steps at which each place is first written and last read. */
function livesOf(plan: ExecutionPlan): Life[] {
  const lives = new Map<Place, Life>();
  const touch = (place: Place, step: number) => {
    const life = lives.get(place);
    if (life !== undefined) life.last = Math.max(life.last, step);
    else lives.set(place, { place, first: place.kind === "made" ? step : -1, last: step });
    if (place.kind !== "made") lives.get(place)!.last = Infinity;
  };
  for (const [i, step] of plan.steps.entries()) {
    if (step.kind === "segment") {
      for (const { place } of [...step.inputs, ...step.outputs]) touch(place, i);
    } else {
      for (const place of [...step.inputs, ...step.outputs]) touch(place, i);
    }
  }
  for (const place of [...plan.inputs, ...plan.outputs.values()]) touch(place, Infinity);
  return [...lives.values()];
}
