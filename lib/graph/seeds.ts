/**
 * Of which seed a task is: its own, or where its kind has none, such as an evaluation, the one
 * that all have whose result it takes over. A mean over seeds is of none.
 */
import type { TaskGraph } from "./build.ts";
import type { Task } from "./node.ts";
import type { InputRoles } from "./task.ts";

/** The seeds of tasks. */
export class Seeds {
  readonly #kinds: TaskGraph["kinds"];
  readonly #known = new Map<string, number | undefined>();

  /** Those of a graph's tasks. */
  constructor({ tasks, kinds }: Pick<TaskGraph, "tasks" | "kinds">) {
    this.#kinds = kinds;
    // Every task comes after its inputs.
    for (const task of tasks.values()) this.add(task);
  }

  /** Adds a task whose inputs are there: one that got its key in the course of a run. */
  add({ key, kind, params, inputs }: Pick<Task, "key" | "kind" | "params" | "inputs">): void {
    const { seed, inputs: roles } = this.#kinds.get(kind)!;
    this.#known.set(key, seed?.(params) ?? this.#common(roles, inputs));
  }

  /** The seed of the task under a key; undefined where it is of none, or of several. */
  readonly of = (key: string): number | undefined => this.#known.get(key);

  #common(roles: InputRoles, inputs: Task["inputs"]): number | undefined {
    const seeds = Object.entries(inputs).flatMap(([role, refs]) =>
      roles[role]?.givesSeed === true ? refs.map(({ key }) => this.#known.get(key)) : []
    );
    return seeds.every((each) => each === seeds[0]) ? seeds[0] : undefined;
  }
}
