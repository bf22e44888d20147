/**
 * What executes tasks: worker processes on this machine, or jobs of a cluster.
 *
 * The scheduler alone decides what is done when. It gives an executor at most as
 * many jobs at a time as it has slots; the executor queues none. What counts as
 * done is the committed artifact, so an executor may find that work which it is
 * given was finished, or is still on, since an earlier run.
 */
import type { JsonObject } from "../base/canonical.ts";
import type { Numerics } from "../base/numerics.ts";
import type { Load } from "../engine/devices.ts";
import type { InputRef, TaskEvent } from "../graph/task.ts";
import type { ArtifactRecord } from "../store/objects/record.ts";

/** A task to do, with all that whoever does it has to know. */
export interface Job {
  /** Names the artifact. */
  readonly key: string;
  /** The kind by name. */
  readonly kind: string;
  /** Must be the version of the worker's kind. */
  readonly version: number;
  /** Complete params, defaults filled in. */
  readonly params: JsonObject;
  /** Artifacts to read, by role. */
  readonly inputs: Readonly<Record<string, readonly InputRef[]>>;
  /** The trainings that inputs are of, by their keys, where the kind asks for them. */
  readonly trainings?: Readonly<Record<string, string>>;
  /** The seeds that inputs are of, likewise. */
  readonly seeds?: Readonly<Record<string, number>>;
  /** An earlier point of the same training. */
  readonly start?: { readonly key: string; readonly step: number };
  /** Where numbers are computed: a name of the devices. */
  readonly device: string;
  /** What the device's results depend on, as it stands in keys. */
  readonly numerics: Numerics;
  /** The hash of the kind's module graph. */
  readonly code: string;
  /** The `startedAt` of an artifact that is there and to be made anew all the same. */
  readonly replaces?: string;
  /** Whether the artifact holds what a later point takes to start from it; absent: it does. */
  readonly keepsState?: boolean;
  /** Whether the artifact holds the model of a kind that drops it else; absent: it does. */
  readonly keepsModel?: boolean;
  /** Whether a checkpoint that other code wrote is dropped; it is gone on from if not. */
  readonly strictCode?: boolean;
}

/** What happens to a job while it is on: what the task tells, as it tells it, and this. */
export type JobEvent =
  | TaskEvent
  /** Another run computes the same key; `holder` says in words which. */
  | { readonly type: "waiting"; readonly holder: string }
  /** It has the key's lock and runs, for the `attempt`th time, counted from 1. */
  | { readonly type: "started"; readonly attempt: number };

/** How heavy a task is, and how many there are: what its share of a machine follows from. */
export type JobLoad = Pick<Load, "flops" | "active">;

/** What a job may be executed with. */
export interface ExecuteOptions {
  /** Aborted: the job saves a checkpoint and rejects with the reason. */
  readonly signal?: AbortSignal | undefined;
  /** Told what happens, in order. */
  readonly onEvent?: ((event: JobEvent) => void) | undefined;
  /** Absent: a light task that has nobody beside it. */
  readonly load?: JobLoad | undefined;
}

/** A job that is done. */
export interface JobResult {
  /** The committed artifact's record. */
  readonly record: ArtifactRecord;
  /** Whether it was there already, such as by another run. */
  readonly wasThere: boolean;
}

/** Executes jobs; `close` it. */
export interface Executor extends AsyncDisposable {
  /** How many jobs it takes at a time, at least 1. */
  readonly slots: number;

  /**
   * Does a job at once.
   *
   * @throws ExperimentError what the task threw, or "executor/worker-died"; the
   *   signal's reason when aborted; Error with the worker's stack for a bug
   */
  execute(job: Job, options?: ExecuteOptions): Promise<JobResult>;

  /**
   * Asks, where jobs are done, whether a device can be used there; before the first job.
   *
   * @throws ExperimentError why not, and what to do about it
   */
  check(device: string): Promise<void>;

  /** Gives back what it holds: nothing of it is at work on this machine any more. */
  close(): Promise<void>;
}
