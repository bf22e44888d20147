/**
 * Why a task runs, in a form that can be shown: what is new, and against what.
 *
 * The earlier task to compare with is the nearest one, by the number of fields
 * that differ, among those that stood at the same stage and axes before.
 */
import type { TaskState } from "../base/task_state.ts";
import type { TaskGraph } from "./build.ts";
import { type Difference, distance, explain } from "./explain.ts";
import type { Identity } from "./key.ts";
import type { Task, TaskCell } from "./node.ts";

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
  /** It failed when it ran last, and has had no artifact since. */
  | { readonly type: "failed"; readonly message: string; readonly run: string }
  /** It could not run last time; `because` is the key of what had failed, where that is known. */
  | { readonly type: "skipped"; readonly because?: string }
  /** It was stopped before its end, or its run was killed. */
  | { readonly type: "interrupted" }
  /** Its artifact failed its check. */
  | { readonly type: "damaged" }
  /** Its artifact was kept without its model, which is wanted now. */
  | { readonly type: "model" }
  /** Its artifact was kept without its optimizer's state, which is wanted now. */
  | { readonly type: "state" }
  /** What it is depends on choices that are not made yet, by their keys. */
  | { readonly type: "choice"; readonly choices: readonly string[] }
  /** Other code made its artifact, or one that it was made from. */
  | { readonly type: "code"; readonly where: "own" | "upstream" };

/** What became of a task when a run had it last. */
export interface PastTask {
  /** Where it stood at the end of that run, or when the run was killed. */
  readonly state: TaskState;
  /** The run. */
  readonly run: string;
  /** Why it failed. */
  readonly message?: string;
}

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
  readonly #past: ReadonlyMap<string, PastTask>;
  /** The failed task because of which a task cannot have run, by the latter's key. */
  readonly #causes = new Map<string, string>();

  /**
   * Reasons for tasks of one graph.
   *
   * @param options.history without it, nothing is compared with what was there before
   * @param options.past what became of tasks by their keys; those that are absent never ran
   */
  constructor(graph: TaskGraph, { history, past = new Map() }: {
    readonly history?: History | undefined;
    readonly past?: ReadonlyMap<string, PastTask> | undefined;
  }) {
    this.#graph = graph;
    this.#history = history;
    this.#past = past;
  }

  /** Why a task that the plan runs does run; asked in topological order. */
  reasonOf(
    task: Task,
    { isDamaged, isThere, lacksModel, lacksState, isOtherCode }: {
      readonly isDamaged: boolean;
      readonly isThere: boolean;
      readonly lacksModel: boolean;
      readonly lacksState: boolean;
      readonly isOtherCode: boolean;
    },
  ): Reason {
    const waiting = this.#graph.waiting.get(task.key);
    if (waiting !== undefined) return { type: "choice", choices: [...waiting.choices] };
    const past = this.#past.get(task.key);
    const cause = past?.state === "failed" ? task.key : this.#causeAbove(task);
    if (cause !== undefined) this.#causes.set(task.key, cause);
    if (isDamaged) return { type: "damaged" };
    if (isThere && lacksModel) return { type: "model" };
    if (isThere && lacksState) return { type: "state" };
    if (isThere) return { type: "code", where: isOtherCode ? "own" : "upstream" };
    switch (past?.state) {
      case "done":
      case "cached":
        return { type: "missing" };
      case "failed":
        return { type: "failed", message: past.message ?? "", run: past.run };
      case "skipped":
        return { type: "skipped", ...(cause === undefined ? {} : { because: cause }) };
      case "running":
      case "interrupted":
        return { type: "interrupted" };
    }
    const history = this.#history;
    return history === undefined
      ? { type: "new" }
      : this.#nearest(task, history) ?? { type: "new" };
  }

  #causeAbove({ inputs, start }: Task): string | undefined {
    const before = Object.values(inputs).flat().map(({ key }) => key);
    return [...before, ...(start === undefined ? [] : [start])]
      .map((key) => this.#causes.get(key)).find((cause) => cause !== undefined);
  }

  #nearest(task: Task, history: History): Reason | undefined {
    const to = this.#graph.identities.get(task.key)!;
    const identityOf = (key: string) => this.#graph.identities.get(key) ?? history.identity(key);
    const candidates = new Set(task.cells.flatMap((cell) => history.keysAt(cell)));
    let nearest: { previous: string; differences: Difference[]; far: number } | undefined;
    for (const previous of [...candidates].slice(0, CANDIDATES)) {
      // It stood here itself, and was never begun.
      if (previous === task.key) continue;
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
