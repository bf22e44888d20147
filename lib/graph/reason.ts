/**
 * Why a task runs, in a form that can be shown: what is new, and against what.
 *
 * The earlier task to compare with is the nearest one, by the number of fields
 * that differ, among those that stood at the same stage and axes before.
 */
import type { TaskGraph } from "./build.ts";
import { type Difference, distance, explain } from "./explain.ts";
import type { Identity } from "./key.ts";
import type { Task, TaskCell } from "./task.ts";

/** Why a task runs. */
export type Reason =
  /** Nothing like it has run before. */
  | { readonly type: "new" }
  /** An earlier task of the same stage and axes differed; only in its inputs: "upstream". */
  | {
    readonly type: "changed" | "upstream";
    readonly previous: string;
    readonly differences: readonly Difference[];
  }
  /** Its artifact was there once and is gone. */
  | { readonly type: "missing" }
  /** Its artifact failed its check. */
  | { readonly type: "damaged" }
  /** Other code made its artifact, or one that it was made from. */
  | { readonly type: "code"; readonly where: "own" | "upstream" };

/** What is known of earlier runs. */
export interface History {
  /** Keys of earlier tasks at a stage and axes, newest first. */
  keysAt(cell: TaskCell): readonly string[];
  /** The identity behind an earlier key, as far as it is known. */
  identity(key: string): Identity | undefined;
}

/** How many earlier tasks of a cell are compared, the newest first. */
const CANDIDATES = 20;

/** Finds the reasons of a graph's tasks. */
export class Reasoner {
  readonly #graph: TaskGraph;
  readonly #history: History | undefined;

  /**
   * Reasons for tasks of one graph.
   *
   * @param history without it, every missing task is new
   */
  constructor(graph: TaskGraph, history?: History) {
    this.#graph = graph;
    this.#history = history;
  }

  /** Why a task that the plan runs does run. */
  reasonOf(
    task: Task,
    { isDamaged, isThere, isOtherCode }: {
      readonly isDamaged: boolean;
      readonly isThere: boolean;
      readonly isOtherCode: boolean;
    },
  ): Reason {
    if (isDamaged) return { type: "damaged" };
    if (isThere) return { type: "code", where: isOtherCode ? "own" : "upstream" };
    const history = this.#history;
    if (history === undefined) return { type: "new" };
    if (history.identity(task.key) !== undefined) return { type: "missing" };
    return this.#nearest(task, history) ?? { type: "new" };
  }

  #nearest(task: Task, history: History): Reason | undefined {
    const to = this.#graph.identities.get(task.key)!;
    const identityOf = (key: string) => this.#graph.identities.get(key) ?? history.identity(key);
    const candidates = new Set(task.cells.flatMap((cell) => history.keysAt(cell)));
    let nearest: { previous: string; differences: Difference[]; far: number } | undefined;
    for (const previous of [...candidates].slice(0, CANDIDATES)) {
      const from = history.identity(previous);
      if (from === undefined || from.kind !== to.kind) continue;
      const differences = explain({ from, to }, identityOf);
      const far = distance(differences);
      if (nearest === undefined || far < nearest.far) nearest = { previous, differences, far };
    }
    if (nearest === undefined) return undefined;
    const { previous, differences } = nearest;
    const isUpstream = differences.every(({ path }) => path.startsWith("inputs."));
    return { type: isUpstream ? "upstream" : "changed", previous, differences };
  }
}
