/** What a run tells while it is on; the command line shows it. */
import type { Fault } from "../base/errors.ts";

/** The states of a task, each reached at most once, in this order. */
export type ShownState = "running" | "done" | "cached" | "failed" | "skipped" | "interrupted";

/** One thing that happened. `label` names the task as a person would: its first stage and cell. */
export type RunEvent =
  | {
    readonly type: "state";
    readonly key: string;
    readonly label: string;
    readonly state: ShownState;
    /** Why it was skipped, or what it waits for. */
    readonly reason?: string;
    /** From start to end, where it has ended. */
    readonly elapsedMs?: number;
    /** Why it failed. */
    readonly faults?: readonly Fault[];
  }
  | {
    readonly type: "progress";
    readonly key: string;
    readonly label: string;
    readonly phase?: string;
    readonly done: number;
    readonly total: number;
    readonly unit: string;
    readonly lossNats?: number;
    readonly tokensPerSecond?: number;
  }
  | { readonly type: "warning"; readonly label?: string; readonly message: string };
