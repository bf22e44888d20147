/**
 * Near names: which of the names that exist did a person mean?
 *
 * Case, `_` and `-` do not count, so that `learningRate` is near
 * `learning_rate`; otherwise about one slip of the finger in three letters.
 */
import { listOf } from "../../base/list.ts";

/** Names that are looked at: nobody has typed more. */
const MAX_NAMES = 2_000;

/** The nearest of the names, or undefined when none is near. */
export function nearestName(wrong: string, names: Iterable<string>): string | undefined {
  const simple = simplified(wrong);
  let best: string | undefined;
  // At least one letter must be right.
  let bestDistance = Math.min(Math.floor(Math.max(simple.length, 3) / 3) + 1, simple.length);
  let count = 0;
  for (const name of names) {
    if (++count > MAX_NAMES) break;
    const other = simplified(name);
    if (Math.abs(other.length - simple.length) > bestDistance) continue;
    const distance = editDistance(simple, other);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** A mend that names the nearest name, or else all there are. */
export function mendName(
  wrong: string,
  names: Iterable<string>,
  write: (name: string) => string = (name) => JSON.stringify(name),
): string {
  const all = [...names];
  const near = nearestName(wrong, all);
  if (near !== undefined) return `write ${write(near)}`;
  if (all.length === 0) return "remove it";
  const written = all.map(write);
  return `write ${written.length === 1 ? "" : "one of "}${listOf(written)}`;
}

function simplified(name: string): string {
  return name.slice(0, 100).toLowerCase().replaceAll(/[-_]/g, "");
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into another. */
function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = last[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, replaced);
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (isSwap) least = Math.min(least, before[j - 2]! + 1);
      row.push(least);
    }
    [before, last] = [last, row];
  }
  return last[to.length]!;
}
