/**
 * What a run would do: which tasks run, why, from where, and at what cost.
 *
 * A task runs when its artifact is missing and somebody needs it: the spec asks
 * for it and no other task reads it, or a task that runs reads it. An artifact
 * that is gone but whose readers are cached is not made again; one that is damaged is,
 * whoever reads it: nobody took it away on purpose. An artifact that was kept without its
 * model, or its state, is no more than missing to a task that runs and reads that.
 */
import { forEachAtOnce } from "../base/at_once.ts";
import { addCosts, type Cost, costAfter, costOf, NO_COST } from "./cost.ts";
import type { TaskGraph } from "./build.ts";
import { type History, type PastTask, type Reason, Reasoner } from "./reason.ts";
import type { InputRoles, Task, TaskOutcome, TaskState, UpstreamTask } from "./task.ts";

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

/** A task as a run would treat it. */
export interface PlannedTask {
  /** The task. */
  readonly task: Task;
  /** What a run does with it. */
  readonly state: PlannedState;
  /** Why it runs; absent if it does not. */
  readonly reason?: Reason;
  /** The earlier point of its trajectory that it starts from; absent if it does not run. */
  readonly start?: { readonly key: string; readonly step: number };
  /** The step of the checkpoint that it goes on from, where that is later than its start. */
  readonly resumesAt?: number;
  /** Whether its artifact is to hold what a later point takes to start from it. */
  readonly keepsState: boolean;
  /** Whether its artifact is to hold the model, where its kind drops that else. */
  readonly keepsModel: boolean;
  /** The `startedAt` of an artifact that is there but is to be made anew, such as under strict code. */
  readonly replaces?: string;
  /** What running it costs, given its start and its checkpoint; nothing if it does not run. */
  readonly cost: Cost;
  /** What its artifact will take on disk, where its kind tells. */
  readonly bytes?: number;
  /** What it would cost from the start of its training. */
  readonly fullCost: Cost;
}

/** What a run would do. */
export interface Plan {
  /** By key, in topological order. */
  readonly tasks: ReadonlyMap<string, PlannedTask>;
  /** How many tasks are in each state. */
  readonly counts: Readonly<Record<PlannedState, number>>;
  /** Sums over tasks. */
  readonly costs: {
    /** What is left to run. */
    readonly left: Cost;
    /** The same, were nothing shared along trajectories. */
    readonly leftUnshared: Cost;
    /** The whole experiment, were nothing cached. */
    readonly total: Cost;
    /** The same, were nothing shared. */
    readonly totalUnshared: Cost;
  };
  /** How many cached results were made by other code than the present, by kind. */
  readonly otherCode: ReadonlyMap<string, number>;
  /** Kinds of numeric tasks that run and of whose operations nothing is known, and how many. */
  readonly unknownCost: ReadonlyMap<string, number>;
  /** Why trainings do not share steps, and how many tasks that concerns. */
  readonly unshared: readonly { readonly whyNot: string; readonly tasks: number }[];
}

/** How to plan. */
export interface PlanOptions {
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
  /**
   * Whether every point of a trajectory keeps what a later one takes to start from it;
   * otherwise those do from which a task of this plan starts.
   */
  readonly keepsState?: boolean;
  /** What is known of earlier runs, for the reasons; a function is called if anything runs. */
  readonly history?: History | (() => Promise<History | undefined>);
  /** What became of tasks when a run had them last, by key; called for those that run, if any. */
  readonly past?: (keys: readonly string[]) => Promise<ReadonlyMap<string, PastTask>>;
  /** The step of the checkpoint that an unfinished task goes on from, if it has one. */
  readonly checkpointOf?: (task: Task) => Promise<number | undefined>;
}

const LOOKUPS_AT_ONCE = 64;
const CHECKS_AT_ONCE = 4;

/** Plans a run over a graph. */
export async function planGraph(graph: TaskGraph, options: PlanOptions): Promise<Plan> {
  const known: Known = { found: new Map(), damaged: new Set(), options };
  const there = await findAll([...graph.tasks.keys()], options.lookup, LOOKUPS_AT_ONCE);
  for (const [key, each] of there) {
    if (each === "damaged") known.damaged.add(key);
    else known.found.set(key, each);
  }
  const draft = await decideSoundly(graph, known);
  const toRun = [...draft.values()].filter(({ state }) => state === "run");
  const { history } = options;
  const reasoner = new Reasoner(graph, {
    history: typeof history !== "function"
      ? history
      : toRun.length > 0
      ? await history()
      : undefined,
    past: toRun.length > 0 ? await options.past?.(toRun.map(({ task }) => task.key)) : undefined,
  });
  const checkpoints = await findCheckpoints(toRun, options);
  return finish(graph, { ...known, draft, reasoner, checkpoints });
}

/** Steps by key. Under strict code a checkpoint may be of other code, and is dropped then. */
async function findCheckpoints(
  toRun: readonly Decision[],
  { checkpointOf, strictCode }: PlanOptions,
): Promise<ReadonlyMap<string, number>> {
  if (checkpointOf === undefined || strictCode === true) return new Map();
  const tasks = new Map(toRun.map(({ task }) => [task.key, task]));
  return await findAll([...tasks.keys()], (key) => checkpointOf(tasks.get(key)!), LOOKUPS_AT_ONCE);
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

async function findAll<Found>(
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
interface Known {
  readonly found: Map<string, CachedArtifact>;
  readonly damaged: Set<string>;
  readonly options: PlanOptions;
}

interface Decision {
  readonly task: Task;
  readonly state: PlannedState;
  readonly start?: { readonly key: string; readonly step: number };
}

type Draft = ReadonlyMap<string, Decision>;

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
function staleKeys(graph: TaskGraph, { found, options }: Known): ReadonlySet<string> {
  const stale = new Set<string>();
  if (options.strictCode !== true) return stale;
  for (const task of graph.tasks.values()) {
    const isOther = isOtherCode(task, found.get(task.key), options);
    const isFromStale = inputKeys(task).some((key) => stale.has(key)) ||
      stale.has(graph.trunkOf.get(task.key) ?? "");
    if (isOther || isFromStale) stale.add(task.key);
  }
  return stale;
}

function isOtherCode(
  task: Task,
  artifact: CachedArtifact | undefined,
  { code }: PlanOptions,
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
function isWithoutModel(task: Task, { kinds }: TaskGraph, { found }: Known): boolean {
  const artifact = found.get(task.key);
  return artifact !== undefined && kinds.get(task.kind)!.dropsModel === true &&
    artifact.outcome?.hasModel !== true;
}

/** Whether the artifact is there, kept without what going on from it takes. */
function isWithoutState(task: Task, { found }: Known): boolean {
  return found.get(task.key)?.outcome?.canGoOn === false;
}

/** The tasks whose state a task reads. */
function statesRead(task: Task, { kinds }: TaskGraph): string[] {
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

function stepOf(task: Task): number {
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
  return [...keys].filter((key) => draft.get(key)!.state === "cached");
}

function finish(
  graph: TaskGraph,
  { draft, reasoner, checkpoints, ...known }: Known & {
    draft: Draft;
    reasoner: Reasoner;
    checkpoints: ReadonlyMap<string, number>;
  },
): Plan {
  const { found, damaged, options } = known;
  const stale = staleKeys(graph, known);
  const tasks = new Map<string, PlannedTask>();
  const counts = { cached: 0, run: 0, unneeded: 0 };
  let left = NO_COST, leftUnshared = NO_COST, total = NO_COST, totalUnshared = NO_COST;
  const otherCode = new Map<string, number>(), unknownCost = new Map<string, number>();
  const upstream = new Map<string, UpstreamTask>();
  const startedFrom = new Set(
    [...draft.values()].flatMap(({ task, state, start }) => [
      ...(start === undefined ? [] : [start.key]),
      ...(state === "run" ? statesRead(task, graph) : []),
    ]),
  );
  for (const [key, { task, state, start }] of draft) {
    const seen = upstreamOf(task, upstream);
    upstream.set(key, seen);
    const kind = graph.kinds.get(task.kind)!;
    const estimate = kind.estimate?.(task.params, seen.inputs);
    const fullCost = costOf(estimate);
    if (state === "run" && kind.isNumeric && estimate?.flops === undefined) {
      unknownCost.set(task.kind, (unknownCost.get(task.kind) ?? 0) + 1);
    }
    const checkpoint = checkpoints.get(key) ?? 0;
    const from = Math.max(start?.step ?? 0, checkpoint);
    const cost = state === "run" ? costAfter(fullCost, from) : NO_COST;
    counts[state]++;
    left = addCosts(left, cost);
    total = addCosts(total, costAfter(fullCost, plannedStartStep(graph, task)));
    // A trunk that nobody asked for would not exist without sharing.
    if (task.cells.length > 0) {
      totalUnshared = addCosts(totalUnshared, fullCost);
      if (state === "run") leftUnshared = addCosts(leftUnshared, fullCost);
    }
    if (state === "cached" && isOtherCode(task, found.get(key), options)) {
      otherCode.set(task.kind, (otherCode.get(task.kind) ?? 0) + 1);
    }
    tasks.set(key, {
      task,
      state,
      ...(state === "run"
        ? {
          reason: reasoner.reasonOf(task, {
            isDamaged: damaged.has(key),
            isThere: found.has(key),
            lacksModel: !stale.has(key) && isWithoutModel(task, graph, known),
            lacksState: !stale.has(key) && startedFrom.has(key) && isWithoutState(task, known),
            isOtherCode: isOtherCode(task, found.get(key), options),
          }),
        }
        : {}),
      ...(start === undefined ? {} : { start }),
      keepsState: options.keepsState === true || startedFrom.has(key),
      keepsModel: task.keepsModel !== undefined,
      ...(checkpoint > (start?.step ?? 0) ? { resumesAt: checkpoint } : {}),
      ...(state === "run" && found.has(key) ? { replaces: found.get(key)!.startedAt } : {}),
      cost,
      ...(estimate?.bytes === undefined ? {} : { bytes: estimate.bytes }),
      fullCost,
    });
  }
  return {
    tasks,
    counts,
    costs: { left, leftUnshared, total, totalUnshared },
    otherCode,
    unknownCost,
    unshared: countUnshared(graph),
  };
}

/** A task as estimates see it; those before it are in the map already. */
function upstreamOf(task: Task, known: ReadonlyMap<string, UpstreamTask>): UpstreamTask {
  const inputs = Object.entries(task.inputs).map(([role, refs]) =>
    [role, refs.map(({ key }) => known.get(key)!)] as const
  );
  return { kind: task.kind, params: task.params, inputs: Object.fromEntries(inputs) };
}

function plannedStartStep(graph: TaskGraph, task: Task): number {
  return task.start === undefined ? 0 : stepOf(graph.tasks.get(task.start)!);
}

function countUnshared(graph: TaskGraph): { whyNot: string; tasks: number }[] {
  const byReason = new Map<string, number>();
  for (const whyNot of graph.unshared.values()) {
    byReason.set(whyNot, (byReason.get(whyNot) ?? 0) + 1);
  }
  return [...byReason].map(([whyNot, tasks]) => ({ whyNot, tasks }));
}
