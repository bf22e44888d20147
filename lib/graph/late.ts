/**
 * Tasks that wait for choices, and what becomes of them in the course of a run.
 *
 * Once the choices before a task are made it has its key, and it is decided as in a plan
 * whether it runs: where the same candidate wins again, all that follows is there.
 */
import { ExperimentError } from "../base/errors.ts";
import { GraphDraft, type TaskGraph } from "./build.ts";
import { asSet, type TaskParts, type Waiting, withChoices } from "./choices.ts";
import { NO_COST } from "./cost.ts";
import { decideBy } from "./decide.ts";
import type { Identity } from "./key.ts";
import type { Task } from "./node.ts";
import { type Plan, type PlannedTask, type PlanOptions, statesWanted } from "./plan.ts";
import type { Chosen, InputRef, InputRoles } from "./task.ts";

/** What is known of a task once the choices before it are made: what a run does, or why it cannot. */
export type Settled =
  | { readonly planned: PlannedTask; readonly identity: Identity }
  | { readonly error: ExperimentError };

/** How to settle what waits. */
export interface LateOptions extends PlanOptions {
  /** What the choice of a key has come to, now that its artifact is there. */
  readonly chosenOf: (key: string) => Promise<Chosen | undefined>;
}

/** The tasks of a plan that have no key yet. */
export class Late {
  readonly #graph: TaskGraph;
  readonly #plan: Plan;
  readonly #options: LateOptions;
  /** By the key of a choice in the graph. */
  readonly #chosen: Map<string, Chosen>;
  /** How many choices each waits for, by the key that it stands under. */
  readonly #open = new Map<string, number>();
  /** Those that wait for a choice, each after those that it reads. */
  readonly #waitingFor = new Map<string, string[]>();
  /** The tasks by the key that they stood under. */
  readonly #settled = new Map<string, Task>();
  /** Those that wait and read a task. */
  readonly #readers = new Map<string, string[]>();
  /** The keys of tasks that run: what is made from them is made anew under strict code. */
  readonly #running: Set<string>;

  /** Nothing but what the plan knows is settled. */
  constructor(graph: TaskGraph, plan: Plan, options: LateOptions) {
    this.#graph = graph;
    this.#plan = plan;
    this.#options = options;
    this.#chosen = new Map(graph.chosen);
    this.#running = new Set(
      [...plan.tasks.keys()].filter((key) => plan.tasks.get(key)!.state === "run"),
    );
    for (const [key, task] of graph.tasks) {
      const waiting = graph.waiting.get(key);
      if (waiting === undefined) continue;
      this.#open.set(key, waiting.choices.size);
      for (const choice of waiting.choices) addTo(this.#waitingFor, choice, key);
      for (const ref of Object.values(task.inputs).flat()) addTo(this.#readers, ref.key, key);
    }
  }

  /** The key of the task that stands under one in the graph, as far as it is known. */
  keyOf(place: string): string {
    return this.#settled.get(place)?.key ?? place;
  }

  /** Whether something waits for the task that stands under a key. */
  isAwaited(key: string): boolean {
    return this.#waitingFor.has(key);
  }

  /**
   * Takes in that a choice is made.
   *
   * @param choice the key that it stands under in the plan
   * @returns the tasks that have their keys now, by those that they stood under, in order
   */
  async settle(choice: string): Promise<ReadonlyMap<string, Settled>> {
    const waiting = this.#waitingFor.get(choice) ?? [];
    this.#waitingFor.delete(choice);
    const key = this.keyOf(choice);
    const chosen = await this.#options.chosenOf(key);
    if (chosen === undefined) {
      const error = lost(key);
      return new Map(waiting.map((each) => [each, { error }]));
    }
    this.#chosen.set(choice, chosen);
    const ready = waiting.filter((each) => {
      const open = this.#open.get(each)! - 1;
      this.#open.set(each, open);
      return open === 0;
    });
    return await this.#decide(ready);
  }

  async #decide(ready: readonly string[]): Promise<ReadonlyMap<string, Settled>> {
    const draft = new GraphDraft(this.#graph.made);
    const found = new Map<string, Settled>(), keys = new Map<string, string>();
    for (const place of ready) {
      try {
        const parts = this.#partsOf(place);
        const { cells, keepsModel } = this.#graph.tasks.get(place)!;
        const key = draft.addParts(parts, { cells, keepsModel });
        keys.set(place, key);
        this.#settled.set(place, draft.taskOf(key));
      } catch (error) {
        if (!(error instanceof ExperimentError)) throw error;
        found.set(place, { error });
      }
    }
    this.#addReaders([...keys.keys()], draft);
    const graph = { ...draft.finish(), absent: this.#graph.absent };
    const options = { ...this.#options, alsoStale: this.#running };
    const { draft: decided, known } = await decideBy(graph, options);
    const wanted = statesWanted(decided, graph);
    for (const [place, key] of keys) {
      const { task, state, start } = decided.get(key)!;
      const { resumesAt: _, start: __, replaces: ___, ...before } = this.#plan.tasks.get(place)!;
      const artifact = known.found.get(key);
      const planned: PlannedTask = {
        ...before,
        task,
        state,
        stoodAs: place,
        ...(start === undefined ? {} : { start }),
        ...(state === "run" && artifact !== undefined ? { replaces: artifact.startedAt } : {}),
        keepsState: this.#options.keepsState === true || wanted.has(key),
        keepsModel: task.keepsModel !== undefined,
        ...(state === "run" ? {} : { cost: NO_COST }),
      };
      if (state === "run") this.#running.add(key);
      found.set(place, { planned, identity: graph.identities.get(key)! });
    }
    return new Map(ready.map((place) => [place, found.get(place)!]));
  }

  /** What a task is made from, now that all before it is known. */
  #partsOf(place: string): TaskParts {
    const { kind, params, inputs } = this.#graph.tasks.get(place)!;
    const { taken } = this.#graph.waiting.get(place)!;
    const parts = { kind: this.#graph.kinds.get(kind)!, params, inputs };
    const chosenOf = (key: string) => this.#chosen.get(key);
    return this.#renamed(withChoices(parts, { chosenOf, taken }));
  }

  /** With references to what was settled in the place of those that it stood under. */
  #renamed({ kind, params, inputs }: TaskParts): TaskParts {
    const roles: InputRoles = kind.inputs;
    const rename = (ref: InputRef) => ({ ...ref, key: this.keyOf(ref.key) });
    const renamed = Object.entries(inputs).map(([role, refs]) => {
      const all = refs.map(rename);
      return [role, roles[role]?.isSet === true ? asSet(all) : all] as const;
    });
    return { kind, params, inputs: Object.fromEntries(renamed) };
  }

  /** Adds those that go on waiting and read some that do not: they will run, for all that is known. */
  #addReaders(settled: readonly string[], draft: GraphDraft): void {
    const readers = new Set(settled.flatMap((place) => this.#readers.get(place) ?? []));
    for (const place of readers) {
      if (this.#settled.has(place)) continue;
      const { kind, params, inputs, cells, keepsModel } = this.#graph.tasks.get(place)!;
      const parts = this.#renamed({ kind: this.#graph.kinds.get(kind)!, params, inputs });
      const waiting: Waiting = this.#graph.waiting.get(place)!;
      draft.addParts(parts, { cells, keepsModel, waiting });
    }
  }
}

function addTo(lists: Map<string, string[]>, name: string, item: string): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [item]);
  else list.push(item);
}

function lost(key: string): ExperimentError {
  return new ExperimentError(
    "graph/choice-lost",
    `what the choice ${key.slice(0, 12)} came to is not recorded any more`,
    { mend: "leave the results folder alone while a run is on; run again" },
  );
}
