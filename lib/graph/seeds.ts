/**
 * Of which seed a task is: its own, or where its kind has none, such as an evaluation, the one
 * that all have whose result it takes over. A mean over seeds is of none.
 */
import type { TaskGraph } from "./build.ts";
import type { InputRoles } from "./task.ts";

/** Tells the seed of the task under a key; every task is looked at once. */
export function seedFinder(
  { tasks, kinds }: Pick<TaskGraph, "tasks" | "kinds">,
): (key: string) => number | undefined {
  const found = new Map<string, number | undefined>();
  const seedOf = (key: string): number | undefined => {
    if (found.has(key)) return found.get(key);
    const { kind, params, inputs } = tasks.get(key)!, { seed, inputs: roles } = kinds.get(kind)!;
    const own = seed?.(params) ?? common(roles, inputs);
    found.set(key, own);
    return own;
  };
  const common = (
    roles: InputRoles,
    inputs: Readonly<Record<string, readonly { key: string }[]>>,
  ) => {
    const seeds = Object.entries(inputs).flatMap(([role, refs]) =>
      roles[role]?.givesSeed === true ? refs.map((ref) => seedOf(ref.key)) : []
    );
    return seeds.every((each) => each === seeds[0]) ? seeds[0] : undefined;
  };
  return seedOf;
}
