/**
 * Which tasks of a graph run, and from where, by what is there.
 *
 * A task runs when its artifact is missing and somebody needs it: the spec asks
 * for it and no other task reads it, or a task that runs reads it. An artifact
 * that is gone but whose readers are cached is not made again; one that is damaged is,
 * whoever reads it: nobody took it away on purpose. An artifact that was kept without its
 * model, or its state, is no more than missing to a task that runs and reads that. Of a task
 * that waits for a choice nobody knows whether it is there: it is taken to run.
 */
import { forEachAtOnce } from "../base/at_once.ts";
import type { TaskState } from "../base/task_state.ts";
import type { TaskGraph } from "./build.ts";
import type { Task } from "./node.ts";
import type { InputRoles, TaskOutcome } from "./task.ts";

/** What the plan has to know of an artifact that is there. */
export interface CachedArtifact {
  /** The hash of the kind's code that made it. */
  readonly code: string;
  /** When the attempt that made it began, ISO 8601. */
  readonly startedAt: string;
  /** What its task said of it; without it a later point of its trajectory can start from it. */
  readonly outcome?: Pick<TaskOutcome, "canGoOn" | "hasModel">;
}

/** What stands at the place of a key's artifact: it, nothing, or something that cannot be used. */
export type Found = CachedArtifact | "damaged" | undefined;

/** Finds the artifact of a key. */
export type ArtifactLookup = (key: string) => Found | Promise<Found>;

/** What a run does with a task: "run" it, or leave it in the state that it is in. */
export type PlannedState = Extract<TaskState, "cached" | "unneeded"> | "run";

/** What decides which tasks run. */
export interface DecideOptions {
  /** Cheap, called for every task, at most 64 at a time. */
  readonly lookup: ArtifactLookup;
  /**
   * Checks an artifact's content, called for those that running tasks will read;
   * anything but an artifact means damaged. Without it nothing is read but by `lookup`.
   */
  readonly verify?: ArtifactLookup;
  /** The hash of the present code by kind. */
  readonly code?: ReadonlyMap<string, string>;
  /** Whether results of other code count as missing, and all that was made from them. */
  readonly strictCode?: boolean;
  /** Keys that are none of the graph's and count as missing under `strictCode`. */
  readonly alsoStale?: ReadonlySet<string>;
}

/** How many artifacts are looked for, and how many checked, at a time. */
export const LOOKUPS_AT_ONCE = 64;
const CHECKS_AT_ONCE = 4;

/** Decides by what is there; what running tasks would read is checked first, where it can be. */
export async function decideBy(
  graph: TaskGraph,
  options: DecideOptions,
): Promise<{ readonly draft: Draft; readonly known: Known }> {
  const known: Known = { found: new Map(), damaged: new Set(), options };
  // What waits for a choice has no artifact under the key that it stands under.
  const keys = [...graph.tasks.keys()].filter((key) => !graph.waiting.has(key));
  const there = await findAll(keys, options.lookup, LOOKUPS_AT_ONCE);
  for (const [key, each] of there) {
    if (each === "damaged") known.damaged.add(key);
    else known.found.set(key, each);
  }
  return { draft: await decideSoundly(graph, known), known };
}

/** Decides, checks what running tasks would read, and decides again if some of it is damaged. */
async function decideSoundly(graph: TaskGraph, known: Known): Promise<Draft> {
  const { found, damaged, options } = known;
  const verified = new Set<string>();
  for (;;) {
    const draft = decide(graph, known);
    if (options.verify === undefined) return draft;
    const unverified = readByRunning(draft).filter((key) => !verified.has(key));
    if (unverified.length === 0) return draft;
    const sound = await findAll(unverified, options.verify, CHECKS_AT_ONCE);
    for (const key of unverified) {
      verified.add(key);
      if (typeof sound.get(key) === "object") continue;
      found.delete(key);
      damaged.add(key);
    }
  }
}

/** Looks for what keys have, so many at once; those that have nothing are absent. */
export async function findAll<Found>(
  keys: readonly string[],
  lookup: (key: string) => Found | undefined | Promise<Found | undefined>,
  atOnce: number,
): Promise<Map<string, Found>> {
  const found = new Map<string, Found>();
  await forEachAtOnce(keys, atOnce, async (key) => {
    const artifact = await lookup(key);
    if (artifact !== undefined) found.set(key, artifact);
  });
  return found;
}

/** What is known of the artifacts; a damaged one moves from the one to the other. */
export interface Known {
  /** Those that are there, by key. */
  readonly found: Map<string, CachedArtifact>;
  /** The keys of those that cannot be used. */
  readonly damaged: Set<string>;
  /** How it was looked at. */
  readonly options: DecideOptions;
}

/** What becomes of a task. */
export interface Decision {
  /** The task. */
  readonly task: Task;
  /** What a run does with it. */
  readonly state: PlannedState;
  /** The earlier point of its trajectory that it starts from. */
  readonly start?: { readonly key: string; readonly step: number };
}

/** Decisions by key, in topological order. */
export type Draft = ReadonlyMap<string, Decision>;

/** States and starts, by what is known so far of what is cached. */
function decide(graph: TaskGraph, known: Known): Draft {
  const stale = staleKeys(graph, known);
  const isCached = (key: string) => known.found.has(key) && !stale.has(key);
  const read = new Set<string>();
  const wantedByRunning = new Set<string>();
  const modelsWanted = new Set<string>(), statesWanted = new Set<string>();
  for (const task of graph.tasks.values()) {
    const roles: InputRoles = graph.kinds.get(task.kind)!.inputs;
    for (const [role, refs] of Object.entries(task.inputs)) {
      if (roles[role]?.looksOn === true) continue;
      for (const { key } of refs) read.add(key);
    }
  }
  const states = new Map<string, PlannedState>();
  for (const task of [...graph.tasks.values()].toReversed()) {
    const isAsked = task.cells.length > 0 && !read.has(task.key);
    const lacksModel = (modelsWanted.has(task.key) || task.keepsModel === "asked") &&
      isWithoutModel(task, graph, known);
    const lacksState = statesWanted.has(task.key) && isWithoutState(task, known);
    const isNeeded = isAsked || lacksModel || wantedByRunning.has(task.key) ||
      known.damaged.has(task.key);
    const isWhole = isCached(task.key) && !lacksModel && !lacksState;
    const state = isWhole ? "cached" : isNeeded ? "run" : "unneeded";
    states.set(task.key, state);
    if (state !== "run") continue;
    for (const key of statesRead(task, graph)) statesWanted.add(key);
    for (const key of inputKeys(task)) wantedByRunning.add(key);
    for (const key of modelsRead(task, graph)) modelsWanted.add(key);
    const trunk = graph.trunkOf.get(task.key);
    if (trunk !== undefined) wantedByRunning.add(trunk);
  }
  const draft = new Map<string, Decision>();
  for (const task of graph.tasks.values()) {
    const state = states.get(task.key)!;
    const start = state === "run" ? startOf(task, graph, { states, known }) : undefined;
    draft.set(task.key, start === undefined ? { task, state } : { task, state, start });
  }
  return draft;
}

/** Under `strictCode`: results of other code, and all that was made from them. */
export function staleKeys(graph: TaskGraph, { found, options }: Known): ReadonlySet<string> {
  if (options.strictCode !== true) return new Set();
  const stale = new Set(options.alsoStale);
  for (const task of graph.tasks.values()) {
    const isOther = isOtherCode(task, found.get(task.key), options);
    const isFromStale = inputKeys(task).some((key) => stale.has(key)) ||
      stale.has(graph.trunkOf.get(task.key) ?? "");
    if (isOther || isFromStale) stale.add(task.key);
  }
  return stale;
}

/** Whether an artifact was made by other code than the present. */
export function isOtherCode(
  task: Task,
  artifact: CachedArtifact | undefined,
  { code }: DecideOptions,
): boolean {
  const present = code?.get(task.kind);
  return artifact !== undefined && present !== undefined && artifact.code !== present;
}

/** The nearest earlier point of the trajectory that will be there, with what starting takes. */
function startOf(
  task: Task,
  graph: TaskGraph,
  { states, known }: {
    readonly states: ReadonlyMap<string, PlannedState>;
    readonly known: Known;
  },
): { key: string; step: number } | undefined {
  const canStartFrom = (key: string) =>
    states.get(key) === "run" ||
    (states.get(key) === "cached" && known.found.get(key)?.outcome?.canGoOn !== false);
  let key = task.start;
  while (key !== undefined) {
    const point: Task = graph.tasks.get(key)!;
    const step = stepOf(point);
    // Any point at the same step will do: it is the same training.
    const there = graph.chains.get(point.trajectory!.id)!.find((other) =>
      stepOf(graph.tasks.get(other)!) === step && canStartFrom(other)
    );
    if (there !== undefined) return { key: there, step };
    key = point.start;
  }
  return undefined;
}

/** Whether the artifact is there, kept without the model that its kind drops where nobody reads it. */
export function isWithoutModel(task: Task, { kinds }: TaskGraph, { found }: Known): boolean {
  const artifact = found.get(task.key);
  return artifact !== undefined && kinds.get(task.kind)!.dropsModel === true &&
    artifact.outcome?.hasModel !== true;
}

/** Whether the artifact is there, kept without what going on from it takes. */
export function isWithoutState(task: Task, { found }: Known): boolean {
  return found.get(task.key)?.outcome?.canGoOn === false;
}

/** The tasks whose state a task reads. */
export function statesRead(task: Task, { kinds }: TaskGraph): string[] {
  const roles = kinds.get(task.kind)!.readsState?.(task.params) ?? [];
  return roles.flatMap((role) => (task.inputs[role] ?? []).map(({ key }) => key));
}

/** The tasks whose models a task reads. */
function modelsRead(task: Task, { kinds }: TaskGraph): string[] {
  const roles: InputRoles = kinds.get(task.kind)!.inputs;
  return Object.entries(task.inputs).flatMap(([role, refs]) => {
    const reads = roles[role]?.readsModel;
    const isRead = reads === true || (reads === "ifKept" && task.keepsModel !== undefined);
    return isRead ? refs.map(({ key }) => key) : [];
  });
}

/** The step at which a task stands on its trajectory. */
export function stepOf(task: Task): number {
  if (task.trajectory === undefined) {
    throw new Error(`a task of ${task.kind} starts from ${task.key}, which is on no trajectory`);
  }
  return task.trajectory.step;
}

function inputKeys(task: Task): string[] {
  return Object.values(task.inputs).flat().map((ref) => ref.key);
}

/** The cached artifacts that running tasks would read. */
function readByRunning(draft: Draft): string[] {
  const keys = new Set<string>();
  for (const { task, state, start } of draft.values()) {
    if (state !== "run") continue;
    for (const key of inputKeys(task)) keys.add(key);
    if (start !== undefined) keys.add(start.key);
  }
  return [...keys].filter((key) => draft.get(key)?.state === "cached");
}
