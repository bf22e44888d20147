/** Which results come of one training, so that a fit can say that its points depend on each other. */
import type { TaskGraph } from "../graph/build.ts";

/**
 * The training that a task is a point of, by its id; of a task that trains nothing that
 * others go on from, that of the nearest one before it, as a fine-tuning's model.
 */
export function trajectoryFinder(
  { tasks }: Pick<TaskGraph, "tasks">,
): (key: string) => string | undefined {
  const known = new Map<string, string | undefined>();
  // Every task comes after its inputs.
  for (const [key, { trajectory, inputs }] of tasks) {
    const before = Object.values(inputs).flat().map((input) => known.get(input.key));
    known.set(key, trajectory?.id ?? before.find((id) => id !== undefined));
  }
  return (key) => known.get(key);
}
