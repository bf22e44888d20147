/** A task as it stands in the graph: keyed, with the cells that asked for it. */
import type { JsonObject } from "../base/canonical.ts";
import type { InputRef } from "./task.ts";

/** A node of the graph. Two nodes with one key are one task. */
export interface Task {
  /** SHA-256 of its identity, see `key.ts`. */
  readonly key: string;
  /** The kind by name. */
  readonly kind: string;
  /** The version of the kind. */
  readonly version: number;
  /** Complete params, defaults filled in. */
  readonly params: JsonObject;
  /** By role; roles without inputs are absent. */
  readonly inputs: Readonly<Record<string, readonly InputRef[]>>;
  /** Trajectory id and step, if the task shares one. */
  readonly trajectory?: { readonly id: string; readonly step: number };
  /** Key of the task whose artifact this one starts from; no part of the key. */
  readonly start?: string;
  /** Why its artifact is to hold the model, where its kind drops that else; no part of the key. */
  readonly keepsModel?: ModelKeeping;
  /** The stages and cells that asked for this task; none for a trunk. */
  readonly cells: readonly TaskCell[];
}

/** Why a model is kept: the spec asks for it, or one of its stages reads it. */
export type ModelKeeping = "asked" | "read";

/** One combination of axis values at which a stage stands. */
export interface TaskCell {
  /** The stage by name. */
  readonly stage: string;
  /** Axis values by axis name. */
  readonly axes: JsonObject;
}
