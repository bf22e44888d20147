/**
 * Kinds of tasks by name, as specs, workers and figures ask for them.
 *
 * A registry loads a kind when it is asked for first: a command takes longer to load the
 * declarations of all kinds than to do its work with those few that a spec uses.
 */
import type { Kinds, TaskKind } from "./task.ts";

/** Those kinds of these names that there are, in the order of the names; of all if none are given. */
export async function loadKinds(
  kinds: Kinds,
  names: Iterable<string> = kinds.keys(),
): Promise<ReadonlyMap<string, TaskKind>> {
  const asked = [...new Set(names)];
  const found = await Promise.all(asked.map((name) => kinds.get(name)));
  return new Map(
    asked.flatMap((name, i) => found[i] === undefined ? [] : [[name, found[i]] as const]),
  );
}
