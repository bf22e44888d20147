/**
 * What a run tells while it is on, as it lies on disk: one folder a run.
 *
 *     live/<run>/plan.json      what it is and which tasks it has; written once
 *     live/<run>/events.jsonl   what happened, appended to
 *     live/<run>/now.json       what runs at this moment, replaced every second
 *     live/<run>/requests/      what it is asked, by empty files: "cancel", "cancel-<key>"
 *
 * The run alone writes the first three, so that whoever watches can neither hold it up nor
 * break it, and whatever ends the run leaves what it told. Nothing here is a result: the
 * folder may be deleted at any time. Times are milliseconds since 1970; what is not finite
 * is null.
 */
import { z } from "zod";
import type { JsonObject } from "../../base/canonical.ts";
import type { TaskState } from "../../base/task_state.ts";

/** The files of a run's folder. */
export const LIVE_FILES = {
  plan: "plan.json",
  events: "events.jsonl",
  now: "now.json",
  requests: "requests",
} as const;

/** Counted up when a reader of the former one would misread it. */
const LIVE_VERSION = 1;

/** Of the words of the graph, which stands above the store. */
const state = z.custom<TaskState>((value) => typeof value === "string");
const text = z.string();
const number = z.number();
const key = z.string().regex(/^[0-9a-f]{64}$/);

const fault = z.object({
  code: text,
  message: text,
  at: z.object({ file: text, line: number.optional(), column: number.optional() }).optional(),
  mend: text.optional(),
});

const axes: z.ZodType<JsonObject> = z.record(text, z.json());
const cell = z.object({ stage: text, axes });

const task = z.object({
  key,
  kind: text,
  /** As a person would name it. */
  label: text,
  /** The stages and cells that ask for it; none for a trunk. */
  cells: z.array(cell).readonly(),
  seed: number.optional(),
  /** Where it stood when the run began. */
  state,
});

const plan = z.object({
  version: z.literal(LIVE_VERSION),
  run: text,
  /** What its results are filed under. */
  experiment: text,
  /** What makes it a variant of its spec. */
  variant: text.optional(),
  /** The arguments of the command line. */
  argv: z.array(text).readonly(),
  /** The folder that it was called in. */
  cwd: text,
  /** ISO 8601 in UTC. */
  startedAt: text,
  /** How many tasks it does at once. */
  jobs: number,
  /** Where numbers are computed. */
  device: text,
  /** The process, to find out later whether it is still there. */
  process: z.object({ host: text.optional(), pid: number, startedAt: text.optional() }),
  /** In the order of the plan. */
  tasks: z.array(task),
});

/** A task's loss in the course of its training, thinned. */
const curve = z.object({
  phase: text.optional(),
  /** How many units there will be. */
  total: number,
  /** What is counted, such as "steps". */
  unit: text,
  /** How much was done, and the mean loss there in nats; in order. */
  points: z.array(z.tuple([number, number])),
});

const end = z.object({
  status: z.enum(["done", "failed", "interrupted"]),
  counts: z.object({ total: number, cached: number, ran: number, failed: number }),
  elapsedMs: number,
});

const event = z.discriminatedUnion("type", [
  /** A task is in another state. */
  z.object({
    type: z.literal("state"),
    atMs: number,
    key,
    /** The key of its artifact, where the task got it in the course of the run. */
    artifact: key.optional(),
    state,
    elapsedMs: number.optional(),
    faults: z.array(fault).optional(),
    /** The key of the task because of which it is skipped. */
    because: key.optional(),
    /** Whether a person stopped it. */
    isCancelled: z.literal(true).optional(),
  }),
  /** What a task tells; the run, where there is no key. */
  z.object({
    type: z.literal("note"),
    atMs: number,
    key: key.optional(),
    isWarning: z.boolean(),
    text,
  }),
  /** The whole curve of a task that ended. */
  z.object({ type: z.literal("curve"), key, curve }),
  /** All states, in the order of the plan: after lines that could not be written. */
  z.object({ type: z.literal("states"), atMs: number, states: z.array(state) }),
  /** The run ended. */
  z.object({ type: z.literal("end"), atMs: number, end }),
]);

const now = z.object({
  /** When it was written: a run that is on writes it every second. */
  atMs: number,
  /** Since the run began. */
  elapsedMs: number,
  /** How much longer it takes, of tasks whose duration is known, and how many are not. */
  left: z.object({ ms: number, unknown: number }).optional(),
  /** The longest running first. */
  running: z.array(z.object({
    key,
    /** Since it started. */
    elapsedMs: number,
    /** Another run that computes it, in words. */
    waitsFor: text.optional(),
    /** What it does, where it does several things. */
    phase: text.optional(),
    /** How many units are done, of the phase; absent before it told anything. */
    done: number.optional(),
    /** How many there will be. */
    total: number.optional(),
    /** What is counted. */
    unit: text.optional(),
    /** To the end of the phase. */
    leftMs: number.optional(),
    /** As of the last progress. */
    lossNats: number.nullish(),
    /** As of the last progress. */
    tokensPerSecond: number.nullish(),
    /** Its loss so far. */
    curve: curve.optional(),
  })),
});

/** What a run is, and its tasks. */
export type LivePlan = z.infer<typeof plan>;

/** A task of a run, as it stood when the run began. */
export type LiveTask = z.infer<typeof task>;

/** A task's loss in the course of its training, thinned. */
export type Curve = z.infer<typeof curve>;

/** One thing that happened. */
export type LiveEvent = z.infer<typeof event>;

/** A run at this moment. */
export type LiveNow = z.infer<typeof now>;

/** How a run ended. */
export type LiveEnd = z.infer<typeof end>;

/** What is wrong, and how to mend it. */
export type LiveFault = z.infer<typeof fault>;

/** What a run may be asked. */
export type LiveRequest =
  | { readonly type: "cancel-run" }
  | { readonly type: "cancel-task"; readonly key: string };

/** What `plan.json` begins with. */
export const LIVE_FORMAT = { version: LIVE_VERSION } as const;

/** Checks `plan.json`. */
export const planSchema: z.ZodType<LivePlan> = plan;

/** Checks a line of `events.jsonl`. */
export const eventSchema: z.ZodType<LiveEvent> = event;

/** Checks `now.json`. */
export const nowSchema: z.ZodType<LiveNow> = now;
