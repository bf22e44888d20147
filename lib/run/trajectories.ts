/** Which results come of one training, so that a fit can say that its points depend on each other. */
import type { TaskGraph } from "../graph/build.ts";
import type { Task } from "../graph/node.ts";

/** The trainings that tasks are points of. */
export class Trajectories {
  readonly #known = new Map<string, string | undefined>();

  /** Those of a graph's tasks. */
  constructor({ tasks }: Pick<TaskGraph, "tasks">) {
    // Every task comes after its inputs.
    for (const task of tasks.values()) this.add(task);
  }

  /** Adds a task whose inputs are there: one that got its key in the course of a run. */
  add({ key, trajectory, inputs }: Pick<Task, "key" | "trajectory" | "inputs">): void {
    const before = Object.values(inputs).flat().map((input) => this.#known.get(input.key));
    this.#known.set(key, trajectory?.id ?? before.find((id) => id !== undefined));
  }

  /**
   * The training that a task is a point of, by its id; of a task that trains nothing that
   * others go on from, that of the nearest one before it, as a fine-tuning's model.
   */
  readonly of = (key: string): string | undefined => this.#known.get(key);
}
