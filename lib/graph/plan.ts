/**
 * What a run would do: which tasks run, why, from where, and at what cost.
 *
 * Which of them run is decided in `decide.ts`; here it is given its reason and its cost.
 */
import { addCosts, type Cost, costAfter, costOf, NO_COST } from "./cost.ts";
import type { TaskGraph } from "./build.ts";
import {
  decideBy,
  type DecideOptions,
  type Decision,
  type Draft,
  findAll,
  isOtherCode,
  isWithoutModel,
  isWithoutState,
  type Known,
  LOOKUPS_AT_ONCE,
  type PlannedState,
  staleKeys,
  statesRead,
  stepOf,
} from "./decide.ts";
import type { Task } from "./node.ts";
import { type History, type PastTask, type Reason, Reasoner } from "./reason.ts";
import type { UpstreamInputs, UpstreamTask } from "./task.ts";

/** A task as a run would treat it. */
export interface PlannedTask {
  /** The task. */
  readonly task: Task;
  /** What a run does with it. */
  readonly state: PlannedState;
  /** The key under which it stands in the plan, where it got its own in the course of the run. */
  readonly stoodAs?: string;
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

/** The key under which a task stands in the plan. */
export function placeOf({ task, stoodAs }: PlannedTask): string {
  return stoodAs ?? task.key;
}

/** Whether a task waits for a choice, and so has no key of its own. */
export function isWaiting({ reason, stoodAs }: PlannedTask): boolean {
  return reason?.type === "choice" && stoodAs === undefined;
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
export interface PlanOptions extends DecideOptions {
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

/** Plans a run over a graph. */
export async function planGraph(graph: TaskGraph, options: PlanOptions): Promise<Plan> {
  const { draft, known } = await decideBy(graph, options);
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
  return finish(graph, { known, draft, options, reasoner, checkpoints });
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

function finish(
  graph: TaskGraph,
  { known, draft, options, reasoner, checkpoints }: {
    readonly known: Known;
    readonly draft: Draft;
    readonly options: PlanOptions;
    readonly reasoner: Reasoner;
    readonly checkpoints: ReadonlyMap<string, number>;
  },
): Plan {
  const { found, damaged } = known;
  const stale = staleKeys(graph, known);
  const tasks = new Map<string, PlannedTask>();
  const counts = { cached: 0, run: 0, unneeded: 0 };
  let left = NO_COST, leftUnshared = NO_COST, total = NO_COST, totalUnshared = NO_COST;
  const otherCode = new Map<string, number>(), unknownCost = new Map<string, number>();
  const upstream = new Map<string, UpstreamTask>();
  const startedFrom = statesWanted(draft, graph);
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
      ...withBytes(estimate?.bytes ?? (state === "run" ? kind.bytesOf?.(task.params) : undefined)),
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

/** What a task of a graph costs when all of it is computed, and what it reads. */
export interface TaskEstimate {
  /** The task. */
  readonly task: Task;
  /** The tasks before it. */
  readonly inputs: UpstreamInputs;
  /** From where it starts on its trajectory; unknown parts count nothing. */
  readonly cost: Cost;
}

/** The estimates of a whole graph, nothing of which is there yet. */
export function* estimatesOf(graph: TaskGraph): Generator<TaskEstimate> {
  const upstream = new Map<string, UpstreamTask>();
  for (const [key, task] of graph.tasks) {
    const seen = upstreamOf(task, upstream), { inputs } = seen;
    upstream.set(key, seen);
    const cost = costOf(graph.kinds.get(task.kind)!.estimate?.(task.params, inputs));
    yield { task, inputs, cost: costAfter(cost, plannedStartStep(graph, task)) };
  }
}

function withBytes(bytes: number | undefined): Pick<PlannedTask, "bytes"> {
  return bytes === undefined ? {} : { bytes };
}

/** The tasks that others start from, or whose state they read. */
export function statesWanted(draft: Draft, graph: TaskGraph): ReadonlySet<string> {
  return new Set(
    [...draft.values()].flatMap(({ task, state, start }) => [
      ...(start === undefined ? [] : [start.key]),
      ...(state === "run" ? statesRead(task, graph) : []),
    ]),
  );
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
