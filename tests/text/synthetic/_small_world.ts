/** A world small enough for a test, and large enough to have something to say. */
import { buildWorld, type World } from "../../../lib/text/synthetic/world.ts";

/** The small world of a seed. */
export function smallWorld(seed = 1): World {
  return buildWorld({ seed, stems: 30, suffixes: 6, namesPerSuffix: 8 });
}

/** The first so many things of an endless stream. */
export function take<T>(stream: Iterable<T>, count: number): T[] {
  const taken: T[] = [];
  for (const each of stream) {
    taken.push(each);
    if (taken.length === count) break;
  }
  return taken;
}
