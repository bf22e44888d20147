/**
 * What a spec asks the graph for: one stage at one cell, checked, not yet hashed.
 *
 * `experiment/` makes these from YAML; `build.ts` turns them into tasks with keys.
 */
import type { JsonObject } from "../base/canonical.ts";
import type { SourcePosition } from "../base/errors.ts";
import type { ModelKeeping, TaskCell } from "./node.ts";
import type { TaskKind } from "./task.ts";

/** A reference to another request's artifact. */
export interface RequestRef {
  /** The id of the request that makes it. */
  readonly request: string;
  /** The output's name, "" for the artifact itself. */
  readonly output: string;
}

/** One stage at one cell. */
export interface TaskRequest {
  /** Unique within the experiment, readable: "pretrain{steps=100}". */
  readonly id: string;
  /** What `uses:` names. */
  readonly kind: TaskKind;
  /** The stage and the axis values. */
  readonly cell: TaskCell;
  /** Checked by the kind's schema, defaults filled in. */
  readonly params: JsonObject;
  /** By role; every request referred to is among the requests, and none in a cycle. */
  readonly inputs: Readonly<Record<string, readonly RequestRef[]>>;
  /** Names of params that a choice among its inputs gives. */
  readonly taken?: readonly string[] | undefined;
  /** Why its artifact is to hold the model, where its kind drops that else. */
  readonly keepsModel?: ModelKeeping | undefined;
  /** Where the stage stands in the spec. */
  readonly at: SourcePosition;
  /** Where a param stands, by a path such as "sources[0].path"; the stage if unknown. */
  positionOf(path: string): SourcePosition;
}
